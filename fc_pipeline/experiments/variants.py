"""What each variant of an experiment comes to: a whole track with one stage of training."""

from pathlib import Path
from typing import Any

from fc_model.errors import UserError
from fc_pipeline.experiments.config import ExperimentConfig, VariantConfig
from fc_pipeline.track import TRACKS, TrackConfig, parse_track, read_attributes, resolve_extends


def variant_tracks(experiment: ExperimentConfig, folder: Path = TRACKS) -> dict[str, TrackConfig]:
    """The track of each variant: its only stage is the experiment's, and it has no gates.

    Raises UserError for a field that is wrong, and for a variant that would be scored on other text, by other tokens
    or in another way than the baseline.
    """
    base = parse_track(experiment.track, read_attributes(experiment.track, folder))
    stage = base.stages.get(experiment.stage)
    if stage is None or stage.kind != "pretrain":
        pretraining = [name for name, found in base.stages.items() if found.kind == "pretrain"]
        raise UserError(
            f"experiments/{experiment.name}: stage {experiment.stage!r} is no pre-training stage of "
            f"{experiment.track}; there are: {', '.join(pretraining)}"
        )
    return {
        name: _variant_track(experiment, name, variant, base=base, folder=folder)
        for name, variant in experiment.variants.items()
    }


def _variant_track(
    experiment: ExperimentConfig, name: str, variant: VariantConfig, *, base: TrackConfig, folder: Path
) -> TrackConfig:
    where = f"experiments/{experiment.name}: variants.{name}"
    _refuse(where, "corpus", variant.corpus, {"name": "the corpus is the track's", "holdout": "all are scored alike"})
    _refuse(where, "mixture", variant.mixture, {"seed": "it draws other documents", "max_passes": "one stage is read"})
    _refuse(where, "model", variant.model, {"vocab_size": "the tokenizer is the track's"})
    _refuse(where, "stage", variant.stage, dict.fromkeys(("name", "tokens", "steps", "seed"), "the experiment says it"))
    corpus = dict(variant.corpus)
    if variant.without_filters or variant.with_filters:
        corpus["filtering"] = {**corpus.get("filtering", {}), "filters": _filters(where, variant, base)}
    over = {"corpus": corpus, "mixture": variant.mixture, "model": variant.model}
    attributes = resolve_extends(
        {"extends": experiment.track, **over, "stages": {experiment.stage: variant.stage}}, folder
    )
    settings = {key: value for key, value in attributes["stages"][experiment.stage].items() if key != "steps"}
    attributes |= {"stages": {experiment.stage: {**settings, "tokens": experiment.tokens}}, "gates": []}
    attributes |= {"images": None, "vision": None}  # of stages that the experiment leaves out
    curriculum = attributes["mixture"].get("stages", {})
    attributes["mixture"] |= {"stages": {name: own for name, own in curriculum.items() if name == experiment.stage}}
    try:
        track = parse_track(experiment.track, attributes)
    except UserError as error:
        raise UserError(f"{where}: {str(error).partition(': ')[2]}") from error
    batch_tokens = track.stages[experiment.stage].batch_tokens
    if experiment.tokens % batch_tokens:
        raise UserError(
            f"{where}: tokens ({experiment.tokens:,}) is no multiple of the stage's batch_tokens ({batch_tokens:,}): "
            f"take {experiment.tokens // batch_tokens * batch_tokens or batch_tokens:,}"
        )
    return track


def _refuse(where: str, part: str, given: dict[str, Any], why: dict[str, str]) -> None:
    for field in sorted(given.keys() & why.keys()):
        raise UserError(f"{where}.{part}.{field}: a variant cannot change it ({why[field]}): take it away")


def _filters(where: str, variant: VariantConfig, base: TrackConfig) -> list[dict[str, Any]]:
    """The track's filters, some left out, some replaced in their place, others behind them."""
    if "filters" in variant.corpus.get("filtering", {}):
        raise UserError(f"{where}: give corpus.filtering.filters or without_filters and with_filters, not both")
    filters = [chosen.model_dump(mode="json") for chosen in base.corpus.filtering.filters]
    kinds = [chosen["kind"] for chosen in filters]
    for kind in variant.without_filters:
        if kind not in kinds:
            raise UserError(f"{where}.without_filters: {base.name} has no filter {kind!r}; it has: {', '.join(kinds)}")
    given = {str(chosen.get("kind")): chosen for chosen in variant.with_filters}
    kept = [given.pop(chosen["kind"], chosen) for chosen in filters if chosen["kind"] not in variant.without_filters]
    return [*kept, *given.values()]
