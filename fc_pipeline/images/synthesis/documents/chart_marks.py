"""Bars, lines, points and slices without any text: by Pillow, or by matplotlib for the look of its charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from fc_pipeline.images.synthesis.documents.chart_data import Chart
from fc_pipeline.images.synthesis.documents.look import Look, mixed
from fc_pipeline.images.synthesis.page import Colour, Page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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


def draw_axes(page: Page, look: Look, frame: Frame, *, across: Sequence[float] = (), up: Sequence[float] = ()) -> None:
    """Grid lines at values of x (`across`) and y (`up`), and the two axes."""
    pale = mixed(look.paper, look.ink, 0.15)
    for value in up:
        page.draw.line((frame.left, frame.y(value), frame.right, frame.y(value)), fill=pale)
    for value in across:
        page.draw.line((frame.x(value), frame.top, frame.x(value), frame.bottom), fill=pale)
    page.draw.line((frame.left, frame.top, frame.left, frame.bottom), fill=look.ink)
    page.draw.line((frame.left, frame.bottom, frame.right, frame.bottom), fill=look.ink)


def draw_bars(page: Page, frame: Frame, values: Sequence[int], colour: Colour, *, flat: bool) -> None:
    """One bar a category, upright or lying (`flat`, the first one at the top)."""
    for number, value in enumerate(values):
        if flat:
            y = round(frame.y(len(values) - 1 - number - 0.32))
            box = (frame.left + 1, round(frame.y(len(values) - 1 - number + 0.32)), round(frame.x(value)), y)
        else:
            box = (
                round(frame.x(number - 0.32)),
                round(frame.y(value)),
                round(frame.x(number + 0.32)),
                frame.bottom - 1,
            )
        page.draw.rectangle(box, fill=colour)


def draw_line(page: Page, frame: Frame, values: Sequence[int], colour: Colour) -> None:
    """A line with a dot at each value."""
    points = [(frame.x(number), frame.y(value)) for number, value in enumerate(values)]
    page.draw.line(points, fill=colour, width=2, joint="curve")
    for x, y in points:
        page.draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=colour)


def matplotlib_page(
    width: int, height: int, look: Look, frame: Frame, plot: Callable[[Axes], None], *, up: Sequence[float] = (),
    across: Sequence[float] = (), grid: bool = True,
) -> Page:  # fmt: skip
    """A page on which matplotlib has drawn marks, ticks and spines inside the frame, and no text.

    Ticks stand at the given values. Settings are matplotlib's defaults, whatever the user's matplotlibrc says.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=_rgb(look.paper))
        canvas = FigureCanvasAgg(figure)
        spans = (frame.right - frame.left) / width, (frame.bottom - frame.top) / height
        axes = figure.add_axes((frame.left / width, 1 - frame.bottom / height, *spans), facecolor=_rgb(look.paper))
        axes.set(xlim=frame.x_range, ylim=frame.y_range, xticks=list(across), yticks=list(up))
        axes.tick_params(labelbottom=False, labelleft=False, color=_rgb(look.ink))
        if grid:
            axes.grid(True, color=_rgb(mixed(look.paper, look.ink, 0.15)), linewidth=0.8)
        axes.set_axisbelow(True)
        plot(axes)
        canvas.draw()
        image = Image.frombuffer("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba()), "raw", "RGBA", 0, 1)
    return Page(image.convert("RGB"))


def plot_bars(axes: Axes, chart: Chart, colours: Sequence[Colour]) -> None:
    """Bars of each series side by side."""
    width = 0.8 / len(chart.series)
    for index, (values, colour) in enumerate(zip(chart.series.values(), colours, strict=False)):
        places = [number - 0.4 + (index + 0.5) * width for number in range(len(values))]
        axes.bar(places, values, width=width * 0.92, color=_rgb(colour))


def plot_lines(axes: Axes, chart: Chart, colours: Sequence[Colour]) -> None:
    """A line with markers for each series."""
    for values, colour, marker in zip(chart.series.values(), colours, "os^", strict=False):
        axes.plot(range(len(values)), values, color=_rgb(colour), marker=marker, markersize=4, linewidth=1.6)


def plot_points(axes: Axes, chart: Chart, colours: Sequence[Colour]) -> None:
    """Points of each series with a marker of its own."""
    for points, colour, marker in zip(chart.points.values(), colours, "os^", strict=False):
        across, up = zip(*points, strict=True)
        axes.scatter(across, up, s=22, color=_rgb(colour), marker=marker)


def plot_pie(axes: Axes, values: Sequence[int], colours: Sequence[Colour], paper: Colour) -> None:
    """Slices clockwise from the top; axes are hidden."""
    edge = {"edgecolor": _rgb(paper), "linewidth": 1.5}
    axes.pie(values, colors=[_rgb(colour) for colour in colours], startangle=90, counterclock=False, wedgeprops=edge)


def _rgb(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = (part / 255 for part in colour)
    return red, green, blue
