"""Bars, lines, points and slices without any text: drawn by Pillow, or plotted by matplotlib."""

from collections.abc import Sequence
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
    sheet: Sheet, frame: Frame, chart: Chart, colours: Sequence[Colour], *, up: Sequence[float] = (),
    across: Sequence[float] = (),
) -> None:  # fmt: skip
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
        axes.set(xlim=frame.x_range, ylim=frame.y_range, xticks=list(across), yticks=list(up))
        axes.tick_params(labelbottom=False, labelleft=False, color=_rgb(sheet.style.ink))
        if sheet.layout != "pie":
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
            axes.scatter(*zip(*chart.points[name], strict=True), s=22, color=colour, marker=marker)
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
