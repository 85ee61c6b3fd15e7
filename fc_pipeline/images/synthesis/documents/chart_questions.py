"""What a chart says in a sentence, and questions that its picture answers."""

from fc_pipeline.images.synthesis.documents.chart_data import Chart
from fc_pipeline.images.synthesis.documents.sheet import Sheet

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
    """Whether y rises with x: the sign of the covariance."""
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    return "rising" if sum((x - middle_x) * (y - middle_y) for x, y in points) > 0 else "falling"
