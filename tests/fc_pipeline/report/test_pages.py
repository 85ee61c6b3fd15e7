"""The pictures on the pages of assets: of real artifacts, small, the same each time, with documents' text as text."""

import base64
import io
import re
from pathlib import Path

import pytest
from factories.built_image_track import HELD_OUT, SCRIPT, STAGE
from factories.built_track import COPIES, LEAKED_ITEM, Builder
from factories.documents import document
from factories.report_pages import page_of
from factories.steps import step
from PIL import Image

from fc_pipeline.components.metadata import artifact_metadata
from fc_pipeline.engine.step import Step
from fc_pipeline.report.charts import bar_chart
from fc_pipeline.report.drawing import png
from fc_pipeline.report.markdown import code

SAMPLES = f"nano/image_evals/{STAGE}"


@pytest.mark.parametrize(
    ("key", "name", "number", "max_bytes"),
    [
        ("corpus/small/filtered", "waterfall", 1, 60_000),
        ("corpus/small/deduplicated", "clusters", 1, 60_000),
        ("nano/shards", "mix", 3, 180_000),
        ("images/fonts", "specimens", 1, 200_000),
        ("images/sklearn_photographs", "contact_sheet", 1, 200_000),
        ("nano/synthetic", "contact_sheet", 1, 200_000),
        ("nano/images", "contact_sheet", 1, 200_000),
        (f"nano/stages/{STAGE}", "held_out_exact", 1, 200_000),
        (SAMPLES, "hits", 1, 200_000),
        (SAMPLES, "misses", 1, 200_000),
    ],
)
def test_pictures_small_and_deterministic(
    image_track: Builder, key: str, name: str, number: int, max_bytes: int
) -> None:
    artifact = image_track.built[key]
    text = page_of(artifact)[name]
    assert (
        page_of(artifact)[name]
        == text
        == artifact_metadata(step(artifact.key), artifact, pages=page_of(artifact), reused=False)[name].value
    )
    encoded = re.findall(r"!\[[A-Za-z: ]+\]\(data:image/(?:png|jpeg);base64,([^)]+)\)", text)
    assert len(encoded) == number and len(text) < max_bytes
    for data in encoded:
        image = Image.open(io.BytesIO(base64.b64decode(data)))
        assert image.width > 300 and len(image.convert("RGB").getcolors(1 << 20) or []) > 4


def test_names_differ_from_metrics(image_track: Builder) -> None:
    for artifact in image_track.built.values():
        assert not page_of(artifact).keys() & artifact.metrics.keys(), artifact.key


def test_images(image_track: Builder) -> None:
    assert "| line | 24 | 20 |\n" in page_of(image_track.built["nano/synthetic"])["kinds"]
    assert "caps" not in page_of(image_track.built["nano/synthetic"])
    packed = page_of(image_track.built["nano/images"])
    assert "| line | 24 | 20 | 32 | 768 |" in packed["kinds"]
    assert "| natural | 8.4% | – | 40.0% |" in packed["caps"]


def test_fonts(image_track: Builder) -> None:
    assert "| serif | 3 | 0 | Bitstream-Vera |" in page_of(image_track.built["images/fonts"])["styles"]


def test_image_evals(image_track: Builder) -> None:
    artifact = image_track.built[SAMPLES]
    shown = page_of(artifact)
    assert {line.split(" | ")[0][2:] for line in shown["by_face"].splitlines()[2:]} == set(HELD_OUT)
    assert f"| read | line | 20 | {artifact.metrics['read_exact_match_line']:.1%} | " in shown["by_kind"]
    assert shown["retrieval"].splitlines()[2].endswith("| 5.0% |")
    assert SCRIPT not in "".join(shown.values())


def test_duplicates(track: Builder) -> None:
    shown = page_of(track.built["corpus/small/deduplicated"])
    group = (
        f"- {len(COPIES)} documents like `games/10`\n    - `games/46`, Jaccard 1.00\n    - `games/47`, Jaccard 1.00\n"
    )
    assert shown["largest_groups"].startswith(group)
    assert f"| games | games | exact_duplicate | {len(COPIES) - 1} |" in shown["copies_by_source"]


def test_hits(track: Builder) -> None:
    shown = page_of(track.built["corpus/small/decontaminated"])
    assert re.search(r"\| tactics \| 9 \| \d \| 1 \| \d \| 1 \|", shown["eval_sets"])
    assert shown["hits_by_item"].startswith(f"- `{LEAKED_ITEM}` in `games/20`, ")
    assert "    - `knight on the seventh rank" in shown["hits_by_item"]


def test_code_escapes() -> None:
    assert code("a`b\n# <b>") == "`a'b # <b>`"


def test_preview_holds_no_markup(track: Builder, tmp_path: Path) -> None:
    """A document in a table of the page is no link, loads no picture and adds no column."""

    def one(step: Step) -> None:
        with step.out.records("documents.jsonl.zst") as write:
            write(document("a/0", "[x](javascript:alert) ![](address) a\\|b | c", "code"))

    build = Builder(tmp_path)
    row = artifact_metadata(step("sources/a"), build("sources/a", one), pages={}, reused=False)[
        "first_rows"
    ].value.splitlines()[-1]
    assert "\\[x](javascript:alert) !\\[](address) a\\\\\\|b \\| c" in row


def test_dollars_are_no_formula() -> None:
    assert png(bar_chart("$$", "a $ b", {"Ba$$in": (1.0,)}, legend=("$x", "$$")))


def test_filters(track: Builder) -> None:
    artifact = track.built["corpus/small/filter_quality"]
    shown = page_of(artifact)
    quality = f"{artifact.metrics['precision_quality']:.1%} | {artifact.metrics['recall_quality']:.1%}"
    assert quality in shown["filters"] and "- quality, `not refused`: `" in shown["misses"]


def test_mix(track: Builder) -> None:
    assert "| science | 50.0% | 50.0% | 300 | 1 | – | 100 |" in page_of(track.built["nano/shards"])["mix"]


def test_the_picture_first_then_five_figures(image_track: Builder) -> None:
    artifact = image_track.built[f"nano/stages/{STAGE}"]
    figures = ("tokens", "none of it", "loss_final", "steps", "flops", "seconds", "loss_first")
    spec = step(artifact.key, key_metrics=figures)
    names = list(artifact_metadata(spec, artifact, pages=page_of(artifact), reused=False, run_page="http://a"))
    assert names[:7] == ["curve", "tokens", "loss_final", "steps", "flops", "seconds", "mlflow"]
    assert "held_out_exact" in names[7:] and len(names) == len(set(names))
