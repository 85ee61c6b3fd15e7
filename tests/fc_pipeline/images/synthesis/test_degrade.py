import random

import pytest
from PIL import ImageChops

from fc_pipeline.images.synthesis import degrade
from fc_pipeline.images.synthesis.page import Page
from fc_pipeline.images.synthesis.warp import homography, transform, warp

TEXT = "Quick (jumps) gypsum"


def page(faces, text: str = TEXT) -> Page:
    made = Page.blank(400, 80)
    made.line(30, 50, text, faces.faces[0], 30)
    return made


def ink(image) -> tuple[int, int, int, int]:
    return ImageChops.invert(image.convert("L")).getbbox()


def test_boxes_follow_two_homographies_in_turn(faces):
    made, old = page(faces, "word"), [(0, 0), (400, 0), (400, 80), (0, 80)]
    for new in [(24, 3), (383, 6), (369, 74), (9, 78)], [(5, 9), (390, 2), (397, 70), (2, 79)]:
        matrix = homography(old, new)
        assert [transform(point, matrix) for point in old] == [pytest.approx(point) for point in new]
        warp(made, matrix, size=(400, 80), fill=(255, 255, 255))
    assert made.clipped == 0
    assert all(abs(a - b) <= 1 for a, b in zip(made.words[0].box, ink(made.image), strict=True))


def test_words_that_leave_the_picture_are_noticed(faces):
    made = page(faces)
    warp(made, (1, 0, -60, 0, 1, 0, 0, 0, 1), size=(400, 80), fill=(255, 255, 255))
    assert made.clipped == 1 and made.words[0].box[0] == 0
    made = page(faces)
    warp(made, (1, 0, -130, 0, 1, 0, 0, 0, 1), size=(400, 80), fill=(255, 255, 255))
    assert [word.text for word in made.words] == ["(jumps)", "gypsum"] and made.clipped == 1 + 1


def test_degradations_change_pixels_and_move_nothing(faces):
    for seed in range(12):
        made, before = page(faces), page(faces)
        degrade.degrade(made, random.Random(seed), strength=0.5)
        assert made.words == before.words and made.image.size == before.image.size
        assert made.image.tobytes() != before.image.tobytes() and made.meta["degradations"]
        again = page(faces)
        degrade.degrade(again, random.Random(seed), strength=0.5)
        assert again.image.tobytes() == made.image.tobytes()


def test_each_degradation_does_what_it_says(faces):
    made = page(faces)
    degrade.fade(made, factor=0.5)
    low, high = made.image.convert("L").getextrema()
    assert 100 < high - low < 150
    made = Page.blank(200, 100, (128, 128, 128))
    degrade.noise(made, random.Random(1), sigma=10)
    levels = made.image.convert("L").tobytes()
    mean = sum(levels) / len(levels)
    deviation = (sum((level - mean) ** 2 for level in levels) / len(levels)) ** 0.5
    assert abs(mean - 128) < 1.5 and 9 < deviation < 11
    made = Page.blank(100, 100, (128, 128, 128))
    degrade.salt(made, random.Random(1), share=0.01)
    assert 90 <= sum(level != 128 for level in made.image.convert("L").tobytes()) <= 100
    made = Page.blank(100, 100)
    degrade.shade(made, random.Random(1), strength=0.4)
    low, high = made.image.convert("L").getextrema()
    assert 150 <= low <= 175 and high > 235
