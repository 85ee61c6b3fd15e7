"""A step of a variant's track as the experiment's own."""

from dataclasses import replace

from fc_pipeline.engine.step import StepSpec
from fc_pipeline.experiments.config import ExperimentConfig


def own_step(
    experiment: ExperimentConfig, spec: StepSpec, part: str, partition: str, *, inputs: dict[str, str]
) -> StepSpec:
    """The step as `experiments/<name>/<part>/<partition>`, made from these artifacts; no gate holds it up."""
    return replace(
        spec,
        key=f"experiments/{experiment.name}/{part}/{partition}",
        group=f"experiment_{experiment.name}",
        inputs=inputs,
        requires=(),
        partition=partition,
        fresh_for_days=None,
    )
