"""One line of text on a strip: the smallest thing to read."""

import math
import random

from PIL import Image

from fc_model.data.images.record import Box
from fc_pipeline.images.synthesis.colour import TEXT_CONTRAST, Colour, any_hue, contrast
from fc_pipeline.images.synthesis.degrade import degrade
from fc_pipeline.images.synthesis.face import Face, Faces, NotDrawn
from fc_pipeline.images.synthesis.page import Page, TextPool, text_width, word_mask
from fc_pipeline.images.synthesis_config import LineConfig

_CLEAN_LAYOUTS = {"plain", "padded", "tinted"}
_PRINTED = {"sans", "serif", "mono"}
_CLEAN_CONTRAST = 7.0  # WCAG 2.1, 1.4.6


def render_line(rng: random.Random, text: TextPool, faces: Faces, layout: str, *, config: LineConfig) -> Page:
    """A strip of `config.height` pixels, as wide as the line needs.

    meta: layout, style, size (pixels an em), clean (a printed face, high contrast, nothing but the text), degradations.

    Raises NotDrawn when the text is too short or too wide, or no face has its characters.
    """
    wanted = rng.randint(config.min_chars, config.max_chars)
    words = text.sentence(rng, max_chars=wanted)
    face = faces.of(*config.styles).need(rng, words)
    margin = rng.randint(6, 24) if layout == "padded" else rng.randint(3, 8)
    margin = min(margin, config.max_width // 8)
    words, size = _fit(rng, words, face, room=config.max_width - 2 * margin, config=config)
    if len(words) < config.min_chars:
        raise NotDrawn("too_short")
    left, top, right, bottom = extent(words, face, size)
    width = min(config.max_width, round(right - left) + 2 * margin)
    ground, ink = _colours(rng, layout)
    page = Page.blank(width, config.height, ground)
    if layout == "shaded":
        # The ground gets a little darker from one side to the other.
        ramp = Image.linear_gradient("L").rotate(rng.choice((0, 90, 180, 270))).resize(page.image.size)
        factor = rng.uniform(0.75, 0.92)
        darker = page.image.point([round(level * factor) for level in range(256)] * 3)
        page.replace(Image.composite(darker, page.image, ramp))
    # The baseline lies where the ink is inside by at least a pixel; off the middle only when padded.
    lowest, highest = round(1 - top), round(config.height - 1 - bottom)
    middle = (lowest + highest) // 2
    drift = 1 if layout != "padded" else (highest - lowest) // 2
    baseline = min(highest, max(lowest, middle + rng.randint(-drift, drift)))
    x = round(margin - left) + (rng.randint(-(margin // 2), margin // 2) if layout == "padded" else 0)
    _decorate(page, rng, layout, ink, ground, baseline=baseline, size=size, span=(x, x + round(right)))
    page.line(x, baseline, words, face, size, ink)
    page.meta |= {"layout": layout, "style": face.style, "size": size}
    if layout not in _CLEAN_LAYOUTS and rng.random() < config.degraded_share:
        degrade(page, rng, strength=0.4)
    printed = layout in _CLEAN_LAYOUTS and face.style in _PRINTED
    page.meta["clean"] = printed and contrast(ink, ground) >= _CLEAN_CONTRAST
    return page


def _fit(rng: random.Random, words: str, face: Face, *, room: int, config: LineConfig) -> tuple[str, int]:
    """The text, less words at its end, and an em in pixels with which it fits. Raises NotDrawn when no word fits."""
    smallest, largest = (round(part * config.height) for part in config.em)
    size = rng.randint(smallest, largest)
    while words:
        left, top, right, bottom = extent(words, face, size)
        scale = min(room / (right - left), (config.height - 4) / (bottom - top))
        if scale >= 1:
            return words, size
        if size > smallest:
            size = max(smallest, min(size - 1, int(size * scale)))
        else:
            words = words.rpartition(" ")[0]
    raise NotDrawn("too_wide")


def extent(words: str, face: Face, size: int) -> Box:
    """The ink of a line from its pen on the baseline, to a pixel; white space is one space wide."""
    place, left, top, right, bottom = 0.0, math.inf, math.inf, 0, 0
    space = text_width(face, size, " ")
    for word in words.split(" "):
        mask, x, y, _ = word_mask(face.font(size), word)
        if mask is not None:
            left, top = min(left, round(place) + x), min(top, y)
            right, bottom = max(right, round(place) + x + mask.size[0]), max(bottom, y + mask.size[1])
        place += text_width(face, size, word) + space
    if right <= left:
        raise NotDrawn("no_ink")
    return int(left), int(top), right, bottom


def _colours(rng: random.Random, layout: str) -> tuple[Colour, Colour]:
    if layout in ("plain", "padded", "underlined", "framed", "ruled"):
        paper, dark = rng.randint(235, 255), rng.randint(0, 60)
        return (paper, paper, paper), (dark, dark, dark)
    while True:
        ground, ink = any_hue(rng, (0.75, 0.97)), any_hue(rng, (0.02, 0.35))
        if layout == "dark" or (layout == "coloured" and rng.random() < 0.3):
            ground, ink = ink, ground
        if contrast(ground, ink) >= (_CLEAN_CONTRAST if layout == "tinted" else TEXT_CONTRAST):
            return ground, ink


def _decorate(
    page: Page, rng: random.Random, layout: str, ink: Colour, ground: Colour, *, baseline: int, size: int,
    span: tuple[int, int],
) -> None:  # fmt: skip
    """Lines around and under the text, drawn before it; `span` is its left and right end."""
    width, height = page.image.size
    if layout == "underlined":
        y = min(height - 1, baseline + max(2, size // 8))
        page.draw.line((span[0], y, span[1], y), fill=ink)
    elif layout == "framed":
        inset = rng.randint(0, 1)
        page.draw.rectangle((inset, inset, width - 1 - inset, height - 1 - inset), outline=ink)
    elif layout == "ruled":
        grey = tuple((3 * g + i) // 4 for g, i in zip(ground, ink, strict=True))
        for y in (baseline + max(2, size // 6), baseline - size):
            page.draw.line((0, y, width, y), fill=grey)
