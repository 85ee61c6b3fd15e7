"""Bars, lines, points and slices without any text: drawn by Pillow, or plotted by matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from fc_pipeline.images.synthesis.colour import Colour
from fc_pipeline.images.synthesis.documents.chart_data import Chart
from fc_pipeline.images.synthesis.documents.sheet import Sheet
from fc_pipeline.images.synthesis.page import Page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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


def draw_axes(sheet: Sheet, frame: Frame, *, across: Sequence[float] = (), up: Sequence[float] = ()) -> None:
    """Grid lines at values of x (`across`) and y (`up`), and the two axes."""
    draw, pale, ink = sheet.page.draw, sheet.grey(0.15), sheet.style.ink
    for value in up:
        draw.line((frame.left, frame.y(value), frame.right, frame.y(value)), fill=pale)
    for value in across:
        draw.line((frame.x(value), frame.top, frame.x(value), frame.bottom), fill=pale)
    draw.line((frame.left, frame.top, frame.left, frame.bottom), fill=ink)
    draw.line((frame.left, frame.bottom, frame.right, frame.bottom), fill=ink)


def draw_bars(page: Page, frame: Frame, values: Sequence[int], colour: Colour, *, flat: bool) -> None:
    """One bar a category, upright or lying (`flat`, the first one at the top)."""
    for number, value in enumerate(values):
        if flat:
            place = len(values) - 1 - number
            left, right = frame.left + 1, round(frame.x(value))
            top, bottom = round(frame.y(place + 0.32)), round(frame.y(place - 0.32))
        else:
            left, right = round(frame.x(number - 0.32)), round(frame.x(number + 0.32))
            top, bottom = round(frame.y(value)), frame.bottom - 1
        page.draw.rectangle((left, top, right, bottom), fill=colour)


def draw_line(page: Page, frame: Frame, values: Sequence[int], colour: Colour) -> None:
    """A line with a dot at each value."""
    points = [(frame.x(number), frame.y(value)) for number, value in enumerate(values)]
    page.draw.line(points, fill=colour, width=2, joint="curve")
    for x, y in points:
        page.draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=colour)


def plot(
    sheet: Sheet, frame: Frame, draw: Callable[[Axes, Chart, Sequence[Rgb], Rgb], None], chart: Chart,
    colours: Sequence[Colour], *, up: Sequence[float] = (), across: Sequence[float] = (), grid: bool = True,
) -> None:  # fmt: skip
    """Let matplotlib draw marks, ticks at the values and spines inside the frame, and no text, on an empty sheet.

    `draw` gets the axes, the chart, its colours and that of the paper. Settings are matplotlib's defaults, whatever the
    user's matplotlibrc says.
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
        axes.set(xlim=frame.x_range, ylim=frame.y_range, xticks=list(across), yticks=list(up))
        axes.tick_params(labelbottom=False, labelleft=False, color=_rgb(sheet.style.ink))
        if grid:
            axes.grid(True, color=_rgb(sheet.grey(0.15)), linewidth=0.8)
        axes.set_axisbelow(True)
        draw(axes, chart, [_rgb(colour) for colour in colours], paper)
        canvas.draw()
        image = Image.frombuffer("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba()), "raw", "RGBA", 0, 1)
    sheet.page.replace(image.convert("RGB"))


def plot_bars(axes: Axes, chart: Chart, colours: Sequence[Rgb], paper: Rgb) -> None:
    """Bars of each series side by side."""
    width = 0.8 / len(chart.series)
    for index, (values, colour) in enumerate(zip(chart.series.values(), colours, strict=False)):
        places = [number - 0.4 + (index + 0.5) * width for number in range(len(values))]
        axes.bar(places, values, width=width * 0.92, color=colour)


def plot_lines(axes: Axes, chart: Chart, colours: Sequence[Rgb], paper: Rgb) -> None:
    """A line with markers for each series."""
    for values, colour, marker in zip(chart.series.values(), colours, "os^", strict=False):
        axes.plot(range(len(values)), values, color=colour, marker=marker, markersize=4, linewidth=1.6)


def plot_points(axes: Axes, chart: Chart, colours: Sequence[Rgb], paper: Rgb) -> None:
    """Points of each series with a marker of its own."""
    for points, colour, marker in zip(chart.points.values(), colours, "os^", strict=False):
        across, up = zip(*points, strict=True)
        axes.scatter(across, up, s=22, color=colour, marker=marker)


def plot_pie(axes: Axes, chart: Chart, colours: Sequence[Rgb], paper: Rgb) -> None:
    """Slices clockwise from the top; axes are hidden."""
    edge = {"edgecolor": paper, "linewidth": 1.5}
    axes.pie(chart.values, colors=list(colours), startangle=90, counterclock=False, wedgeprops=edge)


def _rgb(colour: Colour) -> Rgb:
    red, green, blue = (part / 255 for part in colour)
    return red, green, blue
