"""What a variant of an experiment on text comes to: a whole track with one stage of pre-training."""

from pathlib import Path
from typing import Any

from fc_model.errors import UserError
from fc_pipeline.experiments.config import ExperimentConfig, VariantConfig
from fc_pipeline.experiments.refusals import parse_variant, refuse, refuse_fields
from fc_pipeline.track.config import TrackConfig, resolve_extends


def check_stage(experiment: ExperimentConfig, base: TrackConfig) -> None:
    """Raise UserError where the experiment's stage is no stage of pre-training of the track."""
    stage = base.stages.get(experiment.stage or "")
    if stage is None or stage.kind != "pretrain":
        pretraining = [name for name, found in base.stages.items() if found.kind == "pretrain"]
        raise UserError(
            f"experiments/{experiment.name}: stage {experiment.stage!r} is no pre-training stage of "
            f"{experiment.track}; there are: {', '.join(pretraining)}"
        )


def text_variant(
    experiment: ExperimentConfig, variant: VariantConfig, *, base: TrackConfig, folder: Path, where: str
) -> TrackConfig:
    """The track with the experiment's stage alone.

    Raises UserError, beginning with `where`, for a field that is wrong, and for a variant that would be scored on
    other text, by other tokens or in another way than the baseline.
    """
    stage, tokens = experiment.stage, experiment.tokens
    assert stage is not None and tokens is not None  # an experiment on text has both
    refuse(where, ("vision", "stages"), variant, why="it belongs to an experiment on images, with `stages`")
    refuse_fields(
        where, "corpus", variant.corpus, {"name": "the corpus is the track's", "holdout": "all are scored alike"}
    )
    refuse_fields(
        where, "mixture", variant.mixture, {"seed": "it draws other documents", "max_passes": "one stage is read"}
    )
    refuse_fields(where, "model", variant.model, {"vocab_size": "the tokenizer is the track's"})
    refuse_fields(
        where, "stage", variant.stage, dict.fromkeys(("name", "tokens", "steps", "seed"), "the experiment says it")
    )
    corpus = dict(variant.corpus)
    if variant.without_filters or variant.with_filters:
        corpus["filtering"] = {**corpus.get("filtering", {}), "filters": _filters(where, variant, base)}
    over = {"corpus": corpus, "mixture": variant.mixture, "model": variant.model}
    attributes = resolve_extends({"extends": experiment.track, **over, "stages": {stage: variant.stage}}, folder)
    settings = {key: value for key, value in attributes["stages"][stage].items() if key != "steps"}
    attributes |= {"stages": {stage: {**settings, "tokens": tokens}}, "gates": []}
    attributes |= {"images": None, "vision": None}  # of stages that the experiment leaves out
    curriculum = attributes["mixture"].get("stages", {})
    attributes["mixture"] |= {"stages": {name: own for name, own in curriculum.items() if name == stage}}
    track = parse_variant(where, experiment.track, attributes)
    batch_tokens = track.stages[stage].batch_tokens
    if tokens % batch_tokens:
        raise UserError(
            f"{where}: tokens ({tokens:,}) is no multiple of the stage's batch_tokens ({batch_tokens:,}): "
            f"take {tokens // batch_tokens * batch_tokens or batch_tokens:,}"
        )
    return track


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
