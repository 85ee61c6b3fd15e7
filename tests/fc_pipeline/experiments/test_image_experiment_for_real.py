"""A small ablation of the fusion, for real: from fonts and documents to the table, a run for each variant and seed."""

import json
from collections.abc import Iterator
from math import prod

import dagster as dg
import pytest
from factories.built_experiment import NAME, Built, built_experiment, seeing_track
from safetensors import safe_open

from fc_model.artifacts import Recipe
from fc_model.errors import UserError
from fc_pipeline.cli.run import known
from fc_pipeline.engine.step import Runtime, Step
from fc_pipeline.experiments.images_result import write_images_result

PERCEIVER = {"kind": "perceiver", "num_queries": 8, "head_dim": 16, "grid_init": True, "init_grid": [2, 8]}
VARIANTS = {
    "baseline": {},
    "perceiver": {"vision": {"fusion": PERCEIVER}},
    "slow_qformer": {
        "vision": {"fusion": {"kind": "qformer", "num_layers": 2, "num_queries": 8}},
        "stages": {"full": {"lr": 0.0002}},
    },
}
ALSO = {"read_cer_line": "less", "retrieval_image_to_text_recall_at_1": "more", "text_bits_per_byte_rise": "less"}
TRIAL = {"track": "tiny", "stages": {"intro": 3, "full": 4}, "seeds": [0, 1], "metric": "read_exact_match_line"} | {
    "better": "more",
    "also": ALSO,
    "variants": VARIANTS,
}
LR = {"full/baseline": 0.002, "intro/slow_qformer": 0.002, "full/slow_qformer": 0.0002}
PARTITIONS = [f"{variant}.s{seed}" for variant in VARIANTS for seed in (0, 1)]


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Iterator[Built]:
    with built_experiment(tmp_path_factory.mktemp("fusion"), seeing_track(), TRIAL) as built:
        yield built


def test_everything_is_built_as_partitions_and_the_second_time_nothing_is(built, capfd):
    assert built.status == 0
    with dg.DagsterInstance.get() as instance:
        assert known(instance, built.graph, built.store, built.keys)
        for part in ("stages/intro", "stages/full", "evals", "image_evals"):
            asset = dg.AssetKey([*NAME.split("/"), *part.split("/")])
            assert instance.get_materialized_partitions(asset) == set(PARTITIONS), part
    assert built.run() == 0
    assert "nothing to do" in capfd.readouterr().out


def test_every_training_goes_on_from_the_tracks_text_and_sees_its_images(built):
    text, images = built.artifact("tiny/stages/only"), built.artifact("tiny/images")
    weights = set()
    for partition in PARTITIONS:
        intro, full = built.artifact(f"stages/intro/{partition}"), built.artifact(f"stages/full/{partition}")
        assert intro.manifest.recipe.inputs["start"].digest == text.digest
        assert full.manifest.recipe.inputs["start"].digest == intro.digest
        assert {stage.manifest.recipe.inputs["images"].digest for stage in (intro, full)} == {images.digest}
        assert (intro.metrics["steps"], full.metrics["steps"]) == (3, 4)
        weights.add(full.digest)
    assert len(weights) == len(PARTITIONS), "each training is another"
    assert not (built.store.root / "tiny" / "stages" / "full").exists(), "the track's own stages are not needed"


def test_each_variant_has_its_fusion_and_its_settings(built):
    result = json.loads(built.artifact("result").path("result.json").read_text("utf-8"))
    for variant, kind in {"baseline": "mlp", "perceiver": "perceiver", "slow_qformer": "qformer"}.items():
        stage = built.artifact(f"stages/full/{variant}.s1")
        vision = json.loads(stage.path("vision.json").read_text("utf-8"))
        eyes = result["variants"][variant]
        assert vision["fusion"]["kind"] == eyes["fusion"] == kind
        with safe_open(stage.path("vision.safetensors"), "numpy") as weights:
            sizes = {name: prod(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
        for part in ("encoder", "fusion"):
            trained = sum(size for name, size in sizes.items() if name.startswith(f"{part}."))
            assert trained == eyes[f"{part}_parameters"], (variant, part)
        queries = {"read_line": 8, "caption_screenshot_dialog": 8}
        assert eyes["tokens"] == ({"read_line": 16, "caption_screenshot_dialog": 24} if kind == "mlp" else queries)
    rates = {name: built.artifact(f"stages/{name}.s0").manifest.recipe.config["stage"]["lr"] for name in LR}
    assert rates == LR


def test_all_are_asked_the_same(built):
    evaluations = [built.artifact(f"image_evals/{partition}") for partition in PARTITIONS]
    for name in ("samples", "samples_line", "retrieval_chance_at_1"):
        assert len({evaluation.metrics[name] for evaluation in evaluations}) == 1, name
    text = built.artifact("tiny/evals/only").metrics["bits_per_byte"]
    after = built.artifact("evals/slow_qformer.s1").metrics["bits_per_byte"]
    rise = built.artifact("image_evals/slow_qformer.s1").metrics["text_bits_per_byte_rise"]
    assert rise == pytest.approx(after / text - 1, abs=1e-6) and rise != 0


def test_the_result_says_what_the_evaluations_say(built):
    artifact = built.artifact("result")
    result = json.loads(artifact.path("result.json").read_text("utf-8"))
    assert list(result["metrics"]) == [TRIAL["metric"], *ALSO]
    for metric, better in {TRIAL["metric"]: "more", **ALSO}.items():
        assert result["metrics"][metric]["better"] == better
        for variant, found in result["metrics"][metric]["variants"].items():
            values = [built.artifact(f"image_evals/{variant}.s{seed}").metrics[metric] for seed in (0, 1)]
            assert found["values"] == values
            assert artifact.metrics[f"{metric}_{variant}"] == pytest.approx(sum(values) / 2, abs=1e-6)


def test_a_metric_that_no_evaluation_has_is_named_with_those_that_are_close(built):
    spec = built.graph[f"{NAME}/result"]
    inputs = {role: built.artifact(key) for role, key in spec.inputs.items()}
    config = {**spec.config, "metric": "exact_match_lines"}
    recipe = Recipe(config=config, code={"version": "c0de", "parts": {}}, inputs={})
    wrong = "trial/image_evals/baseline.s0 has no metric 'exact_match_lines'; take for instance .*exact_match_line"
    with pytest.raises(UserError, match=wrong), built.store.write("experiments/wrong/result", recipe) as out:
        write_images_result(Step(key=spec.key, config=config, inputs=inputs, out=out, runtime=Runtime(home=out.folder)))


def test_table_and_picture_stand_in_the_ui(built):
    text = built.artifact("result").path("result.md").read_text("utf-8")
    samples = int(built.artifact("image_evals/baseline.s0").metrics["samples"])
    for part in ("3 steps of intro, then 4 steps of full", f"same {samples} held-out samples. More is better."):
        assert part in text
    for part in ("read_cer_line (less is better)", "95% confidence for all 2 comparisons", "## What each sees by"):
        assert part in text
    with dg.DagsterInstance.get() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey([*NAME.split("/"), "result"]))
    shown = event.asset_materialization.metadata["result"].value
    assert "data:image/png;base64,iVBOR" in shown and "| slow_qformer |" in shown
