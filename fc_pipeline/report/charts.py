"""Charts as SVG that takes its colours from the page, so that they suit light and dark."""

import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.axes import Axes

# matplotlib wants real colours; each stands for a variable of templates/style.css and is replaced in its output.
_COLOURS = {"#a10001": "--ink-soft", "#a10002": "--line", "#a10003": "--series-1", "#a10004": "--series-2"}
_COLOURS |= {"#a10005": "--series-3"}
_INK, _LINE, *_SERIES = _COLOURS


class Panel(NamedTuple):
    title: str
    unit: str
    lines: tuple[tuple[str, str], ...]
    """(name in metrics.jsonl, label)."""
    log: bool = False


PANELS = (
    Panel(
        "Bits per byte", "bits", (("bpb", "training"), ("holdout_bpb", "held-out"), ("ema_bpb", "held-out, average"))
    ),
    Panel(
        "Loss", "nats a token", (("loss", "training"), ("holdout_loss", "held-out"), ("ema_loss", "held-out, average"))
    ),
    Panel("Learning rate", "", (("lr", "learning rate"),)),
    Panel("Gradient norm", "", (("grad_norm", "gradient norm"),), log=True),
    Panel("Throughput", "tokens a second", (("tokens_per_second", "tokens a second"),)),
)


def stage_charts(path: Path) -> list[dict[str, Any]]:
    """The panels of which a log (metrics.jsonl) has values, in order: [{"title", "unit", "svg", "legend"}].

    `legend` is [(variable of the colour, label)] of the lines that are there.
    """
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    charts = []
    for panel in PANELS:
        lines = [(label, _points(records, name)) for name, label in panel.lines]
        present = [(place, label, points) for place, (label, points) in enumerate(lines) if points]
        if present:
            charts.append(
                {
                    "title": panel.title,
                    "unit": panel.unit,
                    "svg": _svg(panel, [(place, points) for place, _, points in present]),
                    "legend": [(_COLOURS[_SERIES[place]], label) for place, label, _ in present],
                }
            )
    return charts


def _points(records: list[dict[str, Any]], name: str) -> list[tuple[float, float]]:
    return [(record["step"], record[name]) for record in records if record.get(name) is not None]


def range_chart(title: str, unit: str, rows: "Mapping[str, tuple[float, float, float]]") -> str:
    """A bar a row, from its first to its last value on a logarithmic axis, with a mark at the middle one."""

    def draw(axes: "Axes") -> None:
        for place, (low, middle, high) in enumerate(rows.values()):
            axes.plot([low, high], [place, place], color=_SERIES[0], linewidth=7, solid_capstyle="round", alpha=0.45)
            axes.plot([middle], [place], color=_SERIES[0], marker="|", markersize=13, markeredgewidth=2.5)
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xscale("log")
        axes.set_xlabel(unit, color=_INK)
        axes.grid(axis="x", color=_LINE, linewidth=0.8)

    return _draw(title, draw)


def bar_chart(title: str, unit: str, rows: "Mapping[str, tuple[float, float]]") -> str:
    """Two bars a row, the second in the second colour."""

    def draw(axes: "Axes") -> None:
        for place, values in enumerate(rows.values()):
            for number, value in enumerate(values):
                axes.barh(place + 0.36 * number - 0.18, value, height=0.32, color=_SERIES[number])
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlabel(unit, color=_INK)
        axes.grid(axis="x", color=_LINE, linewidth=0.8)

    return _draw(title, draw)


def _svg(panel: Panel, lines: list[tuple[int, list[tuple[float, float]]]]) -> str:
    def draw(axes: "Axes") -> None:
        for place, points in lines:
            steps, values = zip(*points, strict=True)
            few = len(points) < 40 and place > 0
            axes.plot(steps, values, color=_SERIES[place], linewidth=1.6, marker="o" if few else "", markersize=3)
        if panel.log and all(value > 0 for _, points in lines for _, value in points):
            axes.set_yscale("log")
        axes.set_xlabel("step", color=_INK)
        axes.grid(axis="y", color=_LINE, linewidth=0.8)
        axes.margins(x=0.01)

    return _draw(panel.title, draw)


def _draw(title: str, draw: "Callable[[Axes], None]") -> str:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # Without a fixed salt and date the same picture would give other bytes each time.
    with mpl.rc_context({"svg.hashsalt": title, "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(4.4, 2.3), layout="constrained")
        axes = figure.subplots()
        draw(axes)
        axes.tick_params(which="both", colors=_INK, length=0)
        axes.set_axisbelow(True)
        axes.spines[:].set_visible(False)
        buffer = io.StringIO()
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    return _adopt(buffer.getvalue(), label=title)


def _adopt(svg: str, *, label: str) -> str:
    """The svg element alone, in the page's colours and type, on no background, with a name for screen readers."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="patch_[12]">.*?</g>', "", svg, flags=re.DOTALL)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", svg)
    svg = re.sub(r' id="(?:figure|axes|patch|line2d|text|matplotlib)[^"]*"', "", svg)
    for colour, variable in _COLOURS.items():
        svg = svg.replace(colour, f"var({variable})")
    svg = re.sub(r' width="[\d.]+pt"| height="[\d.]+pt"', "", svg, count=2)
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
