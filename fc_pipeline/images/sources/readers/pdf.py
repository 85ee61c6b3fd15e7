"""PDF files with a text layer: a record a page, or one of several pages (`pages_per_record`).

The text of a record is that of the layer, as far as the page shows it: letters that a figure draws as outlines are not
in it.
"""

from collections.abc import Iterator
from typing import Any

from PIL.Image import Image

from fc_model.data.images.decode import BadImage, decode
from fc_model.data.images.record import ImageRecord, Line, Question, Word
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.images.sources.entry import Dropped, Entry, Made, Refused, Result, png
from fc_pipeline.images.sources.files import OpenFiles
from fc_pipeline.images.sources.pdf_pages import count_pages, render_pages
from fc_pipeline.images.sources.schema import ImageSource, PdfReader
from fc_pipeline.sources.sandbox.isolated import isolated

_RECORDS_A_TASK = 4
_MAX_UNMAPPED = 0.05
"""Part of a page's characters that may lack their meaning: a page with more is no label to learn from."""


def entries(source: ImageSource, files: OpenFiles) -> Iterator[Entry | Dropped]:
    """An entry for every few records of a file, so that one file keeps all workers busy."""
    assert isinstance(source.reader, PdfReader)
    for file in files("documents"):
        entry = Entry(file.path, file.content, file.licence)
        if isinstance(file.content, BadInput):
            yield entry
            continue
        try:
            pages, _ = isolated().call(count_pages, file.content)
        except BadInput as error:
            yield entry._replace(content=error)
            continue
        wanted = min(pages, source.reader.max_pages)
        step = source.reader.pages_per_record * _RECORDS_A_TASK
        for first in range(0, wanted, step):
            last = min(first + step, wanted)
            meta = {"file": file.path, "first": first, "last": last}
            yield entry._replace(path=f"{file.path}#{first + 1}-{last}", meta=meta)
        for page in range(wanted, pages):
            yield Dropped(f"{file.path}#{page + 1}", "above_max_pages")


def finish(entry: Entry, source: ImageSource, shared: dict[str, bytes]) -> list[Result]:
    """The records of a range of pages. Raises BadInput when the file brings its reader down."""
    assert isinstance(entry.content, bytes) and isinstance(source.reader, PdfReader)
    first, last = entry.meta["first"], entry.meta["last"]
    answers, images = isolated().call(render_pages, entry.content, first=first, last=last, dpi=source.reader.dpi)
    shown = iter(images)
    pages = [
        (first + number + 1, page, None if "refused" in page else next(shown)) for number, page in enumerate(answers)
    ]
    results: list[Result] = []
    size = source.reader.pages_per_record
    for start in range(0, len(pages), size):
        good = []
        for number, page, image in pages[start : start + size]:
            name = f"{entry.meta['file']}#{number}"
            if image is None:
                results.append(Refused(name, *page["refused"]))
            elif (reason := _useless(page)) is not None:
                results.append(Dropped(name, reason))
            else:
                try:
                    good.append((number, page, decode(image, limits=source.caps.image)))
                except BadImage as bad:
                    results.append(Refused(name, bad.reason, bad.detail))
        if good:
            results.append(_record(entry, source, source.reader, good))
    return results


def _useless(page: dict[str, Any]) -> str | None:
    """Why a page teaches no reading."""
    if not page["words"]:
        return "no_text_layer"
    characters = sum(len(word) for word, _, _ in page["words"]) + page["unmapped"]
    return "unmapped_text" if page["unmapped"] > _MAX_UNMAPPED * characters else None


def _record(
    entry: Entry, source: ImageSource, options: PdfReader, pages: list[tuple[int, dict[str, Any], Image]]
) -> Made:
    numbers = [number for number, _, _ in pages]
    contents = [page for _, page, _ in pages]
    pictures = [picture for _, _, picture in pages]
    single = len(pages) == 1
    name = f"{entry.meta['file']}#{numbers[0]}" + ("" if single else f"-{numbers[-1]}")
    left_out = {count: sum(page[count] for page in contents) for count in ("unmapped", "rotated", "hidden")}
    meta = {"pages": numbers, "dpi": options.dpi} | left_out
    texts = [page["text"] for page in contents]
    record = ImageRecord(
        id=f"{source.name}/{name}",
        source=source.name,
        kind="document/pdf",
        family="text",
        licence=entry.licence,
        width=pictures[0].width,
        height=pictures[0].height,
        images=["png"] if single else [f"{number}.png" for number in range(len(pages))],
        text="\n".join(texts),
        words=[Word(text, tuple(box), line) for text, box, line in contents[0]["words"]] if single else [],
        lines=[Line(text, tuple(box)) for text, box in contents[0]["lines"]] if single else [],
        questions=[] if single else _questions(contents),
        meta=meta if single else meta | {"texts": texts},
    )
    return Made(name, record.to_json(), [png(picture) for picture in pictures], None)


def _questions(contents: list[dict[str, Any]]) -> list[Question]:
    """What only the right one of several pages answers."""
    return [
        Question(question=f"What is the first line of page {number}?", answers=[page["lines"][0][0]], kind="page_line")
        for number, page in enumerate(contents, start=1)
    ]
