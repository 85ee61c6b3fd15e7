"""A small experiment, for real: from installed packages to the result, a Dagster run for each variant and seed."""

import json
from collections.abc import Iterator

import dagster as dg
import pytest
from factories.built_experiment import NAME, Built, built_experiment, tiny_track

from fc_model.artifacts import Artifact, read_records
from fc_pipeline.cli.run import known

VARIANTS = {
    "baseline": {},
    "long_only": {"with_filters": [{"kind": "length", "min_chars": 4000}]},
    "code_only": {"mixture": {"weights": {"data": 0}}},
}
TRIAL = {"track": "tiny", "stage": "only", "tokens": 20_480, "seeds": [0, 1], "variants": VARIANTS}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Iterator[Built]:
    with built_experiment(tmp_path_factory.mktemp("experiment"), tiny_track(), TRIAL) as built:
        yield built


def ids(artifact: Artifact, name: str) -> set[str]:
    return {record["id"] for record in read_records(artifact.path(f"{name}.jsonl.zst"))}


def test_everything_is_built_as_partitions_and_the_second_time_nothing_is(built, capfd):
    assert built.status == 0
    with dg.DagsterInstance.get() as instance:
        assert known(instance, built.graph, built.store, built.keys)
        stages = instance.get_materialized_partitions(dg.AssetKey([*NAME.split("/"), "stages"]))
        assert stages == {f"{variant}.s{seed}" for variant in VARIANTS for seed in (0, 1)}
        assert instance.get_materialized_partitions(dg.AssetKey([*NAME.split("/"), "split"])) == {"long_only"}
    assert built.run() == 0
    assert "nothing to do" in capfd.readouterr().out


def test_the_held_out_text_is_read_by_no_variant(built):
    held_out = ids(built.artifact("corpus/tiny/split"), "holdout")
    split = built.artifact("split/long_only")
    assert ids(split, "holdout") == held_out
    assert held_out and not held_out & ids(split, "train")
    assert 0 < len(ids(split, "train")) < len(ids(built.artifact("corpus/tiny/split"), "train"))
    assert built.artifact("shards/code_only").metrics["share_code"] == 1


def test_every_evaluation_scored_the_same_bytes(built):
    evals = [built.artifact(f"evals/{variant}.s{seed}") for variant in VARIANTS for seed in (0, 1)]
    for name in ("holdout_bytes_code", "holdout_bytes_data", "holdout_tokens", "unigram_bits_per_byte"):
        assert len({artifact.metrics[name] for artifact in evals}) == 1, name
    scores = [artifact.metrics["bits_per_byte"] for artifact in evals]
    assert len(set(scores)) == len(scores), "each training is another"


def test_the_result_says_what_the_evaluations_say(built):
    artifact = built.artifact("result")
    result = json.loads(artifact.path("result.json").read_text("utf-8"))
    found = result["metrics"]["bits_per_byte_data"]["variants"]["code_only"]
    for seed in (0, 1):
        ours, base = (built.artifact(f"evals/{name}.s{seed}").metrics for name in ("code_only", "baseline"))
        assert found["values"][seed] == ours["bits_per_byte_data"]
        assert found["differences"][seed] == ours["bits_per_byte_data"] - base["bits_per_byte_data"]
    assert found["difference"] > 0, "who has read code only is worse at prose"
    assert artifact.metrics["difference_code_only"] == pytest.approx(
        result["metrics"]["bits_per_byte_mix"]["variants"]["code_only"]["difference"], abs=1e-6
    )
    data, filtered = result["data"]["long_only"], built.artifact("filtered/long_only").manifest.counters
    assert data["documents"] == len(ids(built.artifact("split/long_only"), "train"))
    assert data["dropped"]["too_short"] == filtered.dropped["too_short"] > 0
    assert data["read"] == filtered.read == data["documents"] + sum(data["dropped"].values())


def test_tokens_that_there_are_are_those_of_all_documents_to_train_on(built):
    result = json.loads(built.artifact("result").path("result.json").read_text("utf-8"))
    rows = read_records(built.artifact("tiny/shards").path("documents.jsonl.zst"))
    tokens = sum(row["tokens"] for row in rows if row["split"] == "train")
    assert result["data"]["baseline"]["tokens"] == pytest.approx(tokens, rel=1e-3)


def test_table_and_picture_stand_in_the_ui_and_the_noise_is_named(built):
    text = built.artifact("result").path("result.md").read_text("utf-8")
    assert "is within the noise: 95% confidence for all 2 comparisons" in text
    for part in (*VARIANTS, "too_short", "held_out", "## Difference by domain"):
        assert part in text
    with dg.DagsterInstance.get() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey([*NAME.split("/"), "result"]))
    shown = event.asset_materialization.metadata["result"].value
    assert "data:image/png;base64,iVBOR" in shown and "| code_only |" in shown
