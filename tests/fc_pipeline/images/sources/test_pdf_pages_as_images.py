"""Words of a text layer lie on their ink; a broken document costs itself only."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from factories.image_artifacts import images, local_source, records
from factories.sources import refused
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from PIL import Image

from fc_model.artifacts import Artifact
from fc_model.data.images.record import Box

Fetch = Callable[..., Artifact]
PAGES = [
    ["Sphinx of black quartz", "judge my vow 1234"],
    ["Second page", "with three lines", "of plain text"],
    ["A word that a line breaks at a hyph-", "en stays two words"],
]


def pdf(pages: list[list[str]], *, inches: tuple[float, float] = (5, 3), rotation: float = 0) -> bytes:
    """A PDF whose text is text: lines from the top, in DejaVu Sans of 14 points."""
    stream = io.BytesIO()
    with mpl.rc_context({"pdf.fonttype": 42}), PdfPages(stream, metadata={"CreationDate": None}) as file:
        for lines in pages:
            figure = Figure(figsize=inches)
            for number, line in enumerate(lines):
                figure.text(0.1, 0.85 - 0.15 * number, line, fontsize=14, rotation=rotation)
            file.savefig(figure)
    return stream.getvalue()


def scan() -> bytes:
    """A PDF that is one picture, without a text layer."""
    stream = io.BytesIO()
    Image.new("RGB", (200, 100), "grey").save(stream, format="PDF")
    return stream.getvalue()


def source(folder: Path, **fields: Any) -> dict[str, Any]:
    reader = {"kind": "pdf", "dpi": 96, **fields.pop("reader", {})}
    return local_source(folder, {"documents": "*.pdf"}, reader, name="papers", **fields)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "good.pdf").write_bytes(pdf(PAGES))
    return folder


def ink_of(image: Image.Image, box: Box, margin: int) -> Box:
    """The smallest box around the dark pixels near a box."""
    left, top = max(box[0] - margin, 0), max(box[1] - margin, 0)
    dark_HW = np.asarray(image.convert("L").crop((left, top, box[2] + margin, box[3] + margin))) < 200
    rows, columns = np.flatnonzero(dark_HW.any(axis=1)), np.flatnonzero(dark_HW.any(axis=0))
    return left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1


def test_words_and_lines_are_those_of_the_page_and_lie_on_their_ink(fetch: Fetch, folder: Path) -> None:
    artifact = fetch(source(folder, reader={"dpi": 144}))
    for number, (record, lines) in enumerate(zip(records(artifact).values(), PAGES, strict=True)):
        assert record.id == f"papers/good.pdf#{number + 1}"
        assert (record.width, record.height, record.family) == (5 * 144, 3 * 144, "text")
        assert record.text == "\n".join(lines)
        assert [line.text for line in record.lines] == lines
        assert [(word.text, word.line) for word in record.words] == [
            (word, row) for row, line in enumerate(lines) for word in line.split()
        ]
        (image,) = images(artifact, number)
        for word in record.words:
            ink = ink_of(image, word.box, margin=2)
            assert max(abs(a - b) for a, b in zip(word.box, ink, strict=True)) <= 2, word


def test_pages_make_one_record_of_several_images(fetch: Fetch, folder: Path) -> None:
    artifact = fetch(source(folder, reader={"pages_per_record": 2}))
    first, second = records(artifact).values()
    assert (first.id, first.images) == ("papers/good.pdf#1-2", ["0.png", "1.png"])
    assert first.meta["texts"] == ["\n".join(page) for page in PAGES[:2]] and first.words == []
    assert [(question.question, question.answers) for question in first.questions] == [
        ("What is the first line of page 1?", [PAGES[0][0]]),
        ("What is the first line of page 2?", [PAGES[1][0]]),
    ]
    assert [image.size for image in images(artifact, 0)] == [(480, 288)] * 2
    assert (second.id, second.images, second.text) == ("papers/good.pdf#3", ["png"], "\n".join(PAGES[2]))


def test_what_teaches_no_reading_is_dropped_and_what_is_broken_costs_itself(fetch: Fetch, folder: Path) -> None:
    whole = pdf(PAGES)
    (folder / "cut.pdf").write_bytes(whole[: len(whole) // 4])
    (folder / "not.pdf").write_bytes(b"%PDF-1.7\nhello")
    (folder / "poster.pdf").write_bytes(pdf([["Enormous"]], inches=(190, 190)))
    (folder / "scan.pdf").write_bytes(scan())
    (folder / "turned.pdf").write_bytes(pdf([["upwards"]], rotation=90))
    artifact = fetch(source(folder, max_bad_rate=0.5))
    counters = artifact.manifest.counters
    assert (counters.read, counters.kept, counters.dropped) == (8, 3, {"no_text_layer": 2})
    assert refused(artifact) == {"cut.pdf": "invalid_pdf", "not.pdf": "invalid_pdf", "poster.pdf#1": "too_large"}


def test_a_cap_on_pages_and_a_file_that_is_held_out(fetch: Fetch, folder: Path) -> None:
    (folder / "other.pdf").write_bytes(pdf([["Held out"]]))
    artifact = fetch(source(folder, reader={"max_pages": 2}, holdout_files=["other.pdf"]))
    assert artifact.manifest.counters.dropped == {"above_max_pages": 1}
    assert list(records(artifact, "holdout")) == ["papers/other.pdf#1"] and len(records(artifact)) == 2
