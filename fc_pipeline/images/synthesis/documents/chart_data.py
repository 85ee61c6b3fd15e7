"""What a chart shows: names, numbers, a title and axis labels."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from fc_pipeline.images.synthesis.documents.layout import Pen, fitted
from fc_pipeline.images.synthesis.fields import MONTHS, Fields

UNITS = ("", "", " (%)", " (kg)", " (EUR)", " (m)", " (h)", " (thousand)", " (million)")
CLEAR = 0.06
"""Share of the axis by which numbers differ that a question compares, so that the picture can answer it."""


@dataclass(frozen=True)
class Chart:
    """Values by series and category; a scatter chart has `points` by series."""

    title: str
    x_label: str
    y_label: str
    categories: list[str]
    series: dict[str, list[int]]
    points: dict[str, list[tuple[int, int]]]

    @property
    def names(self) -> list[str]:
        """Of the series."""
        return list(self.series or self.points)


def draw_categories(fields: Fields, pen: Pen, *, count: int, width: float, ordered: bool) -> list[str]:
    """Names that fit a width in pixels, all different; months or years when they are an order in time."""
    if ordered and fields.rng.random() < 0.5:
        first = fields.rng.randrange(12)
        return [fitted(MONTHS[(first + number) % 12][:3], pen, width) for number in range(count)]
    if ordered:
        first, step = fields.rng.randint(1950, 2010), fields.rng.choice((1, 1, 2, 5))
        return [str(first + number * step) for number in range(count)]
    found: dict[str, None] = {}
    while len(found) < count:
        name = fields.word().capitalize() if fields.rng.random() < 0.5 else fields.surname()
        if pen.width(name) <= width or fields.rng.random() < 0.02:
            found[fitted(name, pen, width)] = None
    return list(found)


def draw_values(rng: random.Random, count: int, *, top: int) -> list[int]:
    """Whole numbers of 1 to `top`, some with a trend."""
    slope = rng.choice((0.0, 0.0, rng.uniform(-0.6, 0.6)))
    shares = [rng.uniform(0.15, 0.95) + slope * (number / count - 0.5) for number in range(count)]
    return [max(1, round(top * min(1.0, max(0.05, share)))) for share in shares]


def draw_percentages(rng: random.Random, count: int) -> list[int]:
    """Whole percentages, each at least 3, that sum to 100."""
    free = 100 - 3 * count
    cuts = sorted(rng.randint(0, free) for _ in range(count - 1))
    return [3 + end - start for start, end in zip([0, *cuts], [*cuts, free], strict=True)]


def draw_points(rng: random.Random, count: int, *, rising: bool) -> list[tuple[int, int]]:
    """Points of 0 to 100 around a rising or a falling line, by x."""
    points = []
    for _ in range(count):
        x = rng.randint(2, 98)
        y = (x if rising else 100 - x) * 0.7 + 15 + rng.gauss(0, 7)
        points.append((x, round(min(98, max(2, y)))))
    return sorted(points)


def ticks(most: int) -> list[int]:
    """0 and three to six multiples of 1, 2 or 5 times a power of ten, the last one at least `most`."""
    step = 1
    while most > 5 * step:
        power = 10 ** int(math.log10(step))
        step = {1: 2, 2: 5, 5: 10}[step // power] * power
    return list(range(0, step * (-(-most // step)) + 1, step))


def clear(values: list[int], index: int) -> bool:
    """Whether one value is plainly the largest or smallest: no other lies within CLEAR of the largest beside it."""
    near = CLEAR * max(values)
    return all(abs(value - values[index]) > near for other, value in enumerate(values) if other != index)
