"""Bar, line, pie and scatter charts with title, axis labels, ticks and legend.

All text is drawn by the page, so its boxes are exact; the label of the y-axis stands above it, not on its side.
"""

import random
from collections.abc import Sequence

from fc_pipeline.images.synthesis.colour import Colour, from_hsv
from fc_pipeline.images.synthesis.documents import chart_marks as marks
from fc_pipeline.images.synthesis.documents.chart_data import Chart, draw_chart, ticks
from fc_pipeline.images.synthesis.documents.chart_marks import Frame
from fc_pipeline.images.synthesis.documents.chart_questions import ask_about, describe
from fc_pipeline.images.synthesis.documents.sheet import Sheet, draw_style
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Page, TextPool

SIZES = ((448, 448), (448, 320), (448, 336), (384, 384))


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """A chart in a layout: bar and line by Pillow; grouped, lines, scatter, pie by matplotlib; flat (lying bars)."""
    style = draw_style(rng, faces, styles=("sans", "serif"), sizes=(10, 13), margins=(10, 16))
    sheet = Sheet(rng, text, style, layout, rng.choice(SIZES))
    page, body, title = sheet.page, sheet.body, sheet.heading(1.3, style.ink)
    chart = draw_chart(sheet)
    colours = _colours(rng, max(len(chart.names), len(chart.categories)))
    legend_top = top = sheet.top + title.leading + 4
    if len(chart.names) > 1:
        top += body.leading + 4
    labelled = layout == "flat" or (layout == "bar" and rng.random() < 0.6)
    if layout == "pie":
        side = min(sheet.bottom - top, round(sheet.width * 0.55))
        frame = Frame(sheet.left, top, sheet.left + side, top + side, (-1.0, 1.0), (-1.0, 1.0))
        marks.plot(sheet, frame, chart, colours)
    else:
        frame = _frame(sheet, chart, top)
        _draw_marks(sheet, chart, frame, colours)
    sheet.write(chart.title, title, align="centre")
    if len(chart.names) > 1:
        left = sheet.left + 6
        for name, colour in zip(chart.names, colours, strict=False):
            left = _swatch(sheet, colour, left=left, top=legend_top)
            sheet.write(name, top=legend_top, left=left)
            left += round(body.width(name)) + 14
    if layout == "pie":
        sheet.top, left = top + 10, round(sheet.width * 0.6)
        for name, value, colour in zip(chart.categories, chart.values, colours, strict=False):
            sheet.write(f"{name} {value}%", left=_swatch(sheet, colour, left=left, top=sheet.top))
            sheet.top += 4
    else:
        _labels(sheet, chart, frame, top=top)
    if labelled:
        _value_labels(sheet, chart.values, frame)
    page.caption = describe(chart, layout)
    page.meta["data"] = {"categories": chart.categories, "series": chart.series, "points": chart.points}
    ask_about(sheet, chart, labelled=labelled or layout == "pie")
    return sheet.finish()


def _colours(rng: random.Random, count: int) -> list[Colour]:
    """Colours whose hues lie evenly on the circle, dark enough to be seen on the paper."""
    first = rng.random()
    return [from_hsv((first + number / count) % 1, 0.8, 0.78 - 0.3 * (number % 2)) for number in range(count)]


def _frame(sheet: Sheet, chart: Chart, top: int) -> Frame:
    """The plot between the labels; ranges from the values."""
    body, flat, steps = sheet.body, sheet.layout == "flat", _ticks(chart)
    up = chart.categories if flat else [str(tick) for tick in steps]
    most = float(steps[-1])
    names, values = (-0.5, len(chart.categories) - 0.5), (0.0, most * (1.12 if sheet.layout in ("bar", "flat") else 1))
    if chart.points:
        names = values = (0.0, 100.0)
    return Frame(
        left=sheet.left + round(max(body.width(label) for label in up)) + 9,
        top=top + body.leading + 9,
        right=sheet.right - (round(body.width(str(int(most)))) // 2 + 2),
        bottom=sheet.bottom - 2 * body.leading - 10,
        x_range=values if flat else names,
        y_range=names if flat else values,
    )


def _ticks(chart: Chart) -> list[int]:
    return ticks(100 if chart.points else max(max(values) for values in chart.series.values()))


def _draw_marks(sheet: Sheet, chart: Chart, frame: Frame, colours: Sequence[Colour]) -> None:
    steps, layout = _ticks(chart), sheet.layout
    if layout in ("grouped", "lines", "scatter"):
        across = steps if chart.points else range(len(chart.categories))
        marks.plot(sheet, frame, chart, colours, up=steps, across=across)
    elif layout == "line":
        marks.draw_axes(sheet, frame, up=steps)
        marks.draw_line(sheet.page, frame, chart.values, colours[0])
    else:
        marks.draw_axes(sheet, frame, **{"across" if layout == "flat" else "up": steps})
        marks.draw_bars(sheet.page, frame, chart.values, colours[0], flat=layout == "flat")


def _swatch(sheet: Sheet, colour: Colour, *, left: int, top: int) -> int:
    """A square in the colour of a series or slice. Returns where its name begins."""
    side, bottom = round(sheet.body.size * 0.8), top + sheet.body.ascent
    sheet.page.draw.rectangle((left, bottom - side, left + side, bottom), fill=colour)
    return left + side + 5


def _labels(sheet: Sheet, chart: Chart, frame: Frame, *, top: int) -> None:
    """The label of the y-axis, its ticks downwards, the ticks of the x-axis, its label."""
    body, flat = sheet.body, sheet.layout == "flat"
    across, up = chart.axes(sheet.layout)
    sheet.write(up, sheet.bold, top=top)
    names = list(enumerate(chart.categories))
    numbers = [(tick, str(tick)) for tick in _ticks(chart)]
    # The first category of lying bars is at the top.
    lying = [(len(names) - 1 - place, name) for place, name in names]
    for value, label in lying if flat else reversed(numbers):
        middle = round(frame.y(value)) - body.ascent // 2 - body.size // 6
        sheet.write(label, top=middle, right=frame.left - 6, align="right")
    for value, label in numbers if flat or chart.points else names:
        x = round(frame.x(value))
        sheet.write(label, top=frame.bottom + 5, left=x - 60, right=x + 60, align="centre")
    bottom = frame.bottom + body.leading + 8
    sheet.write(across, sheet.bold, top=bottom, left=frame.left, right=frame.right, align="centre")


def _value_labels(sheet: Sheet, values: Sequence[int], frame: Frame) -> None:
    """Each value at the end of its bar."""
    body = sheet.body
    for number, value in enumerate(values):
        if sheet.layout == "flat":
            y = round(frame.y(len(values) - 1 - number)) - body.ascent // 2 - body.size // 6
            sheet.write(str(value), top=y, left=round(frame.x(value)) + 4)
        else:
            x, y = round(frame.x(number)), round(frame.y(value)) - body.leading
            sheet.write(str(value), top=y, left=x - 50, right=x + 50, align="centre")
