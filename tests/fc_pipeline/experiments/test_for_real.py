"""Two small experiments, for real: from packages or fonts to the result, a Dagster run for each variant and seed."""

import json
from collections.abc import Iterator
from itertools import product
from math import prod

import dagster as dg
import pytest
from factories.built_experiment import NAME, Built, homes, image_track, tiny_track
from safetensors import safe_open

from fc_model.artifacts import Artifact, Recipe, read_records
from fc_model.errors import UserError
from fc_pipeline.cli.run import known
from fc_pipeline.engine.step import Runtime, Step
from fc_pipeline.experiments.result import write_result

SEEDS = [0, 1]
TEXT = {"track": "tiny", "seeds": SEEDS, "stages": {"only": {"tokens": 20_480}}, "better": "less"}
TEXT |= {"metric": "bits_per_byte_mix", "also": {"bits_per_byte*": "less"}}
TEXT |= {
    "variants": {
        "baseline": {},
        "long_only": {"with_filters": [{"kind": "length", "min_chars": 4000}]},
        "code_only": {"mixture": {"weights": {"data": 0}}},
    }
}
PERCEIVER = {"kind": "perceiver", "num_queries": 8, "head_dim": 16, "grid_init": True, "init_grid": [2, 8]}
ALSO = {"read_cer_line": "less", "retrieval_image_to_text_recall_at_1": "more", "text_bits_per_byte_rise": "less"}
IMAGES = {"track": "tiny", "seeds": SEEDS, "start": "only", "stages": {"intro": {"steps": 3}, "full": {"steps": 4}}}
IMAGES |= {"metric": "read_exact_match_line", "better": "more", "also": ALSO}
IMAGES |= {
    "variants": {
        "baseline": {},
        "perceiver": {"vision": {"fusion": PERCEIVER}},
        "slow_qformer": {
            "vision": {"fusion": {"kind": "qformer", "num_layers": 2, "num_queries": 8}},
            "stages": {"full": {"lr": 0.0002}},
        },
    }
}


def partitions(experiment: dict) -> list[str]:
    return [f"{variant}.s{seed}" for variant, seed in product(experiment["variants"], SEEDS)]


def ids(artifact: Artifact, name: str) -> set[str]:
    return {record["id"] for record in read_records(artifact.path(f"{name}.jsonl.zst"))}


def result_of(built: Built) -> dict:
    return json.loads(built.artifact("result").path("result.json").read_text("utf-8"))


def page(built: Built) -> tuple[str, str]:
    """result.md, and what the UI shows of it."""
    with dg.DagsterInstance.get() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey([*NAME.split("/"), "result"]))
    return (
        built.artifact("result").path("result.md").read_text("utf-8"),
        event.asset_materialization.metadata["result"].value,
    )


def check_built_once(built: Built, experiment: dict, parts: tuple[str, ...], capfd) -> None:
    """Trainings are partitions, and the second run has nothing to do."""
    assert built.status == 0
    with dg.DagsterInstance.get() as instance:
        assert known(instance, built.graph, built.store, built.keys)
        for part in parts:
            asset = dg.AssetKey([*NAME.split("/"), *part.split("/")])
            assert instance.get_materialized_partitions(asset) == set(partitions(experiment)), part
    assert built.run() == 0
    assert "nothing to do" in capfd.readouterr().out


def check_result(built: Built, experiment: dict, evaluation: str) -> None:
    """Every figure of the result is that of the evaluations, and its means are metrics of the artifact."""
    metrics, own = result_of(built)["metrics"], built.artifact("result").metrics
    for metric, variant in product(metrics, experiment["variants"]):
        scores = metrics[metric]["variants"][variant]
        values = [built.artifact(f"{evaluation}/{variant}.s{seed}").metrics[metric] for seed in SEEDS]
        assert scores["values"] == values
        first = metrics[metric]["variants"]["baseline"]["values"]
        assert scores["differences"] == [value - base for value, base in zip(values, first, strict=True)]
        if metric == experiment["metric"] or metric in experiment["also"]:
            assert own[f"{metric}_{variant}"] == pytest.approx(scores["mean"], abs=1e-6)
    for variant in list(experiment["variants"])[1:]:
        difference = metrics[experiment["metric"]]["variants"][variant]["difference"]
        assert own[f"difference_{variant}"] == pytest.approx(difference, abs=1e-6)


class TestText:
    @pytest.fixture(scope="class")
    @classmethod
    def built(cls, tmp_path_factory) -> Iterator[Built]:
        with homes(tmp_path_factory.mktemp("text")) as folder:
            yield Built(folder, tiny_track(), TEXT)

    def test_everything_is_built_as_partitions_and_the_second_time_nothing_is(self, built, capfd):
        check_built_once(built, TEXT, ("stages", "evals"), capfd)
        with dg.DagsterInstance.get() as instance:
            assert instance.get_materialized_partitions(dg.AssetKey([*NAME.split("/"), "split"])) == {"long_only"}

    def test_the_held_out_text_is_read_by_no_variant(self, built):
        held_out = ids(built.artifact("corpus/tiny/split"), "holdout")
        split = built.artifact("split/long_only")
        assert ids(split, "holdout") == held_out
        assert held_out and not held_out & ids(split, "train")
        assert 0 < len(ids(split, "train")) < len(ids(built.artifact("corpus/tiny/split"), "train"))
        assert built.artifact("shards/code_only").metrics["share_code"] == 1

    def test_every_evaluation_scored_the_same_bytes(self, built):
        evals = [built.artifact(f"evals/{partition}") for partition in partitions(TEXT)]
        for name in ("holdout_bytes_code", "holdout_bytes_data", "holdout_tokens", "unigram_bits_per_byte"):
            assert len({artifact.metrics[name] for artifact in evals}) == 1, name
        scores = [artifact.metrics["bits_per_byte"] for artifact in evals]
        assert len(set(scores)) == len(scores), "each training is another"

    def test_the_result_has_the_evaluations_figures_and_what_became_of_documents(self, built):
        check_result(built, TEXT, "evals")
        result = result_of(built)
        assert set(result["metrics"]) == {f"bits_per_byte{name}" for name in ("", "_mix", "_code", "_data")}
        prose = result["metrics"]["bits_per_byte_data"]["variants"]["code_only"]
        assert prose["difference"] > 0, "who has read code only is worse at prose"
        data, filtered = result["data"]["long_only"], built.artifact("filtered/long_only").manifest.counters
        assert data["documents"] == len(ids(built.artifact("split/long_only"), "train"))
        assert data["dropped"]["too_short"] == filtered.dropped["too_short"] > 0
        assert data["read"] == filtered.read == data["documents"] + sum(data["dropped"].values())
        rows = read_records(built.artifact("tiny/shards").path("documents.jsonl.zst"))
        tokens = sum(row["tokens"] for row in rows if row["split"] == "train")
        assert result["data"]["baseline"]["tokens"] == pytest.approx(tokens, rel=1e-3), "of all documents to train on"

    def test_table_and_picture_stand_in_the_ui_and_the_noise_is_named(self, built):
        text, shown = page(built)
        assert "is within the noise: 95% confidence for all 2 comparisons" in text
        assert "was trained on 20,480 tokens of only, once for each of the seeds 0, 1, and scored on the same " in text
        for part in (*TEXT["variants"], "too_short", "held_out", "## Difference by domain", "## Documents"):
            assert part in text
        assert "data:image/png;base64,iVBOR" in shown and "| code_only |" in shown


class TestImages:
    @pytest.fixture(scope="class")
    @classmethod
    def built(cls, tmp_path_factory) -> Iterator[Built]:
        with homes(tmp_path_factory.mktemp("images")) as folder:
            yield Built(folder, image_track(), IMAGES)

    def test_everything_is_built_as_partitions_and_the_second_time_nothing_is(self, built, capfd):
        check_built_once(built, IMAGES, ("stages/intro", "stages/full", "evals", "image_evals"), capfd)

    def test_every_training_goes_on_from_the_tracks_text_and_sees_its_images(self, built):
        text, images = built.artifact("tiny/stages/only"), built.artifact("tiny/images")
        weights = set()
        for partition in partitions(IMAGES):
            intro, full = built.artifact(f"stages/intro/{partition}"), built.artifact(f"stages/full/{partition}")
            assert intro.manifest.recipe.inputs["start"].digest == text.digest
            assert full.manifest.recipe.inputs["start"].digest == intro.digest
            assert {stage.manifest.recipe.inputs["images"].digest for stage in (intro, full)} == {images.digest}
            assert (intro.metrics["steps"], full.metrics["steps"]) == (3, 4)
            weights.add(full.digest)
        assert len(weights) == len(partitions(IMAGES)), "each training is another"
        assert not (built.store.root / "tiny" / "stages" / "full").exists(), "the track's own stages are not needed"

    def test_each_variant_has_its_fusion_and_its_settings(self, built):
        for variant, kind in {"baseline": "mlp", "perceiver": "perceiver", "slow_qformer": "qformer"}.items():
            stage, vision = built.artifact(f"stages/full/{variant}.s1"), result_of(built)["vision"][variant]
            trained = json.loads(stage.path("vision.json").read_text("utf-8"))
            assert trained["fusion"]["kind"] == vision["fusion"] == kind
            with safe_open(stage.path("vision.safetensors"), "numpy") as weights:
                sizes = {name: prod(weights.get_slice(name).get_shape()) for name in weights.keys()}  # noqa: SIM118
            for part in ("encoder", "fusion"):
                count = sum(size for name, size in sizes.items() if name.startswith(f"{part}."))
                assert count == vision[f"{part}_parameters"], (variant, part)
            tokens = (16, 24) if kind == "mlp" else (8, 8)
            assert tuple(vision["tokens"][group] for group in ("read_line", "caption_screenshot_dialog")) == tokens
        rates = {"full/baseline": 0.002, "intro/slow_qformer": 0.002, "full/slow_qformer": 0.0002}
        stages = {name: built.artifact(f"stages/{name}.s0").manifest.recipe.config["stage"] for name in rates}
        assert {name: stage["lr"] for name, stage in stages.items()} == rates

    def test_all_are_asked_the_same(self, built):
        evaluations = [built.artifact(f"image_evals/{partition}") for partition in partitions(IMAGES)]
        for name in ("samples", "samples_line", "retrieval_chance_at_1"):
            assert len({evaluation.metrics[name] for evaluation in evaluations}) == 1, name
        text = built.artifact("tiny/evals/only").metrics["bits_per_byte"]
        after = built.artifact("evals/slow_qformer.s1").metrics["bits_per_byte"]
        rise = built.artifact("image_evals/slow_qformer.s1").metrics["text_bits_per_byte_rise"]
        assert rise == pytest.approx(after / text - 1, abs=1e-6) and rise != 0

    def test_the_result_has_the_evaluations_figures(self, built):
        check_result(built, IMAGES, "image_evals")
        metrics = result_of(built)["metrics"]
        assert {name: metric["better"] for name, metric in metrics.items()} == {IMAGES["metric"]: "more", **ALSO}

    def test_a_metric_that_no_evaluation_has_is_named_with_those_that_are_close(self, built):
        spec = built.graph[f"{NAME}/result"]
        inputs = {role: built.artifact(key) for role, key in spec.inputs.items()}
        config = {**spec.config, "metric": "exact_match_lines"}
        recipe = Recipe(config=config, code={"version": "c0de", "parts": {}}, inputs={})
        wrong = "trial/result: no evaluation has a metric 'exact_match_lines'; take for instance .*exact_match_line"
        with pytest.raises(UserError, match=wrong), built.store.write("experiments/wrong/result", recipe) as out:
            runtime = Runtime(home=out.folder)
            write_result(Step(key=spec.key, config=config, inputs=inputs, out=out, runtime=runtime))

    def test_table_and_picture_stand_in_the_ui(self, built):
        text, shown = page(built)
        samples = int(built.artifact("image_evals/baseline.s0").metrics["samples"])
        for part in (
            "from the weights of tiny's only on 3 steps of intro, then 4 steps of full",
            f"same {samples} held-out samples. More is better.",
            "read_cer_line (less is better)",
            "95% confidence for all 2 comparisons",
            "## What each sees by",
        ):
            assert part in text
        assert "## Documents" not in text and "## Difference by domain" not in text
        assert "data:image/png;base64,iVBOR" in shown and "| slow_qformer |" in shown
