"""The training curve as a small image in Dagster's pages, during and after training."""

from collections.abc import Sequence

from fc_pipeline.report.drawing import png
from fc_pipeline.report.markdown import embedded
from fc_pipeline.training.curves import Point, loss_curve

_MAX_POINTS = 400


def thin(points: Sequence[Point], limit: int = _MAX_POINTS) -> list[Point]:
    """Every k-th point and the last one, so that at most `limit` + 1 stay."""
    stride = -(-len(points) // limit) if points else 1
    kept = list(points[::stride])
    return kept if not points or kept[-1] == points[-1] else [*kept, points[-1]]


def curve_markdown(points: Sequence[Point], *, title: str) -> str:
    """Markdown with the curve as an embedded PNG (about 10 kB)."""
    return embedded(title, png(loss_curve(thin(points), title=title)))
