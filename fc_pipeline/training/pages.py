"""Curves of a stage of training, for the page of its asset."""

from fc_model.artifacts import Artifact
from fc_pipeline.report.drawing import show
from fc_pipeline.training.curves import reading_curves


def stage_page(artifact: Artifact) -> dict[str, str]:
    """Exact match on held-out answers of a stage with images, over its steps."""
    curves = reading_curves(artifact.path("metrics.jsonl"))
    return {"held_out_exact": show(*curves)} if curves else {}
