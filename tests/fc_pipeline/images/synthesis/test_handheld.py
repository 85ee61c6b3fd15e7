"""Bent and turned pages: the boxes go where the ink goes."""

import random

import numpy as np
import pytest
from factories.synthetic_pages import FACES, layer_of, render
from PIL import Image, ImageChops

from fc_pipeline.images.synthesis.check import check_page
from fc_pipeline.images.synthesis.handheld import curl, hold
from fc_pipeline.images.synthesis.page import Page


def written() -> Page:
    page = Page.blank(300, 120)
    page.line(10, 40, "Along the whole width of a page", FACES.faces[0], 16)
    page.line(10, 90, "there and back", FACES.faces[0], 16)
    return page


@pytest.mark.parametrize("bend", [-9, -1, 1, 8])
def test_bent_words_are_where_their_boxes_say(bend):
    page = written()
    flat = [word.box for word in page.words]
    alpha = curl(page, bend=bend)
    assert alpha.size == page.image.size == (300, 120 + abs(bend)) and page.clipped == 0
    ink = ImageChops.multiply(
        ImageChops.invert(page.image.convert("L")), alpha.point(lambda cover: 255 * (cover > 250))
    )
    for word, before in zip(page.words, flat, strict=True):
        left, top, right, bottom = word.box
        # Paper shaded by its bend is no darker than 195.
        dark = ink.crop((left - 2, top - 2, right + 2, bottom + 2)).point(lambda level: 255 * (level > 75)).getbbox()
        assert dark is not None
        assert all(
            abs(one - other) <= 2 for one, other in zip(dark, (2, 2, right - left + 2, bottom - top + 2), strict=True)
        )
        assert (left, right) == (before[0], before[2])
    middle, edge = page.words[3].box[1] - flat[3][1], page.words[0].box[1] - flat[0][1]
    assert (middle > edge) == (bend > 0) or abs(bend) == 1


def test_held_pages_have_their_ink_in_their_boxes_and_agree_with_themselves():
    for seed in range(6):
        page = render("document/letter", "block", seed)
        text, count = page.text, len(page.words)
        hold(page, random.Random(seed))
        if page.clipped:
            continue
        check_page(page, where="held")
        assert page.text == text and len(page.words) == count and {"bend", "homography"} <= set(page.meta)
        grey = np.asarray(page.image.convert("L"), dtype=float)
        followed = []
        for word in page.words:
            ink = layer_of(page.inks[word.text, word.box], page.image.size)
            assert ink.getbbox() == word.box
            cover = np.asarray(ink, dtype=float)
            inside, around = (
                grey[cover > 160],
                grey[max(0, word.box[1] - 2) : word.box[3] + 2, word.box[0] : word.box[2]],
            )
            if len(inside):
                followed.append(around.max() - inside.mean() > 15)
        assert sum(followed) >= 0.95 * len(followed)


def test_a_seed_holds_a_page_alike():
    pages = [render("document/table", "ruled", 1) for _ in range(2)]
    for page in pages:
        hold(page, random.Random(5))
    assert pages[0].image.tobytes() == pages[1].image.tobytes() and pages[0].words == pages[1].words
    assert isinstance(pages[0].image, Image.Image)
