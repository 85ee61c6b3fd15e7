"""Bar, line, pie and scatter charts with title, axis labels, ticks and legend.

All text is drawn by the page, so its boxes are exact; the label of the y-axis stands above it, not on its side.
"""

from __future__ import annotations

import random
from functools import partial

from fc_pipeline.images.synthesis.documents.chart_data import (
    UNITS,
    Chart,
    draw_categories,
    draw_percentages,
    draw_points,
    draw_values,
    ticks,
)  # fmt: skip
from fc_pipeline.images.synthesis.documents.chart_marks import (
    Frame,
    draw_axes,
    draw_bars,
    draw_line,
    matplotlib_page,
    plot_bars,
    plot_lines,
    plot_pie,
    plot_points,
)  # fmt: skip
from fc_pipeline.images.synthesis.documents.chart_questions import ask_about, describe
from fc_pipeline.images.synthesis.documents.layout import Pen, fitted, heading, pens, write
from fc_pipeline.images.synthesis.documents.look import DrawableText, Look, draw_look, from_hsv
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.fields import Fields
from fc_pipeline.images.synthesis.page import Colour, Kind, Page, TextSupply

SIZES = ((448, 448), (448, 320), (448, 336), (384, 384))
GROUPED = ("grouped", "lines")


def render(rng: random.Random, text: TextSupply, faces: Faces, layout: str) -> Page:
    """A chart in a layout: bar and line by Pillow; grouped, lines, scatter, pie by matplotlib; flat (lying bars)."""
    look = draw_look(rng, faces, styles=("sans", "serif"), sizes=(10, 13), margins=(10, 16))
    fields = Fields(rng, DrawableText(text, (look.body, look.bold)))
    width, height = rng.choice(SIZES)
    body, _, _ = pens(look)
    chart = _chart(fields, look, layout, width)
    colours = _colours(rng, max(len(chart.names), len(chart.categories)))
    legend = chart.names if len(chart.names) > 1 else []
    top = look.margin + heading(look, 1.3).leading + 4
    legend_top = top
    if legend:
        top += body.leading + 4
    labelled = layout == "flat" or (layout == "bar" and rng.random() < 0.6)
    if layout == "pie":
        page = _pie(look, chart, colours, width, height, top)
    else:
        frame = _frame(look, chart, layout, width, height, top)
        page = _plot(look, chart, layout, frame, colours, width, height)
    page.meta["layout"] = layout
    title_pen = heading(look, 1.3, look.ink)
    write(page, chart.title, title_pen, y=look.margin, left=look.margin, right=width - look.margin, align="centre")
    if legend:
        _legend(page, body, legend, colours, top=legend_top, left=look.margin + 6)
    if layout == "pie":
        _pie_legend(page, body, chart, colours, top=top)
    else:
        _labels(page, look, chart, layout, frame, top=top)
    if labelled:
        _value_labels(page, body, chart, frame, flat=layout == "flat")
    page.caption = describe(chart, layout)
    page.meta["data"] = {"categories": chart.categories, "series": chart.series, "points": chart.points}
    ask_about(page, rng, chart, layout, labelled=labelled or layout == "pie")
    return page


def _chart(fields: Fields, look: Look, layout: str, width: int) -> Chart:
    rng = fields.rng
    body, bold, _ = pens(look)
    room = width - 2 * look.margin
    title = fitted(fields.text.title(rng), heading(look, 1.3), room)
    count = {"pie": rng.randint(3, 6), "line": rng.randint(4, 8), "lines": rng.randint(4, 8)}.get(
        layout, rng.randint(3, 7)
    )
    slot = {"flat": room * 0.3, "pie": room * 0.26}.get(layout, (room - 50) / count - 6)
    ordered = layout in ("line", "lines") or (layout in ("bar", "grouped") and rng.random() < 0.3)
    categories = draw_categories(fields, body, count=count, width=slot, ordered=ordered)
    number = rng.randint(2, 3) if layout in GROUPED else (rng.randint(1, 3) if layout == "scatter" else 1)
    names = draw_categories(fields, body, count=number, width=room / 3 - 30, ordered=False)
    labels = fields.distinct("label", 2)
    y_label = fitted(f"{labels[1]}{rng.choice(UNITS)}", bold, room * 0.8)
    series: dict[str, list[int]] = {}
    points: dict[str, list[tuple[int, int]]] = {}
    if layout == "scatter":
        categories, rising = [], rng.random() < 0.5
        points = {name: draw_points(rng, rng.randint(5, 14), rising=rising) for name in names}
    elif layout == "pie":
        series = {names[0]: draw_percentages(rng, count)}
    else:
        most = rng.choice((10, 20, 50, 100, 400, 1000, 5000))
        series = {name: draw_values(rng, count, top=most) for name in names}
    x_label = fitted(labels[0], bold, room * 0.8)
    return Chart(title, x_label, y_label, categories=categories, series=series, points=points)


def _colours(rng: random.Random, count: int) -> list[Colour]:
    """Colours whose hues lie evenly on the circle, dark enough to be seen on the paper."""
    first = rng.random()
    return [from_hsv((first + number / count) % 1, 0.8, 0.78 - 0.3 * (number % 2)) for number in range(count)]


def _frame(look: Look, chart: Chart, layout: str, width: int, height: int, top: int) -> Frame:
    """The plot between the labels; ranges from the values."""
    body, _, _ = pens(look)
    up = chart.categories if layout == "flat" else [str(tick) for tick in _ticks(chart, layout)]
    left = look.margin + round(max(body.width(label) for label in up)) + 9
    count = len(chart.categories)
    most = float(_ticks(chart, layout)[-1])
    names, values = (-0.5, count - 0.5), (0.0, most * (1.12 if layout in ("bar", "flat") else 1.0))
    if layout == "scatter":
        names = values = (0.0, 100.0)
    return Frame(
        left=left,
        top=top + body.leading + 9,
        right=width - look.margin - (round(body.width(str(int(most)))) // 2 + 2),
        bottom=height - look.margin - 2 * body.leading - 10,
        x_range=values if layout == "flat" else names,
        y_range=names if layout == "flat" else values,
    )


def _ticks(chart: Chart, layout: str) -> list[int]:
    if layout == "scatter":
        return ticks(100)
    return ticks(max(max(values) for values in chart.series.values()))


def _plot(look: Look, chart: Chart, layout: str, frame: Frame, colours: list[Colour], width: int, height: int) -> Page:
    steps, places = _ticks(chart, layout), range(len(chart.categories))
    if layout == "scatter":
        return matplotlib_page(
            width, height, look, frame, partial(plot_points, chart=chart, colours=colours), up=steps, across=steps
        )
    if layout in GROUPED:
        plot = plot_bars if layout == "grouped" else plot_lines
        return matplotlib_page(
            width, height, look, frame, partial(plot, chart=chart, colours=colours), up=steps, across=places
        )
    page = look.page(width, height)
    flat = layout == "flat"
    draw_axes(page, look, frame, across=steps if flat else (), up=() if flat else steps)
    values = next(iter(chart.series.values()))
    if layout == "line":
        draw_line(page, frame, values, colours[0])
    else:
        draw_bars(page, frame, values, colours[0], flat=flat)
    return page


def _pie(look: Look, chart: Chart, colours: list[Colour], width: int, height: int, top: int) -> Page:
    """The slices at the left, room for their names at the right."""
    side = min(height - top - look.margin, round(width * 0.55))
    frame = Frame(look.margin, top, look.margin + side, top + side, (-1.0, 1.0), (-1.0, 1.0))
    values = next(iter(chart.series.values()))
    plot = partial(plot_pie, values=values, colours=colours, paper=look.paper)
    return matplotlib_page(width, height, look, frame, plot, grid=False)


def _swatch(page: Page, pen: Pen, colour: Colour, *, x: int, top: int) -> int:
    """A square in the colour of a series or slice. Returns where its name begins."""
    side = round(pen.size * 0.8)
    page.draw.rectangle((x, top + pen.ascent - side, x + side, top + pen.ascent), fill=colour)
    return x + side + 5


def _legend(page: Page, pen: Pen, names: list[str], colours: list[Colour], *, top: int, left: int) -> None:
    for name, colour in zip(names, colours, strict=False):
        left = _swatch(page, pen, colour, x=left, top=top)
        write(page, name, pen, y=top, left=left)
        left += round(pen.width(name)) + 14


def _pie_legend(page: Page, pen: Pen, chart: Chart, colours: list[Colour], *, top: int) -> None:
    left, top = round(page.image.width * 0.6), top + 10
    for name, value, colour in zip(chart.categories, next(iter(chart.series.values())), colours, strict=False):
        write(page, f"{name} {value}%", pen, y=top, left=_swatch(page, pen, colour, x=left, top=top))
        top += pen.leading + 4


def _labels(page: Page, look: Look, chart: Chart, layout: str, frame: Frame, *, top: int) -> None:
    """The label of the y-axis, its ticks downwards, the ticks of the x-axis, its label."""
    body, bold, _ = pens(look)
    flat = layout == "flat"
    up, across = (chart.x_label, chart.y_label) if flat else (chart.y_label, chart.x_label)
    write(page, up, bold, y=top, left=look.margin)
    steps = _ticks(chart, layout)
    names = list(enumerate(chart.categories))
    numbers = [(tick, str(tick)) for tick in steps]
    # The first category of lying bars is at the top.
    lying = [(len(names) - 1 - place, name) for place, name in names]
    for value, label in lying if flat else reversed(numbers):
        middle = round(frame.y(value)) - body.ascent // 2 - body.size // 6
        write(page, label, body, y=middle, left=look.margin, right=frame.left - 6, align="right")
    for value, label in numbers if flat or layout == "scatter" else names:
        x = round(frame.x(value))
        write(page, label, body, y=frame.bottom + 5, left=x - 60, right=x + 60, align="centre")
    bottom = frame.bottom + body.leading + 8
    write(page, across, bold, y=bottom, left=frame.left, right=frame.right, align="centre")


def _value_labels(page: Page, pen: Pen, chart: Chart, frame: Frame, *, flat: bool) -> None:
    """Each value at the end of its bar."""
    values = next(iter(chart.series.values()))
    for number, value in enumerate(values):
        if flat:
            y = round(frame.y(len(values) - 1 - number)) - pen.ascent // 2 - pen.size // 6
            write(page, str(value), pen, y=y, left=round(frame.x(value)) + 4)
        else:
            x, y = round(frame.x(number)), round(frame.y(value)) - pen.leading
            write(page, str(value), pen, y=y, left=x - 50, right=x + 50, align="centre")


KIND = Kind(
    name="document/chart",
    render=render,
    layouts=("bar", "line", "grouped", "lines", "scatter", "pie"),
    held_out=("flat",),
)
