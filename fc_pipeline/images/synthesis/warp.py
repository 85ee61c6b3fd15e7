"""A page under a homography, with every word's box where its ink lands."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from fc_model.data.images.record import Box, Line, Word, union
from fc_pipeline.images.synthesis.colour import Colour
from fc_pipeline.images.synthesis.page import Ink, Page

Matrix = tuple[float, ...]
"""The nine numbers of a homography by rows: (x, y) goes to (ax + by + c, dx + ey + f) / (gx + hy + i)."""
Point = tuple[float, float]


def homography(old: Sequence[Point], new: Sequence[Point]) -> Matrix:
    """The one that takes four points to four others, no three of them on a line."""
    rows, values = [], []
    for (x, y), (u, v) in zip(old, new, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    solution = np.linalg.solve(np.array(rows, dtype=float), np.array(values, dtype=float))
    return (*(float(value) for value in solution), 1.0)


def transform(point: Point, matrix: Matrix) -> Point:
    """Where a point goes."""
    x, y = point
    a, b, c, d, e, f, g, h, i = matrix
    scale = g * x + h * y + i
    return (a * x + b * y + c) / scale, (d * x + e * y + f) / scale


def warp(page: Page, matrix: Matrix, *, size: tuple[int, int], fill: Colour) -> None:
    """Change a page in place: picture, words, lines and their ink. `size` is the new one, in pixels.

    A word that lands partly outside counts as clipped; one that lands wholly outside is dropped from the page.
    Raises KeyError when a word was not drawn by this page, or its box was changed.
    """
    back = np.linalg.inv(np.array(matrix).reshape(3, 3))
    sampled = page.image.convert("RGB").transform(
        size, Image.Transform.PERSPECTIVE, _data(back), resample=Image.Resampling.BILINEAR, fillcolor=fill
    )
    words: list[Word] = []
    inks: dict[tuple[str, Box], Ink] = {}
    boxes: dict[int, list[Box]] = {}
    kept: dict[int, int] = {}
    for word in page.words:
        placed = _placed(page.inks[word.text, word.box], matrix, back)
        if placed is None:
            page.clipped += 1
            continue
        ink, box = placed
        inside = max(box[0], 0), max(box[1], 0), min(box[2], size[0]), min(box[3], size[1])
        page.clipped += inside != box
        if inside[0] >= inside[2] or inside[1] >= inside[3]:
            continue
        number = kept.setdefault(word.line, len(kept))
        words.append(Word(word.text, inside, number))
        inks[word.text, inside] = ink
        boxes.setdefault(number, []).append(inside)
    page.lines = [Line(page.lines[old].text, union(boxes[number])) for old, number in kept.items()]
    page.words, page.inks = words, inks
    page.replace(sampled)


def _placed(ink: Ink, matrix: Matrix, back: np.ndarray) -> tuple[Ink, Box] | None:
    """The ink sampled just as the picture is, and the box of what is left of it; None when nothing is."""
    width, height = ink.mask.size
    corners = [
        transform((x, y), matrix) for x in (ink.x - 1, ink.x + width + 1) for y in (ink.y - 1, ink.y + height + 1)
    ]
    left, top = math.floor(min(x for x, _ in corners)) - 1, math.floor(min(y for _, y in corners)) - 1
    right, bottom = math.ceil(max(x for x, _ in corners)) + 1, math.ceil(max(y for _, y in corners)) + 1
    # A rim of a pixel without ink: at its own border the sampler would not blend ink with nothing.
    mask = Image.new("L", (width + 2, height + 2))
    ImageDraw.Draw(mask).draw.draw_bitmap((1, 1), ink.mask, 255)
    local = _shift(1 - ink.x, 1 - ink.y) @ back @ _shift(left, top)
    drawn = mask.transform(
        (right - left, bottom - top), Image.Transform.PERSPECTIVE, _data(local), resample=Image.Resampling.BILINEAR
    )
    ink_box = drawn.getbbox()
    if ink_box is None:
        return None
    box = left + ink_box[0], top + ink_box[1], left + ink_box[2], top + ink_box[3]
    return Ink(drawn.crop(ink_box).im, box[0], box[1]), box


def _shift(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], dtype=float)


def _data(back: np.ndarray) -> tuple[float, ...]:
    """New to old pixels as Pillow wants it: eight numbers, the ninth is one."""
    return tuple(float(value) for value in (back / back[2, 2]).flatten()[:8])
