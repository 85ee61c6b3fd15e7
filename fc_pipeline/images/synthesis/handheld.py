"""A page as a telephone takes it: bent paper on a desk, seen at an angle, in light from one side."""

import random

import numpy as np
from PIL import Image

from fc_model.data.images.record import Box, Line, Word, union
from fc_pipeline.images.synthesis.degrade import degrade, shade
from fc_pipeline.images.synthesis.page import Ink, Page
from fc_pipeline.images.synthesis.scene.backgrounds import DESKS
from fc_pipeline.images.synthesis.scene.panel import place

_UNIT = 256
"""Parts of a pixel in which paper bends: whole numbers, so that every machine rounds alike."""


def hold(page: Page, rng: random.Random) -> None:
    """Change a page in place: bent, on a desk, at an angle. Words' boxes go along, where characters start is lost.

    meta: background, bend (pixels), quads and homography (of the bent page), degradations.
    """
    bend = rng.choice((0, rng.randint(-10, -3), rng.randint(3, 10)))
    alpha = Image.new("L", page.image.size, 255)
    if bend:
        alpha = curl(page, bend=bend)
    name = rng.choice(sorted(DESKS))
    size = round(page.image.width * rng.uniform(1.08, 1.16)), round(page.image.height * rng.uniform(1.08, 1.16))
    place(page, alpha, DESKS[name](rng, size), rng, tilt=rng.uniform(0, 0.03), turn=rng.uniform(0, 4))
    shade(page, rng, strength=rng.uniform(0.15, 0.45))
    if rng.random() < 0.6:
        degrade(page, rng, strength=rng.uniform(0.1, 0.3))
    page.meta.update(background=name, bend=bend)


def curl(page: Page, *, bend: int) -> Image.Image:
    """Bend a page in place: its middle moves down by `bend` pixels (up below 0), along a parabola, and shines.

    Returns where the paper is in the new picture, mode L, which is higher by as much. Raises KeyError as `warp` does.
    """
    width, height = page.image.size
    x = np.arange(width, dtype=np.int64)
    shift = 4 * bend * _UNIT * x * (width - 1 - x) // max(1, (width - 1) ** 2) + max(0, -bend) * _UNIT
    taller = height + abs(bend)
    light = (
        255 - 60 * np.abs(2 * x - width + 1) // max(1, width - 1)
        if bend > 0
        else 195 + 60 * np.abs(2 * x - width + 1) // max(1, width - 1)
    )
    picture = _moved(np.asarray(page.image.convert("RGB"), dtype=np.int64), shift, taller) * light[None, :, None] // 255
    paper = _moved(np.full((height, width, 1), 255, dtype=np.int64), shift, taller)[:, :, 0]
    words: list[Word] = []
    inks: dict[tuple[str, Box], Ink] = {}
    for word in page.words:
        ink = page.inks[word.text, word.box]
        mask = Image.new("L", ink.mask.size)
        mask.im.paste(ink.mask, (0, 0, *ink.mask.size))
        inside = np.asarray(mask, dtype=np.int64)[:, max(0, -ink.x) : width - ink.x, None]
        left = max(0, ink.x)
        own = shift[left : left + inside.shape[1]]
        least = int(own.min()) // _UNIT
        moved = _moved(inside, own - least * _UNIT, inside.shape[0] + int(own.max()) // _UNIT - least + 2)
        drawn = Image.fromarray(moved[:, :, 0].astype(np.uint8))
        box = drawn.getbbox()
        if box is None:
            page.clipped += 1
            continue
        top = ink.y + least
        placed = left + box[0], top + box[1], left + box[2], top + box[3]
        page.clipped += placed[1] < 0 or placed[3] > taller
        words.append(Word(word.text, placed, word.line))
        inks[word.text, placed] = Ink(drawn.crop(box).im, placed[0], placed[1])
    page.words, page.inks = words, inks
    page.lines = [
        Line(line.text, union([word.box for word in words if word.line == number]))
        for number, line in enumerate(page.lines)
    ]
    page.replace(Image.fromarray(picture.astype(np.uint8)))
    return Image.fromarray(paper.astype(np.uint8))


def _moved(pixels: np.ndarray, shift: np.ndarray, height: int) -> np.ndarray:
    """Columns moved down by `shift` parts of a pixel each, blended between two rows; (rows, columns, channels)."""
    rows, columns = pixels.shape[:2]
    place_of = np.arange(height)[:, None] * _UNIT - shift[None, :]
    upper, part = place_of // _UNIT, (place_of % _UNIT)[:, :, None]
    padded = np.zeros((rows + 2, columns, pixels.shape[2]), dtype=np.int64)
    padded[1:-1] = pixels
    column = np.arange(columns)[None, :]
    above, below = (padded[np.clip(row + 1, 0, rows + 1), column] for row in (upper, upper + 1))
    return (above * (_UNIT - part) + below * part + _UNIT // 2) // _UNIT
