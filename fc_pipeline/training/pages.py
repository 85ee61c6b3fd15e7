"""Curves of a stage of training, for the page of its asset."""

from collections.abc import Sequence

from fc_model.artifacts import Artifact
from fc_pipeline.report.drawing import png, show
from fc_pipeline.report.markdown import embedded
from fc_pipeline.training.curves import Point, loss_curve, read_curve, reading_curves

_MAX_POINTS = 400


def stage_page(artifact: Artifact) -> dict[str, str]:
    """The loss over the steps; of a stage with images, exact match on held-out answers too."""
    log = artifact.path("metrics.jsonl")
    shown = {"curve": curve_markdown(read_curve(log), title=artifact.key)}
    curves = reading_curves(log)
    return shown | ({"held_out_exact": show(*curves)} if curves else {})


def thin(points: Sequence[Point], limit: int = _MAX_POINTS) -> list[Point]:
    """Every k-th point and the last one, so that at most `limit` + 1 stay."""
    kept = list(points[:: max(1, -(-len(points) // limit))])
    return kept if kept[-1:] == list(points[-1:]) else [*kept, points[-1]]


def curve_markdown(points: Sequence[Point], *, title: str) -> str:
    """Markdown with the training curve as an embedded PNG (about 10 kB), during and after training."""
    return embedded(title, png(loss_curve(thin(points), title=title)))
