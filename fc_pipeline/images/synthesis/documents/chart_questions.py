"""What a chart says in a sentence, and questions that its picture answers."""

from __future__ import annotations

import random

from fc_pipeline.images.synthesis.documents.chart_data import Chart, clear
from fc_pipeline.images.synthesis.documents.layout import ask, ask_json, keep_questions
from fc_pipeline.images.synthesis.page import Page

WHAT = {
    "bar": "A bar chart",
    "flat": "A chart of horizontal bars",
    "line": "A line chart",
    "grouped": "A grouped bar chart",
    "lines": "A chart with several lines",
    "scatter": "A scatter chart",
    "pie": "A pie chart",
}
PARTS = {"bar": "bars", "flat": "bars", "line": "points", "pie": "slices", "grouped": "groups of bars"}


def describe(chart: Chart, layout: str) -> str:
    """Kind, title, axes and all numbers."""
    opening = f'{WHAT[layout]} titled "{chart.title}".'
    if layout == "scatter":
        parts = [f"{name}: {len(points)} points, {_trend(points)}" for name, points in chart.points.items()]
        return f"{opening} {chart.y_label} against {chart.x_label}. {'; '.join(parts)}."
    mark = "%" if layout == "pie" else ""
    told = []
    for name, values in chart.series.items():
        pairs = ", ".join(f"{label} {value}{mark}" for label, value in zip(chart.categories, values, strict=True))
        told.append(f"{name}: {pairs}" if len(chart.series) > 1 else pairs)
    axes = "" if layout == "pie" else f" {chart.y_label} by {chart.x_label}."
    return f"{opening}{axes} {'; '.join(told)}."


def ask_about(page: Page, rng: random.Random, chart: Chart, layout: str, *, labelled: bool) -> None:
    """Questions about the text, the marks and, where they are written (`labelled`), the values."""
    ask(page, rng, "extractive", ("What is the title of the chart?", "Read the title."), chart.title)
    if layout != "pie":
        across, up = (chart.y_label, chart.x_label) if layout == "flat" else (chart.x_label, chart.y_label)
        ask(page, rng, "extractive", ("What is the label of the x-axis?", "What does the x-axis show?"), across)
        ask(page, rng, "extractive", ("What is the label of the y-axis?", "What does the y-axis show?"), up)
    if len(chart.names) > 1:
        wordings = ("How many series has the legend?", "How many series are shown?")
        ask(page, rng, "count", wordings, str(len(chart.names)))
        ask(page, rng, "extractive", ("Which series does the legend name first?",), chart.names[0])
    if layout == "scatter":
        name, points = rng.choice(sorted(chart.points.items()))
        of = f" of {name}" if len(chart.points) > 1 else ""
        rises = "yes" if _trend(points) == "rising" else "no"
        ask(page, rng, "yes_no", (f"Do the points{of} rise from left to right?",), rises)
    elif layout in ("grouped", "lines"):
        _ask_series(page, rng, chart)
    else:
        _ask_values(page, rng, chart, layout, labelled=labelled)
    if layout in PARTS:
        part = PARTS[layout]
        ask(page, rng, "count", (f"How many {part} has the chart?", f"Count the {part}."), str(len(chart.categories)))
    keep_questions(page, rng)


def _ask_series(page: Page, rng: random.Random, chart: Chart) -> None:
    """Which series is the largest at a category."""
    place = rng.randrange(len(chart.categories))
    values = [series[place] for series in chart.series.values()]
    best = values.index(max(values))
    if clear(values, best):
        label = chart.categories[place]
        wordings = (f"Which series is the largest at {label}?", f"At {label}, which series has the highest value?")
        ask(page, rng, "choice", wordings, chart.names[best])


def _ask_values(page: Page, rng: random.Random, chart: Chart, layout: str, *, labelled: bool) -> None:
    """Largest and smallest, a comparison; a value and two as JSON where they are written."""
    values = next(iter(chart.series.values()))
    names, part = chart.categories, "slice" if layout == "pie" else "value"
    for word, index in (("largest", values.index(max(values))), ("smallest", values.index(min(values)))):
        if clear(values, index):
            ask(
                page,
                rng,
                "choice",
                (f"Which has the {word} {part}?", f"What is the name with the {word} {part}?"),
                names[index],
            )
    one, other = rng.sample(range(len(names)), k=2)
    if clear([values[one], values[other]], 0):
        larger = "yes" if values[one] > values[other] else "no"
        ask(page, rng, "yes_no", (f"Is {names[one]} larger than {names[other]}?",), larger)
    if labelled:
        written = [f"{value}%" if layout == "pie" else str(value) for value in values]
        pairs = dict(zip(names, written, strict=True))
        name = rng.choice(names)
        ask(page, rng, "cell", (f"What is the value of {name}?", f"How much is {name}?"), pairs[name])
        ask_json(page, rng, pairs)
        page.meta["arithmetic"] = [["largest", written, max(written, key=lambda text: int(text.strip("%")))]]


def _trend(points: list[tuple[int, int]]) -> str:
    """Whether y rises with x: the sign of the covariance."""
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    return "rising" if sum((x - middle_x) * (y - middle_y) for x, y in points) > 0 else "falling"
