"""What an experiment's file accepts, and what it says of mistakes."""

import jsonschema
import pytest
import yaml

from fc_model.errors import UserError
from fc_pipeline.components.experiment import experiment_schema
from fc_pipeline.experiments.config import EXPERIMENTS, load_experiments, parse_experiment
from fc_pipeline.experiments.variants import variant_tracks

BASE = {"track": "pico", "stage": "pretrain_a", "tokens": 102_400, "seeds": [0, 1]}


def variants(**given: dict) -> dict:
    return {**BASE, "variants": {"baseline": {}, **given}}


def tracks(**given: dict) -> dict:
    return variant_tracks(parse_experiment("trial", variants(**given)))


def kinds(track) -> list[str]:
    return [chosen.kind for chosen in track.corpus.filtering.filters]


def test_the_shipped_experiments_are_large_enough():
    shipped = load_experiments()
    assert len(shipped["filters"].variants) >= 6 and len(shipped["mixture"].variants) >= 3
    for experiment in shipped.values():
        assert len(experiment.seeds) >= 2
        assert variant_tracks(experiment)
        raw = yaml.safe_load((EXPERIMENTS / experiment.name / "defs.yaml").read_text("utf-8"))
        jsonschema.validate(raw["attributes"], experiment_schema())


def test_a_variant_is_laid_over_the_track():
    found = tracks(
        plain={"without_filters": ["quality"]},
        strict={"with_filters": [{"kind": "length", "min_chars": 500}, {"kind": "c4"}]},
        code={"mixture": {"weights": {"code": 75}}, "model": {"num_layers": 3}, "stage": {"lr": 0.5}},
    )
    base = found["baseline"]
    assert kinds(found["plain"]) == [kind for kind in kinds(base) if kind != "quality"]
    assert kinds(found["strict"]) == [*kinds(base), "c4"]
    assert found["strict"].corpus.filtering.filters[kinds(base).index("length")].min_chars == 500
    assert found["code"].mixture.weights == {**base.mixture.weights, "code": 75}
    assert found["code"].model.num_layers == 3 and base.model.num_layers == 2
    assert found["code"].stages["pretrain_a"].lr == 0.5
    assert [(list(track.stages), track.stages["pretrain_a"].tokens) for track in found.values()] == [
        (["pretrain_a"], 102_400)
    ] * 4


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ({"tokenizer": {}}, "variants.wrong.tokenizer is no field; there are: corpus, mixture"),
        ({"corpus": {"holdout": {"seed": 1}}}, "variants.wrong.corpus.holdout: a variant cannot change it"),
        ({"model": {"vocab_size": 9}}, r"variants.wrong.model.vocab_size: a variant cannot change it \(the tokenizer"),
        ({"stage": {"tokens": 9}}, "variants.wrong.stage.tokens: a variant cannot change it"),
        ({"without_filters": ["qualty"]}, "variants.wrong.without_filters: pico has no filter 'qualty'; it has: "),
        ({"mixture": {"wieghts": {}}}, "variants.wrong: mixture.wieghts is no field; did you mean 'weights'?"),
        (
            {"corpus": {"filtering": {"filters": []}}, "with_filters": [{"kind": "c4"}]},
            "variants.wrong: give corpus.filtering.filters or without_filters and with_filters, not both",
        ),
    ],
)
def test_a_wrong_variant_is_told_in_one_line(variant, message):
    with pytest.raises(UserError, match=f"experiments/trial: {message}"):
        tracks(wrong=variant)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"variants": {"a": {}, "b": {}}}, "variants: `baseline: {}` is missing"),
        ({"variants": {"baseline": {"mixture": {"tokens": 9}}, "b": {}}}, "variants: `baseline: {}` is missing"),
        ({"variants": {"baseline": {}, "B.1": {}}}, "variant name 'B.1': take lower case letters"),
        ({"seeds": [1, 1]}, "each seed once"),
        ({"seeds": []}, "seeds: "),
        ({"stage": "overfit"}, "stage 'overfit' is no pre-training stage of pico; there are: pretrain_a, pretrain_b"),
        ({"tokens": 100_000}, r"tokens \(100,000\) is no multiple of the stage's batch_tokens \(2,048\): take 98,304"),
        ({"track": "picco"}, "there is no track 'picco'; did you mean 'pico'?"),
        ({"tokens": None}, "tokens: "),
        ({"track": None, "colour": 1}, "colour is no field; there are: name, description"),
    ],
)
def test_a_wrong_experiment_is_told_in_one_line(fields, message):
    with pytest.raises(UserError, match=message) as caught:
        variant_tracks(parse_experiment("trial", variants(b={}) | fields))
    assert "\n" not in str(caught.value)
