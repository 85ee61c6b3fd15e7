"""The pictures on the pages of assets: of real artifacts, small, the same each time, with documents' text as text."""

import base64
import io
import re

import pytest
from factories.built_track import COPIES, LEAKED_ITEM, Builder
from factories.report_pages import page_of
from PIL import Image

from fc_pipeline.components.metadata import artifact_metadata
from fc_pipeline.report.markdown import code

_LARGEST_BYTES = 60_000


def embedded(text: str) -> list[bytes]:
    return [base64.b64decode(found) for found in re.findall(r"!\[[A-Za-z ]+\]\(data:image/png;base64,([^)]+)\)", text)]


@pytest.mark.parametrize(
    ("key", "name", "number"),
    [
        ("corpus/small/filtered", "waterfall", 1),
        ("corpus/small/deduplicated", "clusters", 1),
        ("nano/shards", "mix", 3),
    ],
)
def test_pictures_small_and_deterministic(track: Builder, key: str, name: str, number: int) -> None:
    text = page_of(track.built[key])[name]
    assert page_of(track.built[key])[name] == text
    found = embedded(text)
    assert len(found) == number and all(len(picture) < _LARGEST_BYTES for picture in found)
    for picture in found:
        image = Image.open(io.BytesIO(picture))
        assert image.width > 300 and len(image.convert("RGB").getcolors(1 << 20) or []) > 4


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
    assert "    - `a knight on the seventh rank" in shown["hits_by_item"]


def test_code_escapes() -> None:
    assert code("a`b\n# <b>") == "`a'b # <b>`"


def test_filters(track: Builder) -> None:
    artifact = track.built["corpus/small/filter_quality"]
    shown = page_of(artifact)
    quality = f"{artifact.metrics['precision_quality']:.1%} | {artifact.metrics['recall_quality']:.1%}"
    assert quality in shown["filters"] and "- quality, `not refused`: `" in shown["misses"]


def test_mix(track: Builder) -> None:
    assert "| science | 50.0% | 50.0% | 300 | 1 | – | 100 |" in page_of(track.built["nano/shards"])["mix"]


def test_page_is_metadata(track: Builder) -> None:
    artifact = track.built["corpus/small/filtered"]
    assert artifact_metadata(artifact, page=page_of, reused=False)["waterfall"].value == page_of(artifact)["waterfall"]
