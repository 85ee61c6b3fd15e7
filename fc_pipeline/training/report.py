"""The report on training: settings, results and curves of every stage."""

from typing import Any

from fc_model.artifacts import Artifact
from fc_pipeline.report.drawing import svg
from fc_pipeline.report.figures import KeyFigure
from fc_pipeline.training.curves import stage_curves


def training(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """{"stages": [{"name", "artifact", "stage", "model", "metrics", "charts"}] in the order of training, and sums}."""
    stages = [_stage(artifact) for artifact in artifacts if "/stages/" in artifact.key]
    if not stages:
        return None
    last = stages[-1]
    parameters = last["metrics"]["parameters"]
    sums = {name: sum(stage["metrics"][name] for stage in stages) for name in ("tokens", "flops")}
    return {
        "stages": stages,
        "parameters": parameters,
        **sums,
        "model": last["model"],
        "figures": [
            KeyFigure(
                parameters,
                "parameters",
                last["artifact"],
                "count",
                "The weights of the language model: what one token costs to compute, and what the files weigh.",
                3,
            ),
            KeyFigure(
                sums["tokens"],
                "tokens trained on",
                last["artifact"],
                "count",
                "Over all stages; a token that comes again counts again.",
                3,
            ),
        ],
        "row": {"parameters": parameters, **sums},
    }


def _stage(artifact: Artifact) -> dict[str, Any]:
    return {
        "name": artifact.key.rpartition("/")[2],
        "artifact": artifact,
        "stage": artifact.manifest.recipe.config["stage"],
        "model": artifact.manifest.recipe.config["model"],
        "metrics": artifact.metrics,
        "charts": [svg(picture) for picture in stage_curves(artifact.path("metrics.jsonl"))],
    }
