"""The training curve as a small picture that Dagster shows inside its pages."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

from fc_pipeline.report.markdown import embedded

_MAX_POINTS = 400

Point = tuple[float, float]
"""(optimizer step, loss in nats a token)."""


def thin(points: Sequence[Point], limit: int = _MAX_POINTS) -> list[Point]:
    """Every k-th point and the last one, so that at most `limit` + 1 stay."""
    stride = -(-len(points) // limit) if points else 1
    kept = list(points[::stride])
    return kept if not points or kept[-1] == points[-1] else [*kept, points[-1]]


def read_curve(path: Path) -> list[Point]:
    """The training losses in a stage's metrics.jsonl."""
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return [(row["step"], row["loss"]) for row in rows if "step" in row and row.get("loss") is not None]


def curve_markdown(points: Sequence[Point], *, title: str) -> str:
    """Markdown with the curve as an embedded PNG (about 10 kB)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.2), dpi=80, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    shown = thin(points)
    axes.plot([step for step, _ in shown], [loss for _, loss in shown], linewidth=1.2, color="#3b5bdb")
    axes.set(title=title, xlabel="optimizer step", ylabel="loss, nats a token")
    axes.grid(visible=True, alpha=0.25)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return embedded(title, buffer.getvalue())
