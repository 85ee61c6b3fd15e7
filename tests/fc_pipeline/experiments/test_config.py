"""What an experiment's file accepts, what its variants come to, and what is said of mistakes."""

from typing import Any

import jsonschema
import pytest
import yaml
from factories.built_experiment import IMAGES_OF_PICO as IMAGES
from factories.built_experiment import STEPS
from factories.built_experiment import TEXT_OF_PICO as TEXT

from fc_model.errors import UserError
from fc_pipeline.components.experiment import experiment_schema
from fc_pipeline.experiments.config import EXPERIMENTS, load_experiments, parse_experiment
from fc_pipeline.experiments.graph import experiment_steps
from fc_pipeline.experiments.variants import variant_tracks
from fc_pipeline.track.config import TrackConfig, parse_track, read_attributes

GROUPS = read_attributes("pico")["stages"]["multimodal_full"]["images"]["groups"]


def tracks(base: dict[str, Any], **variants: Any) -> dict[str, TrackConfig]:
    return variant_tracks(parse_experiment("trial", {**base, "variants": {"baseline": {}, **variants}}))


def kinds(track: TrackConfig) -> list[str]:
    return [chosen.kind for chosen in track.corpus.filtering.filters]


def test_the_shipped_experiments_are_large_enough_and_fit_their_tracks():
    shipped = load_experiments()
    assert len(shipped["filters"].variants) >= 6 and len(shipped["mixture"].variants) >= 3
    for experiment in shipped.values():
        assert len(experiment.seeds) >= 2
        assert variant_tracks(experiment)
        raw = yaml.safe_load((EXPERIMENTS / experiment.name / "defs.yaml").read_text("utf-8"))
        jsonschema.validate(raw["attributes"], experiment_schema())
    fusion = variant_tracks(shipped["fusion"])
    assert {track.vision.fusion.kind for track in fusion.values()} == {"mlp", "perceiver", "qformer"}
    assert [name for name, track in fusion.items() if track.vision.fusion.grid_init] == ["perceiver"]
    groups = fusion["baseline"].stages["multimodal_full"].images.groups
    (line,) = (group for group in groups if group.task == "read" and group.takes("line"))
    vision = fusion["perceiver"].vision
    assert vision.fusion.init_grid == vision.encoder.grid(line.height, line.width), "points over the lines of nano"


def test_a_variant_is_laid_over_the_track():
    variants = tracks(
        TEXT,
        plain={"without_filters": ["quality"]},
        strict={"with_filters": [{"kind": "length", "min_chars": 500}, {"kind": "c4"}]},
        code={"mixture": {"weights": {"code": 75}}, "model": {"num_layers": 3}, "stages": {"pretrain_a": {"lr": 0.5}}},
    )
    base = variants["baseline"]
    assert kinds(variants["plain"]) == [kind for kind in kinds(base) if kind != "quality"]
    assert kinds(variants["strict"]) == [*kinds(base), "c4"]
    assert variants["strict"].corpus.filtering.filters[kinds(base).index("length")].min_chars == 500
    assert variants["code"].mixture.weights == {**base.mixture.weights, "code": 75}
    assert variants["code"].model.num_layers == 3 and base.model.num_layers == 2
    assert variants["code"].stages["pretrain_a"].lr == 0.5
    for track in variants.values():
        assert list(track.stages) == ["pretrain_a"] and track.stages["pretrain_a"].tokens == 102_400


def test_with_a_start_the_tracks_stages_up_to_it_stay():
    slow = {"stages": {"multimodal_full": {"lr": 0.0001, "images": {"recognition": 0.5}}}}
    variants = tracks(IMAGES, qformer={"vision": {"fusion": {"kind": "qformer", "num_queries": 16}}}, slow=slow)
    base = parse_track("pico", read_attributes("pico"))
    for track in variants.values():
        assert list(track.stages) == list(base.stages)
        assert {name: track.stages[name].steps for name in STEPS} == STEPS
        assert track.stages["pretrain_b"] == base.stages["pretrain_b"]
    assert variants["baseline"].vision == variants["slow"].vision == base.vision
    assert (variants["qformer"].vision.fusion.kind, variants["qformer"].vision.fusion.num_queries) == ("qformer", 16)
    assert variants["qformer"].vision.encoder == base.vision.encoder
    full = variants["slow"].stages["multimodal_full"]
    assert (full.lr, full.images.recognition, full.images.text_share) == (0.0001, 0.5, 4)


FULL = "multimodal_full"


@pytest.mark.parametrize(
    ("base", "variant", "message"),
    [
        (TEXT, {"tokenizr": {}}, ": tokenizr is no field; did you mean 'tokenizer'?"),
        (TEXT, {"tokenizer": {}}, ".tokenizer: a variant cannot change it .all are scored with the track's.: take it "),
        (TEXT, {"corpus": {"holdout": {"seed": 1}}}, ".corpus.holdout: a variant cannot change it"),
        (TEXT, {"model": {"vocab_size": 9}}, ".model.vocab_size: a variant cannot change it .the tokenizer is"),
        (TEXT, {"stages": {"pretrain_a": {"tokens": 9}}}, ".stages.pretrain_a.tokens: a variant cannot change it"),
        (TEXT, {"without_filters": ["qualty"]}, ".without_filters: pico has no filter 'qualty'; it has: "),
        (TEXT, {"mixture": {"wieghts": {}}}, ": mixture.wieghts is no field; did you mean 'weights'?"),
        (TEXT, {"corpus": {"filtering": {"filters": []}}, "with_filters": [{"kind": "c4"}]}, ": .* or .*, not both"),
        (TEXT, {"vision": {"fusion": {"kind": "mlp"}}}, ": nothing that is trained or scored follows from vision: ta"),
        (TEXT, {"evals": {"stride": 8}}, ": all are scored alike, and pico/evals/pretrain_a would be another: leave"),
        (IMAGES, {"model": {"num_layers": 3}}, ": all begin with the weights of pretrain_b, .*: leave model as in"),
        (IMAGES, {"without_filters": ["pii"]}, ": all begin with .*: leave without_filters as in pico"),
        (IMAGES, {"stages": {"pretrain_b": {"lr": 1}}}, ".stages: 'pretrain_b' is no stage of the experiment; there a"),
        (IMAGES, {"stages": {FULL: {"steps": 9}}}, ".stages.multimodal_full.steps: a variant cannot change it"),
        (IMAGES, {"stages": {FULL: {"sed": 9}}}, ": stages.multimodal_full.sed is no field; did you mean 'seed'"),
        (
            IMAGES,
            {"stages": {FULL: {"images": {"groups": []}}}},
            ": stages.multimodal_full.images.groups: must have 1 or more",
        ),
        (IMAGES, {"vision": {"fusion": {"kind": "resampler"}}}, ": vision.fusion.kind: must be 'perceiver'"),
        (IMAGES, {"vision": {"fusion": {"kind": "qformer", "head_dim": 48}}}, ": vision: fusion.head_dim .48. does"),
    ],
)
def test_a_wrong_variant_is_refused_in_one_line(base, variant, message):
    experiment = parse_experiment("trial", {**base, "variants": {"baseline": {}, "wrong": variant}})
    with pytest.raises(UserError, match=f"^experiments/trial: variants.wrong{message}") as caught:
        experiment_steps(experiment)
    assert "\n" not in str(caught.value)


def test_groups_may_change_in_size_and_share_but_not_in_what_is_asked():
    larger = [{**group, "share": 1, "width": 2 * group["width"]} for group in GROUPS]
    variants = tracks(IMAGES, larger={"stages": {"multimodal_full": {"images": {"groups": larger}}}})
    assert variants["larger"].stages["multimodal_full"].images.groups[0].width == 2 * GROUPS[0]["width"]
    for other in (GROUPS[:-1], GROUPS[::-1], [{**group, "text_tokens": 12} for group in GROUPS]):
        with pytest.raises(UserError, match=r"images\.groups: all are asked alike"):
            tracks(IMAGES, other={"stages": {"multimodal_full": {"images": {"groups": other}}}})


@pytest.mark.parametrize(
    ("base", "fields", "message"),
    [
        (TEXT, {"variants": {"a": {}, "b": {}}}, "variants: `baseline: {}` is missing"),
        (TEXT, {"variants": {"baseline": {"exports": {}}, "b": {}}}, "variants: `baseline: {}` is missing"),
        (TEXT, {"variants": {"baseline": {}, "B.1": {}}}, "variant name 'B.1': take lower case letters"),
        (TEXT, {"seeds": [1, 1]}, "each seed once"),
        (TEXT, {"seeds": []}, "seeds: "),
        (TEXT, {"track": "picco"}, "there is no track 'picco'; did you mean 'pico'?"),
        (TEXT, {"track": None, "colour": 1}, "colour is no field; there are: also, better, description"),
        (TEXT, {"stages": {}}, "stages: must have 1 or more entries, is empty"),
        (TEXT, {"stages": {"pretrain_a": {}}}, "stages.pretrain_a: name steps or tokens, one of the two"),
        (TEXT, {"stages": {"pretrain_a": {"lr": 1}}}, "stages.pretrain_a.lr is no field; there are: steps, tokens"),
        (TEXT, {"stages": {"overfit": {"steps": 9}}}, "'overfit' is no stage of pico .*; there are: pretrain_a, pretr"),
        (TEXT, {"stages": {"pretrain_a": {"tokens": 100_000}}}, r"multiple of .* batch_tokens \(1,024\): take 99,328"),
        (IMAGES, {"start": "pretrained"}, "'pretrained' is no stage of pico whose weights go on; there are: pretrain"),
        (IMAGES, {"start": None}, "start is missing: multimodal_intro is no pre-training: name the stage .*pretrain_b"),
        (IMAGES, {"stages": dict(reversed(IMAGES["stages"].items()))}, "order: take pretrain_b, multimodal_intro, mul"),
        (IMAGES, {"stages": {FULL: {"steps": 0}}}, "stages.multimodal_full.steps: must be above 0, is 0"),
        (IMAGES, {"stages": {FULL: {"steps": 2}}}, r"trial: stages.multimodal_full: .*: warmup_steps \(4\) exceeds"),
        (IMAGES, {"better": "higher"}, "better: must be 'less' or 'more', is 'higher'"),
        (IMAGES, {"also": {"read_exact_match_line": "more"}}, "also: read_exact_match_line is the metric that decides"),
    ],
)
def test_a_wrong_experiment_is_refused_in_one_line(base, fields, message):
    with pytest.raises(UserError, match=message) as caught:
        variant_tracks(parse_experiment("trial", {**base, "variants": {"baseline": {}, "b": {}}} | fields))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("field", "remedy"), [("metric", "say what decides"), ("better", "less or more")])
def test_what_decides_and_in_which_direction_is_required(field, remedy):
    fields = {name: value for name, value in IMAGES.items() if name != field}
    with pytest.raises(UserError, match=f"experiments/trial: {field} is missing: {remedy}"):
        parse_experiment("trial", {**fields, "variants": {"baseline": {}, "b": {}}})
