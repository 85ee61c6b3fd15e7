"""Every layout of every kind of scene: boxes of the transformed ink, legible words, answers that are there."""

import json
import random

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw

from fc_pipeline.images.synthesis.check import check_page
from fc_pipeline.images.synthesis.page import Kind, Page
from fc_pipeline.images.synthesis.scene import label, photo_text, sign
from fc_pipeline.images.synthesis.scene.backgrounds import SHEETS, VIEWS, WALLS
from fc_pipeline.images.synthesis.scene.panel import MARGIN, Panel

KINDS = [label.KIND, photo_text.KIND, sign.KIND]
EACH = [pytest.param(kind, layout, id=f"{kind.name}-{layout}") for kind in KINDS for layout in kind.layouts]
SEEDS = range(4)


def render(kind: Kind, layout: str, seed: int, text, faces) -> Page:
    return kind.render(random.Random(f"{kind.name} {layout} {seed}"), text, faces, layout)


def iou(first, second) -> float:
    wide = min(first[2], second[2]) - max(first[0], second[0])
    high = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(wide, 0) * max(high, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return shared / (sum(areas) - shared)


@pytest.fixture
def flat(monkeypatch) -> list[tuple[str, Image.Image]]:
    """Each word of a panel with its ink alone on a layer of the panel's size, before the panel is placed."""
    layers: list[tuple[str, Image.Image]] = []
    inner = Panel.place

    def spy(self, background, *, tilt, turn):
        for word in self.page.words:
            ink = self.page.inks[word.text, word.box]
            layer = Image.new("L", self.page.image.size)
            ImageDraw.Draw(layer).draw.draw_bitmap((ink.x, ink.y), ink.mask, 255)
            layers.append((word.text, layer))
        return inner(self, background, tilt=tilt, turn=turn)

    monkeypatch.setattr(Panel, "place", spy)
    return layers


@pytest.mark.parametrize(("kind", "layout"), EACH)
def test_boxes_are_those_of_each_word_transformed_alone(kind, layout, fixed_text, installed_faces, flat):
    for seed in SEEDS:
        flat.clear()
        page = render(kind, layout, seed, fixed_text, installed_faces)
        if "homography" not in page.meta:
            assert layout == photo_text.CAPTION
            continue
        assert [text for text, _ in flat] == [word.text for word in page.words]
        back = np.linalg.inv(np.array(page.meta["homography"]).reshape(3, 3))
        data = tuple((back / back[2, 2]).flatten()[:8])
        for word, (_, layer) in zip(page.words, flat, strict=True):
            whole = layer.transform(page.image.size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BILINEAR)
            assert iou(word.box, whole.getbbox()) >= 0.95, (seed, word, whole.getbbox())


@pytest.mark.parametrize(("kind", "layout"), EACH)
def test_pages_agree_with_themselves(kind, layout, fixed_text, installed_faces):
    asked = set()
    for seed in SEEDS:
        page = render(kind, layout, seed, fixed_text, installed_faces)
        check_page(page, kind=f"{kind.name}/{layout}")
        asked.update(question.kind for question in page.questions)
        width, height = page.image.size
        assert page.words and page.clipped == 0 and 224 <= width <= 448 and 100 <= height <= 560
        assert all(0 <= w.box[0] < w.box[2] <= width and 0 <= w.box[1] < w.box[3] <= height for w in page.words)
        assert min(word.box[3] - word.box[1] for word in page.words) >= 1
        assert [line.text.split() for line in page.lines] == [
            [word.text for word in page.words if word.line == number] for number in range(len(page.lines))
        ]
        assert page.caption and page.meta["layout"] == layout and page.meta["fonts"]
        assert len({question.question for question in page.questions}) == len(page.questions)
        json.dumps(page.meta)
    assert asked


@pytest.mark.parametrize(("kind", "layout"), EACH)
def test_quads_lie_around_the_boxes(kind, layout, fixed_text, installed_faces):
    for seed in SEEDS:
        page = render(kind, layout, seed, fixed_text, installed_faces)
        for word, quad in zip(page.words, page.meta["quads"], strict=True):
            xs, ys = zip(*quad, strict=True)
            assert len(quad) == 4
            assert min(xs) - 1.5 <= word.box[0] and word.box[2] <= max(xs) + 1.5
            assert min(ys) - 1.5 <= word.box[1] and word.box[3] <= max(ys) + 1.5


@pytest.mark.parametrize(("kind", "layout"), EACH)
def test_letters_stand_out_from_their_ground(kind, layout, fixed_text, installed_faces):
    """The mean brightness under the ink differs from that of the rest of the box, whatever weather came after."""
    for seed in SEEDS:
        page = render(kind, layout, seed, fixed_text, installed_faces)
        grey = page.image.convert("L")
        for word in page.words:
            ink = page.inks[word.text, word.box]
            mask = Image.new("L", page.image.size)
            ImageDraw.Draw(mask).draw.draw_bitmap((ink.x, ink.y), ink.mask, 255)
            box = word.box[0] - 2, word.box[1] - 2, word.box[2] + 2, word.box[3] + 2
            covers, greys = mask.crop(box).tobytes(), grey.crop(box).tobytes()
            inside = [g for c, g in zip(covers, greys, strict=True) if c > 160]
            outside = [g for c, g in zip(covers, greys, strict=True) if c == 0]
            if inside and outside:
                assert abs(sum(inside) / len(inside) - sum(outside) / len(outside)) > 22, (seed, word)


@pytest.mark.parametrize(("kind", "layout"), EACH)
def test_a_seed_gives_the_same_page(kind, layout, fixed_text, installed_faces):
    first, again = (render(kind, layout, 7, fixed_text, installed_faces) for _ in range(2))
    assert first.image.tobytes() == again.image.tobytes()
    assert (first.words, first.lines, first.questions, first.meta) == (
        again.words,
        again.lines,
        again.questions,
        again.meta,
    )
    assert render(kind, layout, 8, fixed_text, installed_faces).image.tobytes() != first.image.tobytes()


def test_each_kind_holds_a_layout_out():
    assert all(kind.held_out and set(kind.held_out) < set(kind.layouts) for kind in KINDS)


def panel_of(text, faces, *, opaque: bool = True) -> Panel:
    return Panel(random.Random(5), text, faces, Image.new("RGB", (400, 240), (250, 250, 250)), opaque=opaque)


def test_letters_on_an_arch_are_boxed_by_what_they_change(fixed_text, installed_faces):
    panel = panel_of(fixed_text, installed_faces)
    before = panel.page.image.copy()
    sign.draw_arched(panel, "ROUND THE BEND", 30, (0, 0, 0))
    changed = ImageChops.difference(before, panel.page.image).convert("L").getbbox()
    assert changed == panel.page.lines[0].box
    tops = [word.box[1] for word in panel.page.words]
    assert [word.text for word in panel.page.words] == ["ROUND", "THE", "BEND"]
    assert tops[1] < tops[0] and tops[1] < tops[2]


def test_outline_and_shadow_are_no_part_of_the_box(fixed_text, installed_faces):
    plain, dressed = (panel_of(fixed_text, installed_faces) for _ in range(2))
    plain.write("Plain", 20, largest=40, colour=(0, 0, 0))
    dressed.write("Plain", 20, largest=40, colour=(0, 0, 0), outline=(255, 0, 0), shadow=(0, 0, 255))
    assert plain.page.words == dressed.page.words
    (word,) = dressed.page.words
    above = [dressed.page.image.getpixel((x, word.box[1] - 1)) for x in range(word.box[0], word.box[2])]
    assert max(red - green for red, green, _ in above) > 100
    beyond = [plain.page.image.getpixel((x, word.box[1] - 1)) for x in range(word.box[0], word.box[2])]
    assert set(beyond) == {(250, 250, 250)}


def test_of_a_panel_that_is_not_opaque_only_the_letters_show(fixed_text, installed_faces):
    panel = panel_of(fixed_text, installed_faces, opaque=False)
    panel.write("Letters", 90, largest=40, colour=(200, 0, 0))
    view = Image.new("RGB", (448, 300), (0, 90, 0))
    page = panel.place(view, tilt=0.05, turn=10)
    changed = ImageChops.difference(view, page.image).convert("L").point(lambda v: 255 * (v > 8)).getbbox()
    assert changed is not None and iou(changed, page.words[0].box) > 0.85


def test_a_turned_panel_stays_inside_the_picture(fixed_text, installed_faces):
    for turn in (0.0, 10.0, 40.0):
        panel = panel_of(fixed_text, installed_faces)
        page = panel.place(Image.new("RGB", (224, 224)), tilt=0.1, turn=turn)
        matrix = np.array(page.meta["homography"]).reshape(3, 3)
        for x, y in ((0, 0), (400, 0), (400, 240), (0, 240)):
            u, v, scale = matrix @ np.array([x, y, 1])
            assert (
                MARGIN - 0.01 <= u / scale <= 224 - MARGIN + 0.01 and MARGIN - 0.01 <= v / scale <= 224 - MARGIN + 0.01
            )


@pytest.mark.parametrize("name", sorted({**WALLS, **VIEWS, **SHEETS}))
def test_grounds_are_textured_and_repeat_with_their_seed(name):
    make = {**WALLS, **VIEWS, **SHEETS}[name]
    first, again, other = (make(random.Random(seed), (200, 120)) for seed in (1, 1, 2))
    assert first.size == (200, 120) and first.mode == "RGB"
    assert first.tobytes() == again.tobytes() != other.tobytes()
    assert len(first.convert("L").getcolors()) > 8
