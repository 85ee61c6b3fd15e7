"""The report of a track with images: pictures and figures of its artifacts, hostile answers as text, equal bytes."""

import base64
import io
import json
import re
from pathlib import Path

import pytest
from factories.built_image_track import HELD_OUT, HOSTILE_ANSWER, STAGE
from factories.built_track import SCRIPT, Builder
from factories.report_pages import Page, write
from PIL import Image

from fc_model.artifacts import Artifact, Store
from fc_model.data.images.shards import ImageShards
from fc_pipeline.evals.images.report import best_and_worst
from fc_pipeline.images.report import caps, first_of_each_kind, kind_rows
from fc_pipeline.training.curves import reading_curves, stage_curves

_LARGEST_BYTES = 2_000_000
_EVALS = f"nano/image_evals/{STAGE}"


def pictures_of(page: Page) -> list[Image.Image]:
    sources = [value or "" for name, value in page.attributes if name == "src"]
    data = [re.fullmatch(r"data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=]+)", value) for value in sources]
    assert sources and all(data), "nothing is loaded from elsewhere"
    return [Image.open(io.BytesIO(base64.b64decode(match[1]))) for match in data if match]


def test_pictures_embedded(image_track: Builder, image_report: Artifact, image_page: Page) -> None:
    assert image_report.path("report.html").stat().st_size < _LARGEST_BYTES
    evals = image_track.built[_EVALS]
    kept = [entry for entry in evals.manifest.files if entry.path.endswith(".png")]
    kinds = [row for row in kind_rows(image_track.built["nano/images"]) if row["holdout"]]
    pictures = pictures_of(image_page)
    assert len(pictures) == len(kinds) + len(kept) + 1, "of each held-out kind, each kept sample, and the specimens"
    assert all(len(image.convert("RGB").getcolors(1 << 20) or []) > 1 for image in pictures)


def test_sample_of_a_kind(image_track: Builder, image_page: Page) -> None:
    first = first_of_each_kind(image_track.built["nano/images"], ["holdout"])
    assert list(first) == ["document/form", "line", "photo", "screenshot/dialog"]
    shards = ImageShards(image_track.built["nano/images"].folder, "holdout")
    order = [record.id for record in shards.records() if record.kind == "line"]
    assert first["line"].record.id == order[0] and first["line"].record.words
    assert f"{len(first['line'].record.words)} word" in image_page.text
    assert f"CC-BY-2.0 ({first['photo'].record.meta['attribution']})" in image_page.text


def test_hostile_answers(image_report: Artifact, image_page: Page) -> None:
    assert "script" not in image_page.tags and "\x1b" not in image_page.text and "\u202e" not in image_page.text
    assert image_page.text.count(SCRIPT) > 5
    markdown = image_report.path("report.md").read_text("utf-8")
    assert HOSTILE_ANSWER not in markdown and "<script" not in re.sub(r"\\<", "", markdown)


def test_kinds_and_caps(image_track: Builder, image_report: Artifact) -> None:
    packed = image_track.built["nano/images"]
    rows = {row["kind"]: row for row in kind_rows(packed)}
    assert sum(row["train"] for row in rows.values()) == packed.metrics["samples"]
    assert rows["line"]["tokens_each"] == 32 and rows["line"]["tokens"] == 32 * 24
    assert sum(row["tokens"] for row in rows.values()) == packed.metrics["vision_tokens"]
    text, natural = caps(packed)
    assert (text["min"], natural["max"]) == (0.35, 0.4) and text["share"] + natural["share"] == pytest.approx(1)
    assert f"| text | {text['share']:.1%} | 35.0% | – |" in image_report.path("report.md").read_text("utf-8")


def test_faces_held_out(image_page: Page) -> None:
    assert (
        f"Held out: {', '.join(name for style in ('Mono', 'Oblique', 'Serif') for name in HELD_OUT if style in name)}."
        in image_page.text
    )


def test_numbers_have_sources(image_page: Page) -> None:
    assert image_page.unsourced == []


def test_figures(image_track: Builder, image_report: Artifact, image_page: Page) -> None:
    evals = image_track.built[_EVALS]
    metrics = evals.metrics
    assert f"{evals.key}@{evals.identity}" in image_page.origins
    for name in ("report.md", "model_card.md"):
        text = image_report.path(name).read_text("utf-8")
        names = ("exact_match", "exact_match_unseen", "exact_match_seen", "cer", "cer_unseen")
        line = next(line for line in text.splitlines() if line.startswith("| read | line | 20 |"))
        figures = [f"{metrics[full]:.1%}" for name in names if (full := f"read_{name}_line") in metrics]
        assert len(figures) > 3 and set(figures) <= set(line.strip(" |").split(" | ")[3:])
        assert f"| 1 | {metrics['retrieval_image_to_text_recall_at_1']:.1%} | " in text
        assert re.search(r"\| answer \| all \| 2 \| 50.0% \|( [–\d.%]+ \|)+ 0.0% \| 0.0% \|", text)
    worst = json.loads(evals.path("metrics.json").read_text("utf-8"))["faces"]
    assert [row["face"] for row in best_and_worst(worst)] == list(worst)[::-1]


def test_faces_best_and_worst() -> None:
    faces = {f"face{number}": {"samples": 1, "exact_match": number / 40} for number in range(40)}
    assert [row["face"] for row in best_and_worst(faces)] == [f"face{n}" for n in (39, 38, 37, 36, 35, 4, 3, 2, 1, 0)]


def test_curves(image_track: Builder, image_page: Page) -> None:
    log = image_track.built[f"nano/stages/{STAGE}"].path("metrics.jsonl")
    titles = [picture.title for picture in stage_curves(log)]
    assert titles[-4:] == ["Loss: read line", "Contrastive loss", "Texts retrieved", "Recognizer loss"]
    assert [picture.title for picture in reading_curves(log)] == ["Exact: read line"]
    labels = [value for name, value in image_page.attributes if name == "aria-label"]
    assert {"Exact: read line", "Loss: read line"} <= set(labels)
    assert reading_curves(image_track.built["nano/stages/second"].path("metrics.jsonl")) == []


def test_deterministic(image_track: Builder, image_report: Artifact, tmp_path: Path) -> None:
    again = write(image_track, store=Store(tmp_path))
    assert again.digest == image_report.digest
    assert again.path("report.html").read_bytes() == image_report.path("report.html").read_bytes()


def test_track_without_images(page: Page, report: Artifact) -> None:
    assert "img" not in page.tags and "Reading" not in page.text and "#images" not in str(page.attributes)
    for name in ("report.md", "model_card.md"):
        text = report.path(name).read_text("utf-8")
        assert "## Images" not in text and "## Reading" not in text and "## Eyes" not in text
