"""Bar, line, pie and scatter charts with title, axis labels, ticks and legend: drawn by Pillow or by matplotlib.

All text is drawn by the page, so its boxes are exact; the label of the y-axis stands above it, not on its side.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from fc_pipeline.images.synthesis.colour import Colour, from_hsv
from fc_pipeline.images.synthesis.documents.chart_data import Chart, ask_about, describe, draw_chart
from fc_pipeline.images.synthesis.documents.sheet import Sheet, draw_style
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Page, TextPool

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZES = ((448, 448), (448, 320), (448, 336), (384, 384))
Rgb = tuple[float, float, float]
DPI = 100


@dataclass(frozen=True)
class Frame:
    """The rectangle of the plot in pixels, and what its edges stand for."""

    left: int
    top: int
    right: int
    bottom: int
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x(self, value: float) -> float:
        """Pixels from the left of the page."""
        low, high = self.x_range
        return self.left + (value - low) / (high - low) * (self.right - self.left)

    def y(self, value: float) -> float:
        """Pixels from the top of the page."""
        low, high = self.y_range
        return self.bottom - (value - low) / (high - low) * (self.bottom - self.top)


def _draw_marks(sheet: Sheet, frame: Frame, chart: Chart, colour: Colour) -> None:
    """Grid lines, the two axes, and the values of one series: a line with dots, or bars (lying ones from the top)."""
    draw, pale, ink, flat = sheet.page.draw, sheet.grey(0.15), sheet.style.ink, sheet.layout == "flat"
    left, bottom = frame.left, frame.bottom
    for tick in chart.ticks:
        x, y = frame.x(tick), frame.y(tick)
        draw.line((x, frame.top, x, bottom) if flat else (left, y, frame.right, y), fill=pale)
    draw.line((left, frame.top, left, bottom), fill=ink)
    draw.line((left, bottom, frame.right, bottom), fill=ink)
    if sheet.layout == "line":
        points = [(frame.x(number), frame.y(value)) for number, value in enumerate(chart.values)]
        draw.line(points, fill=colour, width=2, joint="curve")
        for x, y in points:
            draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=colour)
        return
    for number, value in enumerate(chart.values):
        if flat:
            place = len(chart.values) - 1 - number
            high, low = round(frame.y(place + 0.32)), round(frame.y(place - 0.32))
            draw.rectangle((left + 1, high, round(frame.x(value)), low), fill=colour)
        else:
            start, end = round(frame.x(number - 0.32)), round(frame.x(number + 0.32))
            draw.rectangle((start, round(frame.y(value)), end, bottom - 1), fill=colour)


def _plot(sheet: Sheet, frame: Frame, chart: Chart, colours: Sequence[Colour]) -> None:
    """Let matplotlib draw the marks of the sheet's layout, ticks at the values and spines inside the frame, no text.

    The sheet must be empty. Settings are matplotlib's defaults, whatever the user's matplotlibrc says.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height, paper = sheet.width, sheet.height, _rgb(sheet.style.paper)
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=paper)
        canvas = FigureCanvasAgg(figure)
        spans = (frame.right - frame.left) / width, (frame.bottom - frame.top) / height
        axes = figure.add_axes((frame.left / width, 1 - frame.bottom / height, *spans), facecolor=paper)
        axes.set(xlim=frame.x_range, ylim=frame.y_range, xticks=[], yticks=[])
        axes.tick_params(labelbottom=False, labelleft=False, color=_rgb(sheet.style.ink))
        if sheet.layout != "pie":
            axes.set(xticks=chart.ticks if chart.points else range(len(chart.categories)), yticks=chart.ticks)
            axes.grid(True, color=_rgb(sheet.grey(0.15)), linewidth=0.8)
        axes.set_axisbelow(True)
        _plot_marks(axes, sheet.layout, chart, [_rgb(colour) for colour in colours], paper)
        canvas.draw()
        image = Image.frombuffer("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba()), "raw", "RGBA", 0, 1)
    sheet.page.replace(image.convert("RGB"))


def _plot_marks(axes: "Axes", layout: str, chart: Chart, colours: Sequence[Rgb], paper: Rgb) -> None:
    """Slices clockwise from the top; or for each series points, a line with markers, or bars beside the others'."""
    if layout == "pie":
        edge = {"edgecolor": paper, "linewidth": 1.5}
        axes.pie(chart.values, colors=list(colours), startangle=90, counterclock=False, wedgeprops=edge)
        return
    width = 0.8 / len(chart.names)
    for index, (name, colour, marker) in enumerate(zip(chart.names, colours, "os^", strict=False)):
        if layout == "scatter":
            across, up = zip(*chart.points[name], strict=True)
            axes.scatter(across, up, s=22, color=colour, marker=marker)
            continue
        values = chart.series[name]
        if layout == "lines":
            axes.plot(range(len(values)), values, color=colour, marker=marker, markersize=4, linewidth=1.6)
        else:
            places = [number - 0.4 + (index + 0.5) * width for number in range(len(values))]
            axes.bar(places, values, width=width * 0.92, color=colour)


def _rgb(colour: Colour) -> Rgb:
    red, green, blue = (part / 255 for part in colour)
    return red, green, blue


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """A chart in a layout: bar and line by Pillow; grouped, lines, scatter, pie by matplotlib; flat (lying bars)."""
    style = draw_style(rng, faces, styles=("sans", "serif"), sizes=(10, 13), margins=(10, 16))
    sheet = Sheet(rng, text, style, layout, rng.choice(SIZES))
    page, body, title = sheet.page, sheet.body, sheet.heading(1.3, style.ink)
    chart = draw_chart(sheet)
    count, first = max(len(chart.names), len(chart.categories)), rng.random()
    # Hues lie evenly on the circle; all are dark enough to be seen on the paper.
    colours = [from_hsv((first + number / count) % 1, 0.8, 0.78 - 0.3 * (number % 2)) for number in range(count)]
    legend_top = top = sheet.top + title.leading + 4
    if len(chart.names) > 1:
        top += body.leading + 4
    labelled = layout == "flat" or (layout == "bar" and rng.random() < 0.6)
    if layout == "pie":
        side = min(sheet.bottom - top, round(sheet.width * 0.55))
        frame = Frame(sheet.left, top, sheet.left + side, top + side, (-1.0, 1.0), (-1.0, 1.0))
    else:
        frame = _frame(sheet, chart, top)
    if layout in ("bar", "line", "flat"):
        _draw_marks(sheet, frame, chart, colours[0])
    else:
        _plot(sheet, frame, chart, colours)
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


def _frame(sheet: Sheet, chart: Chart, top: int) -> Frame:
    """The plot between the labels; ranges from the values."""
    body, flat, steps = sheet.body, sheet.layout == "flat", chart.ticks
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
    numbers = [(tick, str(tick)) for tick in chart.ticks]
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
    body = sheet.body
    for number, value in enumerate(values):
        if sheet.layout == "flat":
            y = round(frame.y(len(values) - 1 - number)) - body.ascent // 2 - body.size // 6
            sheet.write(str(value), top=y, left=round(frame.x(value)) + 4)
        else:
            x, y = round(frame.x(number)), round(frame.y(value)) - body.leading
            sheet.write(str(value), top=y, left=x - 50, right=x + 50, align="centre")
