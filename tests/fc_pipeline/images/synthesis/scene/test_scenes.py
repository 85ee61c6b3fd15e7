"""Panels and grounds of scenes, beyond what holds for every layout."""

import random

import numpy as np
import pytest
from factories.synthetic_pages import FACES, TEXT, iou
from PIL import Image, ImageChops

from fc_pipeline.images.synthesis.scene import sign
from fc_pipeline.images.synthesis.scene.backgrounds import SHEETS, VIEWS, WALLS
from fc_pipeline.images.synthesis.scene.panel import MARGIN, Panel

GROUNDS = {**WALLS, **VIEWS, **SHEETS}


def panel_of(*, opaque: bool = True) -> Panel:
    return Panel(random.Random(5), TEXT, FACES, Image.new("RGB", (400, 240), (250, 250, 250)), opaque=opaque)


def test_letters_on_an_arch_are_boxed_by_what_they_change():
    panel = panel_of()
    before = panel.page.image.copy()
    sign.draw_arched(panel, "ROUND THE BEND", 30)
    assert ImageChops.difference(before, panel.page.image).convert("L").getbbox() == panel.page.lines[0].box
    tops = {word.text: word.box[1] for word in panel.page.words}
    assert tops["THE"] < min(tops["ROUND"], tops["BEND"])


def test_outline_and_shadow_are_no_part_of_the_box():
    plain, dressed = (panel_of() for _ in range(2))
    plain.write("Plain", 40, y=20)
    dressed.write("Plain", 40, y=20, outline=(255, 0, 0), shadow=(0, 0, 255))
    assert plain.page.words == dressed.page.words
    (word,) = dressed.page.words
    above, beyond = (
        [each.page.image.getpixel((x, word.box[1] - 1)) for x in range(word.box[0], word.box[2])]
        for each in (dressed, plain)
    )
    assert max(red - green for red, green, _ in above) > 100 and set(beyond) == {(250, 250, 250)}


def test_of_a_panel_that_is_not_opaque_only_the_letters_show():
    panel = panel_of(opaque=False)
    panel.write("Letters", 40, y=90, colour=(200, 0, 0))
    view = Image.new("RGB", (448, 300), (0, 90, 0))
    page = panel.place(view, tilt=0.05, turn=10)
    changed = ImageChops.difference(view, page.image).convert("L").point(lambda v: 255 * (v > 8)).getbbox()
    assert changed is not None and iou(changed, page.words[0].box) > 0.85


def test_a_turned_panel_stays_inside_the_picture():
    for turn in (0.0, 10.0, 40.0):
        panel = panel_of()
        page = panel.place(Image.new("RGB", (224, 224)), tilt=0.1, turn=turn)
        matrix = np.array(page.meta["homography"]).reshape(3, 3)
        for x, y in ((0, 0), (400, 0), (400, 240), (0, 240)):
            u, v, scale = matrix @ np.array([x, y, 1])
            assert all(MARGIN - 0.01 <= place / scale <= 224 - MARGIN + 0.01 for place in (u, v))


@pytest.mark.parametrize("name", sorted(GROUNDS))
def test_grounds_are_textured_and_repeat_with_their_seed(name):
    first, again, other = (GROUNDS[name](random.Random(seed), (200, 120)) for seed in (1, 1, 2))
    assert first.size == (200, 120) and first.mode == "RGB"
    assert first.tobytes() == again.tobytes() != other.tobytes()
    assert len(first.convert("L").getcolors()) > 8
