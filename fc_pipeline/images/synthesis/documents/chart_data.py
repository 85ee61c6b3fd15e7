"""What a chart shows: names, numbers, a title and axis labels."""

import math
import random
from dataclasses import dataclass

from fc_pipeline.images.synthesis.documents.sheet import Sheet, fitted
from fc_pipeline.images.synthesis.fields import MONTHS

UNITS = ("", "", " (%)", " (kg)", " (EUR)", " (m)", " (h)", " (thousand)", " (million)")


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

    @property
    def values(self) -> list[int]:
        """Of the first series."""
        return next(iter(self.series.values()))

    def axes(self, layout: str) -> tuple[str, str]:
        """The labels of the x-axis and the y-axis as drawn; lying bars exchange them."""
        return (self.y_label, self.x_label) if layout == "flat" else (self.x_label, self.y_label)


def draw_chart(sheet: Sheet) -> Chart:
    """A chart by chance for the layout of a sheet, its labels fitted to the sheet's width."""
    rng, layout, fields, room = sheet.rng, sheet.layout, sheet.fields, sheet.right - sheet.left
    title = fitted(sheet.text.title(rng), sheet.heading(1.3), room)
    # All three are drawn, whichever is needed: the draws that follow hang on it.
    count = {"pie": rng.randint(3, 6), "line": rng.randint(4, 8), "lines": rng.randint(4, 8)}.get(
        layout, rng.randint(3, 7)
    )
    slot = {"flat": room * 0.3, "pie": room * 0.26}.get(layout, (room - 50) / count - 6)
    ordered = layout in ("line", "lines") or (layout in ("bar", "grouped") and rng.random() < 0.3)
    categories = _draw_names(sheet, count, width=slot, ordered=ordered)
    number = rng.randint(2, 3) if layout in ("grouped", "lines") else rng.randint(1, 3) if layout == "scatter" else 1
    names = _draw_names(sheet, number, width=room / 3 - 30)
    labels = fields.distinct(fields.label, 2)
    y_label = fitted(f"{labels[1]}{rng.choice(UNITS)}", sheet.bold, room * 0.8)
    series: dict[str, list[int]] = {}
    points: dict[str, list[tuple[int, int]]] = {}
    if layout == "scatter":
        categories, rising = [], rng.random() < 0.5
        points = {name: _draw_points(rng, rng.randint(5, 14), rising=rising) for name in names}
    elif layout == "pie":
        series = {names[0]: _draw_percentages(rng, count)}
    else:
        most = rng.choice((10, 20, 50, 100, 400, 1000, 5000))
        series = {name: _draw_values(rng, count, top=most) for name in names}
    return Chart(title, fitted(labels[0], sheet.bold, room * 0.8), y_label, categories, series, points)


def _draw_names(sheet: Sheet, count: int, *, width: float, ordered: bool = False) -> list[str]:
    """Names that fit a width in pixels, all different; months or years when they are an order in time."""
    rng, fields, pen = sheet.rng, sheet.fields, sheet.body
    if ordered and rng.random() < 0.5:
        first = rng.randrange(12)
        return [fitted(MONTHS[(first + number) % 12][:3], pen, width) for number in range(count)]
    if ordered:
        first, step = rng.randint(1950, 2010), rng.choice((1, 1, 2, 5))
        return [str(first + number * step) for number in range(count)]

    def name() -> str:
        while True:
            made = fields.word().capitalize() if rng.random() < 0.5 else fields.surname()
            if pen.width(made) <= width or rng.random() < 0.02:
                return fitted(made, pen, width)

    return fields.distinct(name, count)


def _draw_values(rng: random.Random, count: int, *, top: int) -> list[int]:
    """Whole numbers of 1 to `top`, some with a trend."""
    slope = rng.choice((0.0, 0.0, rng.uniform(-0.6, 0.6)))
    shares = [rng.uniform(0.15, 0.95) + slope * (number / count - 0.5) for number in range(count)]
    return [max(1, round(top * min(1.0, max(0.05, share)))) for share in shares]


def _draw_percentages(rng: random.Random, count: int) -> list[int]:
    """Whole percentages, each at least 3, that sum to 100."""
    free = 100 - 3 * count
    cuts = sorted(rng.randint(0, free) for _ in range(count - 1))
    return [3 + end - start for start, end in zip([0, *cuts], [*cuts, free], strict=True)]


def _draw_points(rng: random.Random, count: int, *, rising: bool) -> list[tuple[int, int]]:
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
