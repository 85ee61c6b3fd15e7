"""What a variant of an experiment on images comes to: a whole track, its stages of text and those of the experiment."""

from itertools import takewhile
from pathlib import Path

from fc_model.errors import UserError
from fc_pipeline.experiments.config import ExperimentConfig, VariantConfig
from fc_pipeline.experiments.refusals import parse_variant, refuse, refuse_fields
from fc_pipeline.track.config import TrackConfig, resolve_extends

_OF_TEXT = ("corpus", "mixture", "model", "stage", "without_filters", "with_filters")


def check_image_stages(experiment: ExperimentConfig, base: TrackConfig) -> None:
    """Raise UserError where the experiment's stages are not stages with images of the track, in its order."""
    where = f"experiments/{experiment.name}: stages"
    seeing = [name for name, stage in base.stages.items() if stage.images is not None]
    for name in experiment.stages:
        if name not in seeing:
            there = f"there are: {', '.join(seeing)}" if seeing else "it has none: take another track"
            raise UserError(f"{where}: {name!r} is no stage with images of {experiment.track}; {there}")
    in_order = [name for name in seeing if name in experiment.stages]
    if list(experiment.stages) != in_order:
        raise UserError(
            f"{where}: {', '.join(experiment.stages)} is not {experiment.track}'s order: take {', '.join(in_order)}"
        )


def image_variant(
    experiment: ExperimentConfig, variant: VariantConfig, *, base: TrackConfig, folder: Path, where: str
) -> TrackConfig:
    """The track with its stages of text and those of the experiment.

    Raises UserError, beginning with `where`, for a field that is wrong, and for a variant that would begin with other
    weights or be asked other questions than the baseline.
    """
    refuse(where, _OF_TEXT, variant, why=f"all begin with the weights of {experiment.track}'s last stage of text")
    for stage, settings in variant.stages.items():
        if stage not in experiment.stages:
            raise UserError(
                f"{where}.stages: {stage!r} is no stage of the experiment; there are: {', '.join(experiment.stages)}"
            )
        said = dict.fromkeys(("name", "kind", "steps", "tokens", "seed"), "the experiment or its track says it")
        refuse_fields(where, f"stages.{stage}", settings, said)
    attributes = resolve_extends(
        {"extends": experiment.track, "vision": variant.vision, "stages": variant.stages}, folder
    )
    text = [name for name, _ in takewhile(lambda item: item[1].images is None, base.stages.items())]
    stages = {name: attributes["stages"][name] for name in text}
    for name, steps in experiment.stages.items():
        stages[name] = {**attributes["stages"][name], "steps": steps}
    curriculum = attributes["mixture"].get("stages", {})
    attributes["mixture"] |= {"stages": {name: own for name, own in curriculum.items() if name in stages}}
    track = parse_variant(where, experiment.track, attributes | {"stages": stages, "gates": []})
    last = list(experiment.stages)[-1]
    if _asked(track, last) != _asked(base, last):
        raise UserError(
            f"{where}.stages.{last}.images.groups: all are asked alike after this stage: leave kinds, task and "
            f"text_tokens of every group as they are in {experiment.track}"
        )
    return track


def _asked(track: TrackConfig, stage: str) -> list[tuple[list[str], str, int]]:
    """What the groups of a stage ask on held-out images, in order: the first that takes an image has it."""
    images = track.stages[stage].images
    assert images is not None  # it is one of the track's stages with images
    return [(group.kinds, group.task, group.text_tokens) for group in images.groups]
