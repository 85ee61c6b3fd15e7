"""The charts of the report and of the UI, drawn from plain numbers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fc_pipeline.formatting import count
from fc_pipeline.report.drawing import Palette, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_INCHES = 0.24
_FRAME_INCHES = 0.75
_FEWEST_COLUMNS = 6
"""With fewer columns, the space at the right stays empty, so that columns stay narrow."""


def range_chart(title: str, unit: str, rows: Mapping[str, tuple[float, float, float]]) -> Picture:
    """A bar a row, from its first to its last value on a logarithmic axis, with a mark at the middle one."""

    from matplotlib.ticker import LogLocator

    def draw(axes: "Axes", palette: Palette) -> None:
        colour = palette.series[0]
        for place, (low, middle, high) in enumerate(rows.values()):
            axes.plot([low, high], [place, place], color=colour, linewidth=7, solid_capstyle="round", alpha=0.45)
            axes.plot([middle], [place], color=colour, marker="|", markersize=13, markeredgewidth=2.5)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        axes.xaxis.set_major_formatter(lambda value, _: count(value))
        axes.xaxis.set_minor_formatter("")
        _label_rows(axes, palette, list(rows))

    return Picture(title, unit, draw)


def interval_chart(
    title: str, unit: str, rows: Mapping[str, tuple[float, float, float, float]], *, legend: tuple[str, str]
) -> Picture:
    """A bar a row from low to high, a mark at the value between them, and one at what it is compared with.

    rows: (low, value, high, compared), shares of one. legend: names value and compared.
    """

    def draw(axes: "Axes", palette: Palette) -> None:
        colour, other = palette.series[:2]
        for place, (low, value, high, compared) in enumerate(rows.values()):
            axes.plot([low, high], [place, place], color=colour, linewidth=7, solid_capstyle="butt", alpha=0.45)
            axes.plot([value], [place], color=colour, marker="|", markersize=13, markeredgewidth=2.5)
            axes.plot([compared], [place], color=other, marker="|", markersize=13, markeredgewidth=2.5)
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        _label_rows(axes, palette, list(rows))

    return Picture(title, unit, draw, tuple(enumerate(legend)), size=(4.4, _FRAME_INCHES + _ROW_INCHES * len(rows)))


def bar_chart(title: str, unit: str, rows: Mapping[str, Sequence[float]], *, legend: Sequence[str] = ()) -> Picture:
    """One bar a row, or two, the second in the second colour; `legend` names them."""
    thick = 0.32 if legend else 0.56

    def draw(axes: "Axes", palette: Palette) -> None:
        for place, values in enumerate(rows.values()):
            for number, value in enumerate(values):
                offset = thick * (number - (len(values) - 1) / 2)
                axes.barh(place + 1.12 * offset, value, height=thick, color=palette.series[number])
        axes.xaxis.set_major_formatter(lambda value, _: count(value))
        _label_rows(axes, palette, list(rows))

    return Picture(title, unit, draw, tuple(enumerate(legend)))


def column_chart(title: str, unit: str, counts: Mapping[str, int]) -> Picture:
    """A column for each count, with the number above it."""

    def draw(axes: "Axes", palette: Palette) -> None:
        axes.bar(list(counts), list(counts.values()), width=0.8, color=palette.series[0])
        for place, number in enumerate(counts.values()):
            if number:
                _number(axes, palette, number, at=(place, number), offset=(0, 2), ha="center")
        axes.set_yticks([])
        axes.set_xlim(-0.6, max(len(counts), _FEWEST_COLUMNS) - 0.4)
        axes.margins(y=0.15)

    return Picture(title, unit, draw)


def waterfall_chart(title: str, unit: str, *, read: int, removed: Mapping[str, int]) -> Picture:
    """Waterfall: documents read, removed for each reason, and left, from right to left."""
    rows = [("read", 0, read)]
    left = read
    for reason, number in removed.items():
        left -= number
        rows.append((reason, left, number))
    rows.append(("kept", 0, left))

    def draw(axes: "Axes", palette: Palette) -> None:
        for place, (_, start, number) in enumerate(rows):
            whole = place in (0, len(rows) - 1)
            colour = palette.series[0 if whole else 1]
            axes.barh(place, number, left=start, height=0.7, color=colour, edgecolor=colour, linewidth=0.8)
            _number(axes, palette, number, at=(start + number, place), offset=(4, 0), va="center")
        axes.xaxis.set_major_formatter(lambda value, _: count(value))
        axes.set_xlim(0, 1.12 * max(read, 1))
        _label_rows(axes, palette, [name for name, _, _ in rows])

    return Picture(title, unit, draw, size=(6.4, _FRAME_INCHES + _ROW_INCHES * len(rows)))


def _number(
    axes: "Axes", palette: Palette, value: int, *, at: tuple[float, float], offset: tuple[float, float], **align: Any
) -> None:
    axes.annotate(f"{value:,}", at, offset, textcoords="offset points", color=palette.ink, fontsize=8, **align)


def _label_rows(axes: "Axes", palette: Palette, names: list[str]) -> None:
    """Names at the left, the first row on top, lines for the values."""
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="x", color=palette.line, linewidth=0.8)
