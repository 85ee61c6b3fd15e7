"""What a chart shows (names, numbers, a title, axis labels), the same in a sentence, and questions about it."""

import math
import random
from dataclasses import dataclass
from statistics import covariance

from fc_pipeline.images.synthesis.documents.sheet import Sheet, fitted
from fc_pipeline.images.synthesis.fields import MONTHS

UNITS = ("", "", " (%)", " (kg)", " (EUR)", " (m)", " (h)", " (thousand)", " (million)")
TITLES = {
    "bar": "A bar chart",
    "flat": "A chart of horizontal bars",
    "line": "A line chart",
    "grouped": "A grouped bar chart",
    "lines": "A chart with several lines",
    "scatter": "A scatter chart",
    "pie": "A pie chart",
}
PARTS = {"bar": "bars", "flat": "bars", "line": "points", "pie": "slices", "grouped": "groups of bars"}
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
        return list(self.series or self.points)

    @property
    def values(self) -> list[int]:
        """Of the first series."""
        return next(iter(self.series.values()))

    @property
    def ticks(self) -> list[int]:
        """0 and three to six multiples of 1, 2 or 5 times a power of ten, the last one at least the largest value."""
        most, step = 100 if self.points else max(max(values) for values in self.series.values()), 1
        while most > 5 * step:
            power = 10 ** int(math.log10(step))
            step = {1: 2, 2: 5, 5: 10}[step // power] * power
        return list(range(0, step * (-(-most // step)) + 1, step))

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
        most = min(most, 100) if "%" in y_label else most
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


def describe(chart: Chart, layout: str) -> str:
    """Kind, title, axes and all numbers."""
    opening = f'{TITLES[layout]} titled "{chart.title}".'
    if layout == "scatter":
        parts = [f"{name}: {len(points)} points, {_trend(points)}" for name, points in chart.points.items()]
        return f"{opening} {chart.y_label} against {chart.x_label}. {'; '.join(parts)}."
    mark = "%" if layout == "pie" else ""
    parts = []
    for name, values in chart.series.items():
        pairs = ", ".join(f"{label} {value}{mark}" for label, value in zip(chart.categories, values, strict=True))
        parts.append(f"{name}: {pairs}" if len(chart.series) > 1 else pairs)
    axes = "" if layout == "pie" else f" {chart.y_label} by {chart.x_label}."
    return f"{opening}{axes} {'; '.join(parts)}."


def ask_about(sheet: Sheet, chart: Chart, *, labelled: bool) -> None:
    """Questions about the text, the marks and, where they are written (`labelled`), the values."""
    rng, layout = sheet.rng, sheet.layout
    sheet.ask("extractive", chart.title, "What is the title of the chart?", "Read the title.")
    if layout != "pie":
        for axis, label in zip("xy", chart.axes(layout), strict=True):
            wordings = f"What is the label of the {axis}-axis?", f"What does the {axis}-axis show?"
            sheet.ask("extractive", label, *wordings)
    if len(chart.names) > 1:
        sheet.ask("count", str(len(chart.names)), "How many series has the legend?", "How many series are shown?")
        sheet.ask("extractive", chart.names[0], "Which series does the legend name first?")
    if layout == "scatter":
        name, points = rng.choice(sorted(chart.points.items()))
        of = f" of {name}" if len(chart.points) > 1 else ""
        rises = "yes" if _trend(points) == "rising" else "no"
        sheet.ask("yes_no", rises, f"Do the points{of} rise from left to right?")
    elif layout in ("grouped", "lines"):
        place = rng.randrange(len(chart.categories))
        values, label = [series[place] for series in chart.series.values()], chart.categories[place]
        best = values.index(max(values))
        if _clear(values, best):
            wordings = f"Which series is the largest at {label}?", f"At {label}, which series has the highest value?"
            sheet.ask("choice", chart.names[best], *wordings)
    else:
        _ask_values(sheet, chart, labelled=labelled)
    if layout in PARTS:
        part = PARTS[layout]
        sheet.ask("count", str(len(chart.categories)), f"How many {part} has the chart?", f"Count the {part}.")


def _ask_values(sheet: Sheet, chart: Chart, *, labelled: bool) -> None:
    """Largest and smallest, a comparison; a value and two as JSON where they are written."""
    rng, values, names, pie = sheet.rng, chart.values, chart.categories, sheet.layout == "pie"
    part = "slice" if pie else "value"
    for word, index in (("largest", values.index(max(values))), ("smallest", values.index(min(values)))):
        if _clear(values, index):
            wordings = f"Which has the {word} {part}?", f"What is the name with the {word} {part}?"
            sheet.ask("choice", names[index], *wordings)
    one, other = rng.sample(range(len(names)), k=2)
    if _clear([values[one], values[other]], 0):
        larger = "yes" if values[one] > values[other] else "no"
        sheet.ask("yes_no", larger, f"Is {names[one]} larger than {names[other]}?")
    if labelled:
        written = [f"{value}%" if pie else str(value) for value in values]
        pairs = dict(zip(names, written, strict=True))
        name = rng.choice(names)
        sheet.ask("cell", pairs[name], f"What is the value of {name}?", f"How much is {name}?")
        sheet.ask_json(pairs)
        largest = max(written, key=lambda text: int(text.strip("%")))
        sheet.page.meta["arithmetic"] = [["largest", written, largest]]


def _clear(values: list[int], index: int) -> bool:
    """Whether one value is plainly the largest or smallest: no other lies within CLEAR of the largest beside it."""
    near = CLEAR * max(values)
    return all(abs(value - values[index]) > near for other, value in enumerate(values) if other != index)


def _trend(points: list[tuple[int, int]]) -> str:
    return "rising" if covariance(*zip(*points, strict=True)) > 0 else "falling"
