"""Pages of every kind and layout, drawn with the faces that matplotlib carries and with text that never changes."""

import random
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import matplotlib
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw

from factories.fixed_text import FixedText
from fc_pipeline.images.synthesis.face import Face, Faces, NotDrawn
from fc_pipeline.images.synthesis.kinds import kinds
from fc_pipeline.images.synthesis.page import Ink, Kind, Page, pens
from fc_pipeline.images.synthesis.scene.panel import Panel
from fc_pipeline.images.synthesis_config import KindConfig, LineConfig, SmallConfig, SynthesisConfig

STYLES = {
    "DejaVuSans": "sans",
    "DejaVuSans-Bold": "sans",
    "DejaVuSansMono": "mono",
    "DejaVuSerif": "serif",
    "STIXGeneral": "serif",
    "STIXGeneralBolIta": "display",
}
CLEAN = SmallConfig(degraded_share=0)
TALL = SmallConfig(width=160, height=96, degraded_share=0)
TEXT = FixedText()


def make_face(name: str, style: str) -> Face:
    file = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    with TTFont(file, lazy=True) as font:
        return Face(name, file, style, "Bitstream-Vera", frozenset(map(chr, font.getBestCmap())))


FACES = Faces([make_face(name, style) for name, style in STYLES.items()])


def _kinds(small: SmallConfig) -> dict[str, Kind]:
    return kinds(SynthesisConfig(kinds={"line": KindConfig(train=0)}, line=LineConfig(degraded_share=0), small=small))


KINDS = _kinds(CLEAN)
TALL_KINDS = {f"{name} tall": kind for name, kind in _kinds(TALL).items() if name.startswith("small/")}
LAYOUTS = [
    pytest.param(name, layout, id=f"{name}-{layout}")
    for name, kind in (KINDS | TALL_KINDS).items()
    for layout in (*kind.layouts, *kind.held_out)
]
every_layout = pytest.mark.parametrize(("name", "layout"), LAYOUTS)


class Drawn(NamedTuple):
    """A page, the words that it drew, (x, y, run, font), and those of its flat panel, (text, ink, size)."""

    seed: int
    page: Page
    runs: list
    flat: list[tuple[str, Ink, tuple[int, int]]]


def some_pages(draw: Callable[..., Page], layout: str, count: int, text=TEXT, faces: Faces = FACES) -> list[Page]:
    """The first pages of seeds 0, 1, 2, ... that are not given up."""
    pages: list[Page] = []
    for seed in range(10 * count):
        with suppress(NotDrawn):
            pages.append(draw(random.Random(seed), text, faces, layout))
        if len(pages) == count:
            return pages
    raise AssertionError(f"{layout}: too few draws gave a page")


def render(name: str, layout: str, seed: int, *, text=TEXT, faces: Faces = FACES) -> Page:
    kind = (KINDS | TALL_KINDS)[name]
    return kind.render(random.Random(f"{name} {layout} {seed}"), text, faces, layout)


@cache
def drawn(name: str, layout: str, count: int = 3) -> list[Drawn]:
    """Pages that the step would keep. Do not change them."""
    pages: list[Drawn] = []
    run, place = Page._run, Panel.place
    runs: list = []
    flat: list = []

    def noted_run(self, *drawing):
        box = run(self, *drawing)
        runs.extend([drawing[:4]] * (box is not None))
        return box

    def noted_place(self, background, **angle):
        inks = self.page.inks
        flat.extend((word.text, inks[word.text, word.box], self.page.image.size) for word in self.page.words)
        return place(self, background, **angle)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Page, "_run", noted_run)
        patch.setattr(Panel, "place", noted_place)
        for seed in range(10 * count):
            runs, flat = [], []
            try:
                page = render(name, layout, seed)
            except NotDrawn:
                continue
            if not page.clipped:
                pages.append(Drawn(seed, page, runs, flat))
            if len(pages) == count:
                return pages
    raise AssertionError(f"{name} {layout}: too few draws gave a page")


def pages_of(name: str, layout: str, count: int = 3) -> list[Page]:
    return [each.page for each in drawn(name, layout, count)]


def iou(one, other) -> float:
    wide, high = (min(one[side + 2], other[side + 2]) - max(one[side], other[side]) for side in (0, 1))
    shared = max(wide, 0) * max(high, 0)
    return shared / (sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared)


def layer_of(ink: Ink, size: tuple[int, int]) -> Image.Image:
    """The ink alone on a page of a size, mode L."""
    layer = Image.new("L", size)
    ImageDraw.Draw(layer).draw.draw_bitmap((ink.x, ink.y), ink.mask, 255)
    return layer


def alone(size, x, y, run, font):
    """The box of a word on an empty page, each character drawn by Pillow's own way to draw text (test_kerning.py)."""
    layer = Image.new("L", size)
    for character, pen in zip(run, pens(font, run), strict=True):
        ImageDraw.Draw(layer).text((x + pen, y), character, fill=255, font=font, anchor="ls")
    return layer.getbbox()
