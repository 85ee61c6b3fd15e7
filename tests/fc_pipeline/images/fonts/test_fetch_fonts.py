import io
import json
from pathlib import Path

import matplotlib
import pytest
from factories.build import build
from factories.packages import cached
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from PIL import ImageFont

from fc_model.artifacts import Store
from fc_model.errors import UserError
from fc_pipeline.images.fonts.catalogue import CATALOGUE, FontsConfig, fonts_config
from fc_pipeline.images.fonts.coverage import covered, from_ranges, to_ranges, unicase
from fc_pipeline.images.fonts.faces import load_faces
from fc_pipeline.images.fonts.fetch import fetch_fonts

DEJAVU = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def font_with(change) -> bytes:
    """DejaVu Sans cut to ASCII, after `change(font)`."""
    font = TTFont(DEJAVU)
    subsetter = Subsetter(Options(notdef_outline=True))
    subsetter.populate(unicodes=range(0x20, 0x7F))
    subsetter.subset(font)
    change(font)
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


def test_the_catalogue_is_pinned_and_spans_the_styles():
    config = fonts_config()
    assert len(config.packages) == len(CATALOGUE.names()) >= 25
    assert {face.style for package in config.packages for face in package.faces} == {
        "sans", "serif", "mono", "hand", "display",
    }  # fmt: skip
    assert all(package.version for package in config.packages)


def test_faces_know_what_they_draw(fonts, faces):
    assert fonts.metrics["faces"] == len(faces.faces) == 8
    assert fonts.manifest.licences == [{"licence": "Bitstream-Vera", "source": "fonts/dejavu", "documents": 8}]
    for face in faces.faces:
        assert face.covers("Hello, wörld – 42!\n")
        assert not face.covers("\u05d0"), "Hebrew needs reordering"
        assert not face.covers("a\u0301"), "a combining mark needs shaping"
        assert not face.covers("\u200b") and not face.covers("\ue000") and not face.covers("漢")


def test_a_mapped_character_without_a_picture_is_not_covered():
    def change(font: TTFont) -> None:
        for table in font["cmap"].tables:
            if table.isUnicode() and table.format in (4, 12):
                table.cmap[ord("Ж")] = ".notdef"  # mapped, and yet a box
                table.cmap[ord("Я")] = "space"  # mapped, and nothing
                table.cmap[ord("Б")] = "B"

    characters = covered(font_with(change), where="test")
    assert "Б" in characters and " " in characters
    assert not characters & {"Ж", "Я"}


def test_ranges_are_exact():
    characters = frozenset("abcxz–")
    assert to_ranges(characters) == [[97, 99], [120, 120], [122, 122], [0x2013, 0x2013]]
    assert from_ranges(to_ranges(characters)) == characters


def test_faces_that_hide_the_case_are_known():
    def small_caps(font: TTFont) -> None:
        for table in font["cmap"].tables:
            for letter in range(26):
                table.cmap[97 + letter] = table.cmap[65 + letter]

    assert unicase(font_with(small_caps))
    assert not unicase(DEJAVU.read_bytes())


def fetch(tmp_path, **members: bytes):
    """The artifact of a wheel with these font files."""
    files = {f"some_fonts/{name}.ttf": data for name, data in members.items()}
    package = {
        **cached(tmp_path / "home", "some_fonts-1-py3-none-any.whl", files),
        "name": "some", "licence": "OFL-1.1", "faces": [{"glob": "some_fonts/*.ttf", "style": "sans"}],
    }  # fmt: skip
    config = FontsConfig(packages=[package]).model_dump(mode="json")
    return build(Store(tmp_path / "home"), "images/fonts", fetch_fonts, config)


def test_a_face_without_letters_is_dropped_and_counted(tmp_path):
    def without_q(font: TTFont) -> None:
        for table in font["cmap"].tables:
            table.cmap.pop(ord("q"), None)

    artifact = fetch(tmp_path, Whole=font_with(lambda font: None), Lacking=font_with(without_q))
    assert [face.name for face in load_faces(artifact.folder).faces] == ["Whole"]
    assert artifact.manifest.counters.dropped == {"no_ascii": 1}
    assert json.loads(artifact.path("dropped.json").read_text()) == [
        {"name": "Lacking", "reason": "no_ascii", "detail": "has no glyph for q"}
    ]
    assert ImageFont.truetype(artifact.path("files/Whole.ttf"), 20).getbbox("q")


@pytest.mark.parametrize("damage", ["cut", "noise", "empty"])
def test_a_broken_font_is_refused_by_name(tmp_path, damage):
    whole = font_with(lambda font: None)
    data = {"cut": whole[: len(whole) // 3], "noise": whole[:64] + bytes(200) + whole[264:], "empty": b""}[damage]
    with pytest.raises(UserError, match=r"font package some: some_fonts/Bad.ttf: broken font"):
        fetch(tmp_path, Bad=data)
