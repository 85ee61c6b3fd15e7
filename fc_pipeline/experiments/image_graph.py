"""The steps of an experiment on stages with images."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.experiments.config import ExperimentConfig
from fc_pipeline.experiments.own_step import own_step
from fc_pipeline.experiments.variants import variant_tracks
from fc_pipeline.track.config import TRACKS, TrackConfig
from fc_pipeline.track.graph import build_graph

with deferred_imports():
    from fc_pipeline.experiments.images_result import write_images_result


def image_experiment_steps(
    experiment: ExperimentConfig, *, folder: Path = TRACKS, also_without: Sequence[str] = ()
) -> list[StepSpec]:
    """Trainings and evaluations of the variants, and the result.

    Images, shards and the weights that all begin with are the track's own artifacts. A training is a chain of
    `stages/<stage>/<variant>.s<seed>`; `evals` and `image_evals` judge the last of them.

    Args:
        folder: of the tracks' files.
        also_without: documents that are left out, as in `build_graph`.
    """
    steps: list[StepSpec] = []
    evaluations: dict[str, str] = {}
    eyes: dict[str, Any] = {}
    for name, track in variant_tracks(experiment, folder).items():
        graph = build_graph([track], also_without=also_without)
        eyes[name] = _eyes(track)
        for seed in experiment.seeds:
            partition = f"{name}.s{seed}"
            steps += _training(experiment, graph, partition=partition, seed=seed)
            evaluations[f"image_evals/{partition}"] = steps[-1].key
    return [*steps, _result(experiment, eyes, inputs=evaluations)]


def _training(experiment: ExperimentConfig, graph: Graph, *, partition: str, seed: int) -> Iterator[StepSpec]:
    """The stages of one training, and the evaluations after the last."""
    own: dict[str, str] = {}  # key in the variant's track -> key of this training; all else is the track's
    stages = list(experiment.stages)
    for part in (*(f"stages/{stage}" for stage in stages), f"evals/{stages[-1]}", f"image_evals/{stages[-1]}"):
        spec = graph[f"{experiment.track}/{part}"]
        name = part if part.startswith("stages/") else part.partition("/")[0]
        inputs = {role: own.get(key, key) for role, key in spec.inputs.items()}
        step = own_step(experiment, spec, name, partition, inputs=inputs)
        if "stage" in spec.config:
            step = replace(step, config={**spec.config, "stage": {**spec.config["stage"], "seed": seed}})
        own[spec.key] = step.key
        yield step


def _eyes(track: TrackConfig) -> dict[str, Any]:
    """What a variant sees by: kind of fusion, weights, and the tokens that an image of each group takes."""
    vision, images = track.vision, track.stages[track.final_stage].images
    assert vision is not None and images is not None  # a track whose last stage has images has both
    grids = {group.name: vision.encoder.grid(group.height, group.width) for group in images.groups}
    return {
        "fusion": vision.fusion.kind,
        "encoder_parameters": vision.encoder.num_parameters(),
        "fusion_parameters": vision.fusion.num_parameters(vision.encoder, track.model.hidden_size),
        "tokens": {name: vision.fusion.num_tokens(grid) for name, grid in grids.items()},
    }


def _result(experiment: ExperimentConfig, eyes: dict[str, Any], *, inputs: dict[str, str]) -> StepSpec:
    return StepSpec(
        key=f"experiments/{experiment.name}/result",
        function=write_images_result,
        description="Variants side by side: what each reads of held-out images, and the spread of the seeds.",
        group=f"experiment_{experiment.name}",
        config={
            "name": experiment.name,
            "description": experiment.description,
            "track": experiment.track,
            "stages": dict(experiment.stages),
            "seeds": experiment.seeds,
            "metric": experiment.metric,
            "better": experiment.better,
            "also": dict(experiment.also),
            "variants": eyes,
        },
        inputs=inputs,
    )
