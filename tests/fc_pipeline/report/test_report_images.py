"""The report of a track with eyes: pictures and figures from its artifacts, hostile answers as text, the same bytes."""

import base64
import io
import json
import re
from pathlib import Path

import pytest
from factories.built_eyes import HELD_OUT, HOSTILE_ANSWER, STAGE, build_eyes
from factories.built_track import SCRIPT, Builder
from factories.report_page import Page, write
from PIL import Image

from fc_model.artifacts import Artifact
from fc_model.data.images.shards import ImageShards
from fc_pipeline.evals.images.report import best_and_worst
from fc_pipeline.images.report import caps, first_of_each_kind, kind_rows
from fc_pipeline.training.curves import reading_curves, stage_curves

_LARGEST_BYTES = 2_000_000
_EVALS = f"nano/image_evals/{STAGE}"


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    return build_eyes(tmp_path_factory.mktemp("eyes"))


@pytest.fixture(scope="module")
def seen(eyes: Builder) -> Artifact:
    return write(eyes, [key for key in eyes.built if key != "nano/report"])


@pytest.fixture(scope="module")
def seen_page(seen: Artifact) -> Page:
    return Page(seen.path("report.html").read_text("utf-8"))


def pictures_of(page: Page) -> list[Image.Image]:
    found = [value or "" for name, value in page.attributes if name == "src"]
    data = [re.fullmatch(r"data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=]+)", value) for value in found]
    assert found and all(data), "nothing is loaded from elsewhere"
    return [Image.open(io.BytesIO(base64.b64decode(match[1]))) for match in data if match]


def test_the_pictures_are_inside_and_small(eyes: Builder, seen: Artifact, seen_page: Page) -> None:
    assert seen.path("report.html").stat().st_size < _LARGEST_BYTES
    evals = eyes.built[_EVALS]
    kept = [entry for entry in evals.manifest.files if entry.path.endswith(".png")]
    kinds = [row for row in kind_rows(eyes.built["nano/images"]) if row["holdout"]]
    found = pictures_of(seen_page)
    assert len(found) == len(kinds) + len(kept) + 1, "of each held-out kind, each kept sample, and the specimens"
    assert all(len(image.convert("RGB").getcolors(1 << 20) or []) > 1 for image in found)


def test_the_sample_of_a_kind_has_its_word_boxes(eyes: Builder, seen_page: Page) -> None:
    first = first_of_each_kind(eyes.built["nano/images"], ["holdout"])
    assert list(first) == ["document/form", "line", "photo", "screenshot/dialog"]
    shards = ImageShards(eyes.built["nano/images"].folder, "holdout")
    order = [record.id for record in shards.records() if record.kind == "line"]
    assert first["line"].record.id == order[0] and first["line"].record.words
    assert f"{len(first['line'].record.words)} word" in seen_page.text
    assert f"CC-BY-2.0 ({first['photo'].record.meta['attribution']})" in seen_page.text


def test_hostile_answers_are_text(seen: Artifact, seen_page: Page) -> None:
    assert "script" not in seen_page.tags and "\x1b" not in seen_page.text and "\u202e" not in seen_page.text
    assert seen_page.text.count(SCRIPT) > 5
    markdown = seen.path("report.md").read_text("utf-8")
    assert HOSTILE_ANSWER not in markdown and "<script" not in re.sub(r"\\<", "", markdown)


def test_kinds_add_up_and_the_caps_stand_beside_the_shares(eyes: Builder, seen: Artifact) -> None:
    packed = eyes.built["nano/images"]
    rows = {row["kind"]: row for row in kind_rows(packed)}
    assert sum(row["train"] for row in rows.values()) == packed.metrics["samples"]
    assert rows["line"]["tokens_each"] == 32 and rows["line"]["tokens"] == 32 * 24
    assert sum(row["tokens"] for row in rows.values()) == packed.metrics["vision_tokens"]
    text, natural = caps(packed)
    assert (text["min"], natural["max"]) == (0.35, 0.4) and text["share"] + natural["share"] == pytest.approx(1)
    assert f"| text | {text['share']:.1%} | 35.0% | – |" in seen.path("report.md").read_text("utf-8")


def test_faces_show_what_is_held_out(seen_page: Page) -> None:
    assert (
        f"Held out: {', '.join(name for style in ('Mono', 'Oblique', 'Serif') for name in HELD_OUT if style in name)}."
        in seen_page.text
    )


def test_figures_are_those_of_the_evaluation(eyes: Builder, seen: Artifact, seen_page: Page) -> None:
    evals = eyes.built[_EVALS]
    metrics = evals.metrics
    assert f"{evals.key}@{evals.identity}" in seen_page.origins
    for name in ("report.md", "model_card.md"):
        text = seen.path(name).read_text("utf-8")
        row = f"| read | line | 20 | {metrics['read_exact_match_line']:.1%} | {metrics['read_cer_line']:.1%} |"
        assert row in text
        assert f"| 1 | {metrics['retrieval_image_to_text_recall_at_1']:.1%} | " in text
        assert re.search(r"\| answer \| all \| 2 \| 50.0% \| – \| – \| \d+.\d% \| 0.0% \| 0.0% \|", text)
    worst = json.loads(evals.path("metrics.json").read_text("utf-8"))["faces"]
    assert [row["face"] for row in best_and_worst(worst)] == list(worst)[::-1]


def test_many_faces_are_shown_by_the_ends() -> None:
    faces = {f"face{number}": {"samples": 1, "exact_match": number / 40} for number in range(40)}
    assert [row["face"] for row in best_and_worst(faces)] == [f"face{n}" for n in (39, 38, 37, 36, 35, 4, 3, 2, 1, 0)]


def test_curves_of_a_stage_with_images(eyes: Builder, seen_page: Page) -> None:
    log = eyes.built[f"nano/stages/{STAGE}"].path("metrics.jsonl")
    titles = [picture.title for picture in stage_curves(log)]
    assert titles[-4:] == ["Loss: read line", "Contrastive loss", "Texts retrieved", "Recognizer loss"]
    assert [picture.title for picture in reading_curves(log)] == ["Exact: read line"]
    labels = [value for name, value in seen_page.attributes if name == "aria-label"]
    assert {"Exact: read line", "Loss: read line"} <= set(labels)
    assert reading_curves(eyes.built["nano/stages/second"].path("metrics.jsonl")) == []


def test_the_same_artifacts_give_the_same_bytes(eyes: Builder, seen: Artifact, tmp_path: Path) -> None:
    again = write(build_eyes(tmp_path), [key for key in eyes.built if key != "nano/report"])
    assert again.digest == seen.digest
    assert again.path("report.html").read_bytes() == seen.path("report.html").read_bytes()


def test_a_track_without_eyes_has_none_of_it(page: Page, report: Artifact) -> None:
    assert "img" not in page.tags and "Reading" not in page.text and "#images" not in str(page.attributes)
    for name in ("report.md", "model_card.md"):
        text = report.path(name).read_text("utf-8")
        assert "## Images" not in text and "## Reading" not in text and "## Eyes" not in text
