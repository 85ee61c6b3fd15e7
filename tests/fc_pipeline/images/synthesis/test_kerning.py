"""Pairs stand as their font says, and characters begin where their ink does."""

import pytest
from factories.synthetic_pages import make_face
from PIL import Image, ImageDraw, ImageFont, features

from fc_pipeline.images.synthesis.kerning import kerning
from fc_pipeline.images.synthesis.page import Page, text_width

SANS, MONO = make_face("DejaVuSans", "sans"), make_face("DejaVuSansMono", "mono")


@pytest.mark.parametrize("pair", ["AV", "To", "LT", "P."])
def test_pairs_are_nearer_in_a_kerned_face_and_no_nearer_in_a_monospaced_one(pair):
    for face, kerned in ((SANS, True), (MONO, False)):
        apart = sum(text_width(face, 64, character) for character in pair)
        nearer = apart - text_width(face, 64, pair)
        assert (nearer > 2) == kerned and (kerning(str(face.file), pair) < -0.03) == kerned


@pytest.mark.skipif(not features.check("raqm"), reason="this build of Pillow has no raqm to compare with")
@pytest.mark.parametrize("run", ["AVATAR", "Toast", "P.O.", "LTyWa", "Yes,Vo", "ff.fi"])
def test_a_word_is_as_wide_as_a_shaping_engine_sets_it(run):
    """Pillow's own shaper is the witness; hinted advances are whole pixels, so each pair may be half a pixel off."""
    shaped = ImageFont.truetype(SANS.file, 48, layout_engine=ImageFont.Layout.RAQM)
    wanted = shaped.getlength(run, features=["-liga", "-clig", "-calt"])
    assert abs(text_width(SANS, 48, run) - wanted) <= 0.5 * len(run)
    assert text_width(SANS, 48, run) < sum(text_width(SANS, 48, character) for character in run) or run == "ff.fi"


@pytest.mark.parametrize("run", ["AVAT", "To.", "LTy"])
def test_starts_agree_with_the_ink(run):
    """Each character drawn alone where it starts; all of them together are the word."""
    page = Page.blank(300, 100)
    page.line(20, 70, run, SANS, 48)
    (word,) = page.words
    alone = Image.new("RGB", page.image.size, "white")
    for character, start in zip(run, word.starts, strict=True):
        ImageDraw.Draw(alone).text((start, 70), character, fill=0, font=SANS.font(48), anchor="ls")
    assert alone.tobytes() == page.image.tobytes()
    assert word.starts[1] - word.starts[0] < text_width(SANS, 48, run[0])
