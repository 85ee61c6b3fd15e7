"""Charts as SVG in the colours of the report's page, and as PNG for Dagster's pages, from one drawing."""

import io
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from fc_pipeline.report.markdown import embedded

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Palette(NamedTuple):
    ink: str
    line: str
    series: tuple[str, ...]


_VARIABLES = Palette("--ink-soft", "--line", ("--series-1", "--series-2", "--series-3"))
"""Names in templates/style.css."""
_STAND_INS = Palette("#a10001", "#a10002", ("#a10003", "#a10004", "#a10005"))
"""matplotlib wants real colours; each stands for a variable and is replaced in its output."""
_ON_WHITE = Palette("#5c646b", "#e2e4e6", ("#1f6feb", "#c2570c", "#177d51"))
"""The colours of the page in light mode."""

_PNG_DOTS_PER_INCH = 90


class Picture(NamedTuple):
    title: str
    unit: str
    draw: "Callable[[Axes, Palette], None]"
    legend: tuple[tuple[int, str], ...] = ()
    """(number of the series, label)."""
    size: tuple[float, float] = (4.4, 2.3)
    """Inches."""


def svg(picture: Picture) -> dict[str, Any]:
    """Context of the report's template: {"title", "unit", "svg", "legend": [(variable of the colour, label)]}."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    with _settings(picture.title):
        figure = _draw(picture, _STAND_INS)
        buffer = io.StringIO()
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    return {
        "title": picture.title,
        "unit": picture.unit,
        "svg": _adopt(buffer.getvalue(), label=picture.title),
        "legend": [(_VARIABLES.series[number], label) for number, label in picture.legend],
    }


def png(picture: Picture) -> bytes:
    """The picture with title, unit and legend inside, on white."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.patches import Patch

    with _settings(picture.title):
        figure = _draw(picture, _ON_WHITE)
        FigureCanvasAgg(figure)
        title = f"{picture.title}, {picture.unit}" if picture.unit else picture.title
        figure.suptitle(title, x=0.01, ha="left", fontsize=9)
        handles = [Patch(color=_ON_WHITE.series[number], label=label) for number, label in picture.legend]
        if handles:
            figure.legend(handles=handles, loc="outside lower left", ncols=len(handles), frameon=False, fontsize=8)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=_PNG_DOTS_PER_INCH, metadata={"Software": None})
    return buffer.getvalue()


def show(*pictures: Picture) -> str:
    """Pictures embedded in Markdown, one below the other."""
    return "\n\n".join(embedded(picture.title, png(picture)) for picture in pictures)


def _settings(title: str) -> Any:
    """Settings of matplotlib. The fixed salt makes the bytes of an SVG reproducible; a name with `$` is no formula."""
    import matplotlib as mpl

    return mpl.rc_context({"svg.hashsalt": title, "svg.fonttype": "none", "font.size": 9, "text.parse_math": False})


def _draw(picture: Picture, palette: Palette) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=picture.size, layout="constrained")
    axes = figure.subplots()
    picture.draw(axes, palette)
    axes.tick_params(which="both", colors=palette.ink, length=0)
    axes.xaxis.label.set_color(palette.ink)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    return figure


def _adopt(svg: str, *, label: str) -> str:
    """The bare svg element in the page's colours and font, without background, with a label for screen readers."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="patch_[12]">.*?</g>', "", svg, flags=re.DOTALL)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", svg)
    svg = re.sub(r' id="(?:figure|axes|patch|line2d|text|matplotlib)[^"]*"', "", svg)
    variables = (_VARIABLES.ink, _VARIABLES.line, *_VARIABLES.series)
    for colour, variable in zip((_STAND_INS.ink, _STAND_INS.line, *_STAND_INS.series), variables, strict=True):
        svg = svg.replace(colour, f"var({variable})")
    svg = re.sub(r' width="[\d.]+pt"| height="[\d.]+pt"', "", svg, count=2)
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
