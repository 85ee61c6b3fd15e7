"""The pages of fonts, images and what was read: one picture each, small, the same each time."""

import base64
import io
import re

import pytest
from factories.built_eyes import HELD_OUT, SCRIPT, STAGE, build_eyes
from factories.built_track import Builder
from factories.pages import page_of
from PIL import Image

from fc_pipeline.components.metadata import artifact_metadata

_LARGEST_BYTES = 200_000
_SAMPLES = "nano/image_evals/" + STAGE


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    return build_eyes(tmp_path_factory.mktemp("eyes"))


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
def test_a_picture_is_small_and_the_same_each_time(eyes: Builder, key: str, name: str) -> None:
    artifact = eyes.built[key]
    text = page_of(artifact)[name]
    assert page_of(artifact)[name] == text and len(text) < _LARGEST_BYTES
    (data,) = re.findall(r"!\[[A-Za-z: ]+\]\(data:image/(?:png|jpeg);base64,([^)]+)\)", text)
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert image.width > 300 and len(image.convert("RGB").getcolors(1 << 20) or []) > 4
    assert artifact_metadata(artifact, page=page_of, reused=False)[name].value == text


def test_no_name_of_a_picture_is_that_of_a_metric(eyes: Builder) -> None:
    for artifact in eyes.built.values():
        assert not page_of(artifact).keys() & artifact.metrics.keys(), artifact.key


def test_tables_of_images(eyes: Builder) -> None:
    assert "| line | 24 | 20 |\n" in page_of(eyes.built["nano/synthetic"])["kinds"]
    packed = page_of(eyes.built["nano/images"])
    assert "| line | 24 | 20 | 32 | 768 |" in packed["kinds"]
    assert "| natural | 8.4% | – | 40.0% |" in packed["caps"]
    assert "caps" not in page_of(eyes.built["nano/synthetic"])


def test_tables_of_fonts_and_faces(eyes: Builder) -> None:
    assert "| serif | 3 | 0 | Bitstream-Vera |" in page_of(eyes.built["images/fonts"])["styles"]
    by_face = page_of(eyes.built[_SAMPLES])["by_face"]
    assert {line.split(" | ")[0][2:] for line in by_face.splitlines()[2:]} == set(HELD_OUT)


def test_tables_of_what_was_read(eyes: Builder) -> None:
    artifact = eyes.built[_SAMPLES]
    shown = page_of(artifact)
    assert f"| read | line | 20 | {artifact.metrics['read_exact_match_line']:.1%} | " in shown["by_kind"]
    assert shown["retrieval"].splitlines()[2].endswith("| 5.0% |")
    assert SCRIPT not in "".join(shown.values())
