"""What users of other generators of text images reported: the right value of each, on drawn words and lines."""

import random
from contextlib import suppress
from functools import partial

import pytest
from factories.fixed_text import FixedText
from factories.synthetic_pages import FACES, layer_of, make_face, some_pages
from PIL import Image, ImageDraw

from fc_pipeline.images.fonts.coverage import covered
from fc_pipeline.images.synthesis.check import check_page
from fc_pipeline.images.synthesis.face import Face, Faces, NotDrawn
from fc_pipeline.images.synthesis.handheld import hold
from fc_pipeline.images.synthesis.line import render_line
from fc_pipeline.images.synthesis.page import Page, text_width
from fc_pipeline.images.synthesis.passages import clean_prose
from fc_pipeline.images.synthesis.text_pool import DrawableText
from fc_pipeline.images.synthesis_config import LineConfig

SANS, ITALIC = make_face("DejaVuSans", "sans"), make_face("STIXGeneralBolIta", "display")


@pytest.mark.parametrize("size", [14, 15, 16, 32])
def test_no_gap_opens_between_a_capital_and_the_letter_below_its_arm(size):
    """Pillow#9898: in `Power` and `To` the second letter stood half a space away."""
    for pair in ("Po", "To", "Ye"):
        apart = sum(text_width(SANS, size, letter) for letter in pair)
        assert text_width(SANS, size, pair) <= apart - 0.4 or pair == "Po"
        assert text_width(SANS, size, pair) >= apart - 0.25 * size


def test_ink_left_of_the_pen_and_beyond_the_advance_is_in_the_box():
    """Pillow#4789: boxes of slanted letters began at the pen and cut them."""
    page = Page.blank(200, 80)
    page.line(60, 55, "fjf", ITALIC, 48)
    (word,) = page.words
    dark = Image.eval(page.image.convert("L"), lambda level: 255 * (level < 250)).getbbox()
    assert word.box == dark and word.box[0] < 60


def test_every_word_of_a_line_has_a_box():
    """TextRecognitionDataGenerator#144, #150: with spaces only the first word had boxes."""
    page = Page.blank(400, 60)
    page.line(5, 40, "one  two three", SANS, 20)
    assert [word.text for word in page.words] == ["one", "two", "three"]
    assert all(one.box[2] <= two.box[0] for one, two in zip(page.words, page.words[1:], strict=False))
    assert [len(word.starts) for word in page.words] == [3, 3, 5]


def test_descenders_and_accents_are_not_cut():
    """TextRecognitionDataGenerator#359: a strip as high as the tallest letter alone cut others below."""
    words = FixedText(["gypqj", "Ågy", "{Qj}", "_gy_", "Élj"])
    for page in some_pages(partial(render_line, config=LineConfig(max_chars=20)), "plain", 20, words, FACES):
        for word in page.words:
            assert word.box[1] >= 1 and word.box[3] <= page.image.height - 1 and page.clipped == 0


def test_a_backslash_is_drawn_as_one_and_what_has_no_glyph_is_not_drawn():
    """donut#205, synthtiger#57: backslashes became boxes. synthtiger#29: a joiner without a glyph stopped the run."""
    page = Page.blank(100, 60)
    page.line(10, 45, "\\", SANS, 32)
    drawn = layer_of(page.inks["\\", page.words[0].box], page.image.size)
    witness = Image.new("L", page.image.size)
    ImageDraw.Draw(witness).text((10, 45), "\\", fill=255, font=SANS.font(32), anchor="ls")
    assert drawn.tobytes() == witness.tobytes()
    assert clean_prose("no\u200cjoiner") == "nojoiner"
    limited = Face("Digits", SANS.file, "sans", SANS.licence, frozenset("0123456789 "))
    pool = DrawableText(FixedText(["a\\b", "12"]), (limited,))
    assert {pool.sentence(random.Random(seed), max_chars=4) for seed in range(5)} == {"12"}


def test_a_glyph_without_ink_is_no_character_of_a_face():
    """docTR#2016, #2123: an image of no height for a currency sign that the font maps to an empty glyph."""
    characters = covered(SANS.file.read_bytes(), where="test")
    assert "\u00ad" not in characters and "\u2003" not in characters and "฿" in characters
    blank = FixedText(["\u2003\u2003\u2003"])
    with pytest.raises(NotDrawn):
        face = Face("all", SANS.file, "sans", SANS.licence, characters | {"\u2003"})
        render_line(random.Random(1), blank, Faces([face]), "plain", config=LineConfig())


def test_boxes_never_leave_the_picture():
    """SynthText#101: negative coordinates, and boxes across the edge."""
    page = Page.blank(60, 40)
    page.line(-10, 30, "across the edge", SANS, 20)
    assert page.clipped and all(
        0 <= left < right <= 60 and 0 <= top < bottom <= 40 for left, top, right, bottom in (w.box for w in page.words)
    )


def test_effects_that_move_ink_move_its_boxes():
    """donut#72: boxes were those of the page before it was turned."""
    moved = 0
    for seed in range(8):
        page = Page.blank(300, 200)
        page.line(60, 100, "moved words", SANS, 24)
        flat = [word.box for word in page.words]
        with suppress(NotDrawn):
            hold(page, random.Random(seed))
        check_page(page, where="held")
        for word, before in zip(page.words, flat, strict=True):
            assert layer_of(page.inks[word.text, word.box], page.image.size).getbbox() == word.box
            moved += word.box != before
    assert moved > 8
