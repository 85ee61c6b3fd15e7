"""What an experiment on stages with images accepts, what it is made from, and what it says of mistakes."""

from typing import Any

import pytest
import yaml
from factories.built_experiment import seeing_track

from fc_model.errors import UserError
from fc_pipeline.cli.run import by_partition
from fc_pipeline.engine.graph import Graph
from fc_pipeline.experiments.config import load_experiments, parse_experiment
from fc_pipeline.experiments.graph import with_experiments
from fc_pipeline.experiments.variants import variant_tracks
from fc_pipeline.track.config import TRACK_TYPE, parse_track, read_attributes
from fc_pipeline.track.graph import build_graph

STEPS = {"multimodal_intro": 6, "multimodal_full": 10}
BASE = {"track": "pico", "stages": STEPS, "seeds": [0, 3], "metric": "read_exact_match_line", "better": "more"}
QFORMER = {"vision": {"fusion": {"kind": "qformer", "num_queries": 16}}}
SLOW = {"stages": {"multimodal_full": {"lr": 0.0001, "images": {"recognition": 0.5}}}}


def tracks(**variants: Any) -> dict[str, Any]:
    return variant_tracks(parse_experiment("trial", {**BASE, "variants": {"baseline": {}, **variants}}))


def test_the_shipped_ablation_fits_its_track():
    experiment = load_experiments()["fusion"]
    found = variant_tracks(experiment)
    assert {track.vision.fusion.kind for track in found.values()} == {"mlp", "perceiver", "qformer"}
    assert [name for name, track in found.items() if track.vision.fusion.grid_init] == ["perceiver"]
    groups = found["baseline"].stages[list(experiment.stages)[-1]].images.groups
    (line,) = (group for group in groups if group.task == "read" and group.takes("line"))
    vision = found["perceiver"].vision
    assert vision.fusion.init_grid == vision.encoder.grid(line.height, line.width), "points over the lines of nano"
    assert experiment.metric == "read_exact_match_line" and experiment.better == "more"


@pytest.fixture(scope="module")
def graph() -> Graph:
    experiment = parse_experiment("trial", {**BASE, "variants": {"baseline": {}, "qformer": QFORMER, "slow": SLOW}})
    return with_experiments(build_graph([parse_track("pico", read_attributes("pico"))]), [experiment])


def test_a_variant_is_laid_over_vision_and_stages():
    found = tracks(qformer=QFORMER, slow=SLOW)
    base = parse_track("pico", read_attributes("pico"))
    for track in found.values():
        assert list(track.stages) == list(base.stages)
        assert {name: track.stages[name].steps for name in STEPS} == STEPS
        assert track.stages["pretrain_b"] == base.stages["pretrain_b"]
    assert found["baseline"].vision == found["slow"].vision == base.vision
    assert (found["qformer"].vision.fusion.kind, found["qformer"].vision.fusion.num_queries) == ("qformer", 16)
    assert found["qformer"].vision.encoder == base.vision.encoder
    slow = found["slow"].stages["multimodal_full"]
    assert (slow.lr, slow.images.recognition, slow.images.text_share) == (0.0001, 0.5, 4)


def test_a_training_is_a_chain_from_the_tracks_text_on_the_tracks_images(graph):
    intro, full, text, images = (
        graph[f"experiments/trial/{part}/qformer.s3"]
        for part in ("stages/multimodal_intro", "stages/multimodal_full", "evals", "image_evals")
    )
    data = {"shards": "pico/shards", "images": "pico/images"}
    assert intro.inputs == data | {"start": "pico/stages/pretrain_b"}
    assert full.inputs == data | {"start": intro.key}
    assert text.inputs == {"stage": full.key, "shards": "pico/shards", "tokenizer": "pico/tokenizer"}
    assert images.inputs == data | {"stage": full.key, "text": text.key, "before": "pico/evals/pretrain_b"}
    for spec in (intro, full):
        own = graph[f"pico/{spec.asset.removeprefix('experiments/trial/')}"]
        assert spec.config["vision"]["fusion"]["kind"] == "qformer" != own.config["vision"]["fusion"]["kind"]
        changed = {"steps": STEPS[spec.config["stage"]["name"]], "seed": 3}
        assert spec.config["stage"] == own.config["stage"] | changed, "first_batch among them: text is read on"
    assert images.config == graph["pico/image_evals/multimodal_full"].config


def test_nothing_of_the_track_is_built_that_only_its_own_eyes_need(graph):
    needed = graph.track("experiments/trial")
    assert "pico/images" in needed and "pico/stages/pretrain_b" in needed
    assert not [key for key in needed if key.startswith("pico/") and "multimodal" in key]


def test_a_dagster_run_is_of_one_training(graph):
    groups = by_partition(graph, graph.track("experiments/trial"))
    trainings = [(partition, keys) for partition, keys in groups if partition is not None]
    assert sorted(partition for partition, _ in trainings) == sorted(
        f"{variant}.s{seed}" for variant in ("baseline", "qformer", "slow") for seed in (0, 3)
    )
    assert all(len(keys) == 4 for _, keys in trainings)
    assert groups[-1] == (None, ["experiments/trial/result"])


def test_the_stages_may_begin_late_and_stages_of_text_behind_images_are_left_out(tmp_path):
    attributes = seeing_track()
    attributes["stages"] |= {"later": attributes["stages"]["only"]}
    attributes["mixture"] |= {"stages": {"later": {"weights": {"code": 100, "data": 0}}}}
    (tmp_path / "tiny").mkdir()
    text = yaml.safe_dump({"type": TRACK_TYPE, "attributes": attributes}, sort_keys=False)
    (tmp_path / "tiny" / "defs.yaml").write_text(text, "utf-8")
    variants = {"baseline": {}, "other": {"stages": {"full": {"lr": 0.1}}}}
    experiment = {**BASE, "track": "tiny", "stages": {"full": 5}, "variants": variants}
    late = with_experiments(
        build_graph([parse_track("tiny", attributes)]), [parse_experiment("late", experiment)], folder=tmp_path
    )
    full = late["experiments/late/stages/full/other.s0"]
    assert full.inputs == {"shards": "tiny/shards", "images": "tiny/images", "start": "tiny/stages/only"}
    assert "tiny/stages/later" not in late.track("experiments/late")


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ({"model": {"num_layers": 3}}, r"model: a variant of this experiment cannot change it \(all begin with the we"),
        ({"corpus": {"sources": []}}, "corpus: a variant of this experiment cannot change it"),
        ({"stage": {"lr": 1}}, "stage: a variant of this experiment cannot change it"),
        (
            {"stages": {"pretrain_b": {"lr": 1}}},
            "stages: 'pretrain_b' is no stage of the experiment; there are: multimodal_intro, multimodal_full",
        ),
        ({"stages": {"multimodal_full": {"steps": 9}}}, "stages.multimodal_full.steps: a variant cannot change it"),
        ({"stages": {"multimodal_full": {"sed": 9}}}, "stages.multimodal_full.sed is no field; did you mean 'seed'"),
        ({"vision": {"fusion": {"kind": "resampler"}}}, "vision.fusion.kind: Input should be 'perceiver'"),
        ({"vision": {"fusion": {"kind": "qformer", "head_dim": 48}}}, "vision: fusion.head_dim .48. does not divide"),
        ({"stages": {"multimodal_full": {"images": {"groups": []}}}}, "stages.multimodal_full.images.groups: List"),
    ],
)
def test_a_wrong_variant_is_told_in_one_line(variant, message):
    with pytest.raises(UserError, match=f"experiments/trial: variants.wrong.? ?{message}") as caught:
        tracks(wrong=variant)
    assert "\n" not in str(caught.value)


def test_groups_may_change_in_size_and_share_but_not_in_what_is_asked():
    groups = read_attributes("pico")["stages"]["multimodal_full"]["images"]["groups"]
    larger = [{**group, "share": 1, "width": 2 * group["width"]} for group in groups]
    found = tracks(larger={"stages": {"multimodal_full": {"images": {"groups": larger}}}})
    assert found["larger"].stages["multimodal_full"].images.groups[0].width == 2 * groups[0]["width"]
    for other in (groups[:-1], groups[::-1], [{**group, "text_tokens": 12} for group in groups]):
        with pytest.raises(UserError, match=r"images\.groups: all are asked alike"):
            tracks(other={"stages": {"multimodal_full": {"images": {"groups": other}}}})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"stages": {"pretrain_a": 3}},
            "stages: 'pretrain_a' is no stage with images of pico; there are: multimodal_i",
        ),
        ({"stages": dict(reversed(STEPS.items()))}, "is not pico's order: take multimodal_intro, multimodal_full"),
        ({"stages": {"multimodal_full": 0}}, "stages.multimodal_full: Input should be greater than 0"),
        (
            {"stages": {"multimodal_full": 2}},
            r"experiments/trial: stages.multimodal_full: stage multimodal_full: warmup_steps \(4\) exceeds steps \(2\)",
        ),
        ({"tokens": 2048}, "stage and tokens belong to text, stages to images: take one of the two away"),
        ({"better": "higher"}, "better: Input should be 'less' or 'more'"),
        ({"also": {"read_exact_match_line": "more"}}, "also: read_exact_match_line is the metric that decides"),
        ({"stages": {}}, "stage: missing: name a stage of pre-training; or give `stages`"),
        (
            {"stages": {}, "stage": "pretrain_a", "tokens": 2048},
            "better and also belong to an experiment on images: take them away, or give `stages`",
        ),
    ],
)
def test_a_wrong_experiment_is_told_in_one_line(fields, message):
    with pytest.raises(UserError, match=message) as caught:
        variant_tracks(parse_experiment("trial", {**BASE, "variants": {"baseline": {}, "b": {}}} | fields))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("field", ["metric", "better"])
def test_what_decides_and_in_which_direction_is_said(field):
    given = {name: value for name, value in BASE.items() if name != field}
    with pytest.raises(UserError, match=f"experiments/trial: {field}: missing: say what decides"):
        parse_experiment("trial", {**given, "variants": {"baseline": {}, "b": {}}})


def test_settings_of_eyes_have_no_place_in_an_experiment_on_text():
    text = {"track": "pico", "stage": "pretrain_a", "tokens": 102_400, "seeds": [0]}
    with pytest.raises(UserError, match=r"variants\.b\.vision: a variant of this experiment cannot change it"):
        variant_tracks(parse_experiment("trial", {**text, "variants": {"baseline": {}, "b": QFORMER}}))
