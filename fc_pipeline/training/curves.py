"""The curves of a stage of training, from its metrics.jsonl."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fc_pipeline.report.drawing import Palette, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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

_CONVERSATION_PANELS = (
    Panel("Bits per byte of text", "bits", (("holdout_text_bpb", "held-out"), ("ema_text_bpb", "held-out, average"))),
)
"""Panels of stages of conversations: whether text is forgotten."""

_IMAGE_PANELS = (
    Panel("Contrastive loss", "nats", (("loss_contrastive", "training"),)),
    Panel("Texts retrieved", "share", (("share_retrieved", "training"),)),
    Panel("Recognizer loss", "nats a line", (("loss_recognizer", "training"),)),
)
"""Panels of stages with images, after those of each group."""
_HELD_OUT_LOSS, _HELD_OUT_EXACT = "holdout_loss_", "holdout_exact_"

Point = tuple[float, float]
"""(optimizer step, value)."""


def stage_curves(path: Path) -> list[Picture]:
    """The panels of which a log (metrics.jsonl) has values, in order; a stage with images has more of them."""
    records = _read(path)
    return _drawn(records, (*PANELS, *_CONVERSATION_PANELS, *_loss_panels(records), *_IMAGE_PANELS))


def reading_curves(path: Path) -> list[Picture]:
    """Exact match on held-out answers of a stage with images, over its steps, a panel a group."""
    records = _read(path)
    panels = [
        Panel(f"Exact: {_readable(group)}", "share", _lines("exact", group))
        for group in _groups(records, _HELD_OUT_EXACT)
    ]
    return _drawn(records, panels)


def read_curve(path: Path) -> list[Point]:
    """The training losses, nats a token, in a log (metrics.jsonl)."""
    return _points(_read(path), "loss")


def loss_curve(points: list[Point], *, title: str) -> Picture:
    """The training losses of a stage that may still be running."""
    return _curves(Panel(title, "nats a token", (("loss", "training"),)), [points])


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _loss_panels(records: list[dict[str, Any]]) -> list[Panel]:
    return [
        Panel(f"Loss: {_readable(group)}", "nats a token", (("loss_" + group, "training"), *_lines("loss", group)))
        for group in _groups(records, _HELD_OUT_LOSS)
    ]


def _lines(figure: str, group: str) -> tuple[tuple[str, str], ...]:
    return (f"holdout_{figure}_{group}", "held-out"), (f"ema_{figure}_{group}", "held-out, average")


def _groups(records: list[dict[str, Any]], prefix: str) -> list[str]:
    """Groups of images that were evaluated, by name."""
    return sorted({name.removeprefix(prefix) for record in records for name in record if name.startswith(prefix)})


def _readable(group: str) -> str:
    return " ".join(re.findall(r"\w+", group.replace("_", " ")))


def _drawn(records: list[dict[str, Any]], panels: Iterable[Panel]) -> list[Picture]:
    pictures = []
    for panel in panels:
        lines = [_points(records, name) for name, _ in panel.lines]
        if any(lines):
            pictures.append(_curves(panel, lines))
    return pictures


def _points(records: list[dict[str, Any]], name: str) -> list[Point]:
    return [(record["step"], record[name]) for record in records if record.get(name) is not None]


def _curves(panel: Panel, lines: list[list[Point]]) -> Picture:
    def draw(axes: "Axes", palette: Palette) -> None:
        for place, points in enumerate(lines):
            if points:
                steps, values = zip(*points, strict=True)
                few = len(points) < 40 and place > 0
                colour = palette.series[place]
                axes.plot(steps, values, color=colour, linewidth=1.6, marker="o" if few else "", markersize=3)
        if panel.log and all(value > 0 for points in lines for _, value in points):
            axes.set_yscale("log")
        axes.set_xlabel("step")
        axes.grid(axis="y", color=palette.line, linewidth=0.8)
        axes.margins(x=0.01)

    legend = tuple((place, label) for place, (_, label) in enumerate(panel.lines) if lines[place])
    return Picture(panel.title, panel.unit, draw, legend)
