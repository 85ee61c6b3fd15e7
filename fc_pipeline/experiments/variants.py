"""The track of each variant of an experiment, with the experiment's stages."""

from pathlib import Path
from typing import Any

from fc_model.errors import UserError
from fc_pipeline.experiments.config import BASELINE, ExperimentConfig, VariantConfig
from fc_pipeline.track.config import TRACKS, TrackConfig, parse_track, read_attributes, resolve_extends
from fc_pipeline.track.parts import PARTS

_FIXED = {
    "name": "it is the track's",
    "extends": "it extends the experiment's track",
    "gates": "nothing holds an experiment up",
    "milestones": "nothing holds an experiment up",
    "waivers": "nothing holds an experiment up",
    "tokenizer": "all are scored with the track's",
    "images": "all are trained and scored on the track's",
    "corpus.name": "the corpus is the track's",
    "corpus.holdout": "all are scored alike",
    "mixture.seed": "it draws other documents",
    "mixture.max_passes": "only the experiment's stages read",
    "model.vocab_size": "the tokenizer is the track's",
}
"""Fields that no variant may change, and why."""
_FIXED_OF_STAGES = dict.fromkeys(("name", "kind", "steps", "tokens", "seed"), "it is the track's or the experiment's")


def variant_tracks(experiment: ExperimentConfig, folder: Path = TRACKS) -> dict[str, TrackConfig]:
    """The track of each variant, without gates: its stages up to `start`, if any, and then the experiment's.

    Raises UserError for an invalid field, and for a variant that would be scored on other text or images, with other
    tokens or in another way than the baseline.
    """
    base = parse_track(experiment.track, read_attributes(experiment.track, folder))
    _check_stages(experiment, base)
    return {
        name: _variant_track(experiment, variant, base=base, folder=folder, where=variant_name(experiment, name))
        for name, variant in experiment.variants.items()
    }


def variant_name(experiment: ExperimentConfig, variant: str) -> str:
    """The beginning of an error message: the variant, or the experiment for the baseline, which changes nothing."""
    where = f"experiments/{experiment.name}"
    return where if variant == BASELINE else f"{where}: variants.{variant}"


def _check_stages(experiment: ExperimentConfig, base: TrackConfig) -> None:
    """Raise UserError unless start and stages are stages of the track, in its order, with a valid beginning."""
    where, track = f"experiments/{experiment.name}", experiment.track
    known = [name for name, _ in base.main_stages]
    chosen = [*([] if experiment.start is None else [experiment.start]), *experiment.stages]
    for name in chosen:
        if name not in known:
            raise UserError(
                f"{where}: {name!r} is no stage of {track} whose weights go on; there are: {', '.join(known)}"
            )
    in_order = [name for name in known if name in chosen]
    if chosen != in_order:
        raise UserError(
            f"{where}: start and stages, {', '.join(chosen)}, are not in {track}'s order: take {', '.join(in_order)}"
        )
    if experiment.start is None and base.stages[chosen[0]].kind != "pretrain":
        raise UserError(
            f"{where}: start is missing: {chosen[0]} is no pre-training: name the stage whose weights it begins with, "
            f"one of {', '.join(known[: known.index(chosen[0])])}"
        )


def _variant_track(
    experiment: ExperimentConfig, variant: VariantConfig, *, base: TrackConfig, folder: Path, where: str
) -> TrackConfig:
    over = variant.model_dump(exclude={"without_filters", "with_filters"})
    _refuse_fixed(experiment, over, where)
    if variant.without_filters or variant.with_filters:
        corpus = over.get("corpus", {})
        over["corpus"] = {
            **corpus,
            "filtering": {**corpus.get("filtering", {}), "filters": _filters(where, variant, over, base)},
        }
    attributes = resolve_extends({**over, "extends": experiment.track}, folder)
    own = attributes["stages"]
    names = list(base.stages)
    before = names[: names.index(experiment.start) + 1] if experiment.start is not None else []
    stages = {name: own[name] for name in before}
    for name, length in experiment.stages.items():
        settings = {key: value for key, value in own[name].items() if key not in ("steps", "tokens")}
        stages[name] = settings | length.model_dump(exclude_none=True)
    kinds = {stage.get("kind") for stage in stages.values()}
    for part in PARTS:  # a track with what none of its stages reads is refused
        if part.stage_kind is not None and part.stage_kind not in kinds:
            attributes = {name: value for name, value in attributes.items() if name not in part.fields.__annotations__}
    curriculum = attributes["mixture"].get("stages", {})
    attributes["mixture"] |= {"stages": {name: part for name, part in curriculum.items() if name in stages}}
    try:
        track = parse_track(experiment.track, attributes | {"stages": stages, "gates": [], "waivers": []})
    except UserError as error:
        raise UserError(f"{where}: {str(error).partition(': ')[2]}") from error
    _check_length(experiment, track, where)
    last = list(experiment.stages)[-1]
    if _questions(track, last) != _questions(base, last):
        raise UserError(
            f"{where}.stages.{last}.images.groups: all are asked alike after this stage: leave kinds, task and "
            f"text_tokens of every group as they are in {experiment.track}"
        )
    return track


def _refuse_fixed(experiment: ExperimentConfig, over: dict[str, Any], where: str) -> None:
    """Raise UserError for the first field that a variant may not change."""
    fixed = dict(_FIXED)
    for stage in over["stages"]:
        if stage not in experiment.stages:
            raise UserError(
                f"{where}.stages: {stage!r} is no stage of the experiment; there are: {', '.join(experiment.stages)}"
            )
        fixed |= {f"stages.{stage}.{field}": why for field, why in _FIXED_OF_STAGES.items()}
    for path, why in fixed.items():
        if _has(over, path):
            raise UserError(f"{where}.{path}: a variant cannot change it ({why}): take it away")


def _has(settings: Any, path: str) -> bool:
    name, _, rest = path.partition(".")
    return isinstance(settings, dict) and name in settings and (not rest or _has(settings[name], rest))


def _filters(where: str, variant: VariantConfig, over: dict[str, Any], base: TrackConfig) -> list[dict[str, Any]]:
    """The track's filters with the variant's removals, replacements (in place) and additions (at the end)."""
    if _has(over, "corpus.filtering.filters"):
        raise UserError(f"{where}: give corpus.filtering.filters or without_filters and with_filters, not both")
    filters = [chosen.model_dump(mode="json") for chosen in base.corpus.filtering.filters]
    kinds = [chosen["kind"] for chosen in filters]
    for kind in variant.without_filters:
        if kind not in kinds:
            raise UserError(f"{where}.without_filters: {base.name} has no filter {kind!r}; it has: {', '.join(kinds)}")
    others = {str(chosen.get("kind")): chosen for chosen in variant.with_filters}
    kept = [others.pop(chosen["kind"], chosen) for chosen in filters if chosen["kind"] not in variant.without_filters]
    return [*kept, *others.values()]


def _check_length(experiment: ExperimentConfig, track: TrackConfig, where: str) -> None:
    for name, length in experiment.stages.items():
        tokens, batch = length.tokens, track.stages[name].batch_tokens
        if tokens is not None and tokens % batch:
            raise UserError(
                f"{where}: stages.{name}.tokens ({tokens:,}) is no multiple of the stage's batch_tokens ({batch:,}): "
                f"take {tokens // batch * batch or batch:,}"
            )


def _questions(track: TrackConfig, stage: str) -> list[tuple[list[str], str, int]]:
    """(kinds, task, text_tokens) of a stage's groups, in order: an image belongs to the first group that fits."""
    images = track.stages[stage].images
    return [(group.kinds, group.task, group.text_tokens) for group in images.groups] if images is not None else []
