"""The pages of fonts, images and what was read: one picture each, small, the same each time."""

import base64
import io
import re

import pytest
from factories.built_image_track import HELD_OUT, SCRIPT, STAGE
from factories.built_track import Builder
from factories.report_pages import page_of
from PIL import Image

from fc_pipeline.components.metadata import artifact_metadata

_LARGEST_BYTES = 200_000
_SAMPLES = "nano/image_evals/" + STAGE


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("images/fonts", "specimens"),
        ("images/sklearn_photographs", "contact_sheet"),
        ("nano/synthetic", "contact_sheet"),
        ("nano/images", "contact_sheet"),
        (f"nano/stages/{STAGE}", "held_out_exact"),
        (_SAMPLES, "hits"),
        (_SAMPLES, "misses"),
    ],
)
def test_pictures_small_and_deterministic(image_track: Builder, key: str, name: str) -> None:
    artifact = image_track.built[key]
    text = page_of(artifact)[name]
    assert page_of(artifact)[name] == text and len(text) < _LARGEST_BYTES
    (data,) = re.findall(r"!\[[A-Za-z: ]+\]\(data:image/(?:png|jpeg);base64,([^)]+)\)", text)
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert image.width > 300 and len(image.convert("RGB").getcolors(1 << 20) or []) > 4
    assert artifact_metadata(artifact, page=page_of, reused=False)[name].value == text


def test_names_differ_from_metrics(image_track: Builder) -> None:
    for artifact in image_track.built.values():
        assert not page_of(artifact).keys() & artifact.metrics.keys(), artifact.key


def test_tables_of_images(image_track: Builder) -> None:
    assert "| line | 24 | 20 |\n" in page_of(image_track.built["nano/synthetic"])["kinds"]
    packed = page_of(image_track.built["nano/images"])
    assert "| line | 24 | 20 | 32 | 768 |" in packed["kinds"]
    assert "| natural | 8.4% | – | 40.0% |" in packed["caps"]
    assert "caps" not in page_of(image_track.built["nano/synthetic"])


def test_tables_of_fonts_and_faces(image_track: Builder) -> None:
    assert "| serif | 3 | 0 | Bitstream-Vera |" in page_of(image_track.built["images/fonts"])["styles"]
    by_face = page_of(image_track.built[_SAMPLES])["by_face"]
    assert {line.split(" | ")[0][2:] for line in by_face.splitlines()[2:]} == set(HELD_OUT)


def test_tables_of_what_was_read(image_track: Builder) -> None:
    artifact = image_track.built[_SAMPLES]
    shown = page_of(artifact)
    assert f"| read | line | 20 | {artifact.metrics['read_exact_match_line']:.1%} | " in shown["by_kind"]
    assert shown["retrieval"].splitlines()[2].endswith("| 5.0% |")
    assert SCRIPT not in "".join(shown.values())
