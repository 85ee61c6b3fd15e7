"""The forecast: exact where it counts, measured where something was measured, and open about what it does not know."""

import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fc_model.artifacts import Recipe, Store
from fc_model.artifacts.manifest import InputEntry
from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig
from fc_pipeline.engine.deferred import Deferred
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.training.forecast import forecast, gemm_flops, state_bytes

MODEL = ModelConfig(
    vocab_size=512,
    num_layers=2,
    hidden_size=64,
    num_heads=4,
    num_kv_heads=2,
    head_dim=16,
    intermediate_size=128,
    context_length=128,
)
STAGE = StageConfig(name="a", steps=100, seq_len=64, batch_tokens=1024, lr=1e-3)


def stage_config(**changed: Any) -> dict[str, Any]:
    stage = STAGE.model_copy(update=changed)
    return {"model": MODEL.model_dump(mode="json"), "stage": stage.model_dump(mode="json")}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def graph() -> Graph:
    def spec(key: str, config: dict[str, Any], **inputs: str) -> StepSpec:
        return StepSpec(key=key, function=Deferred.of("f:g"), description="", group="g", config=config, inputs=inputs)

    steps = [
        spec("t/shards", {}),
        spec("t/stages/a", stage_config(), shards="t/shards"),
        spec("t/evals/a", {}, stage="t/stages/a"),
    ]
    return Graph(steps, {})


def commit(store: Store, key: str, *, config: Any, metrics: dict[str, float], run: Any, **inputs: Any) -> InputEntry:
    recipe = Recipe(config=config, code={"version": "c0de", "parts": {}}, inputs=inputs)
    with store.write(key, recipe) as out:
        out.write_text("file", f"{key} {config} {metrics}")
        out.metrics |= metrics
        out.run |= run
    found = store.find(key, recipe.identity(key))
    assert found is not None
    return InputEntry(key, found.identity, found.digest)


def test_an_empty_store_gives_what_can_be_calculated(graph: Graph, store: Store) -> None:
    found = forecast(graph, store, graph)
    stage = found["steps"]["t/stages/a"]
    assert stage["tokens"] == 102_400
    assert stage["flops"] == 102_400 * MODEL.flops_per_token(64)
    assert stage["seconds"] == pytest.approx(stage["flops"] / (0.7 * gemm_flops()), abs=0.06)
    assert stage["basis"].startswith("calculated")
    assert stage["disk_bytes"] == 4 * 4 * MODEL.num_parameters() < stage["memory_bytes"]
    assert found["steps"]["t/shards"] == {
        "seconds": None,
        "disk_bytes": None,
        "memory_bytes": None,
        "basis": "never built",
    }
    assert found["total"]["unknown"] == ["t/shards", "t/evals/a"]
    assert found["total"]["seconds"] == stage["seconds"]


def test_measured_goes_before_calculated(graph: Graph, store: Store) -> None:
    run = {"seconds": 12.5, "peak_memory_bytes": 10**9, "committed_at": 1.0}
    commit(store, "t/shards", config={}, metrics={}, run=run)
    other = commit(store, "u/stages/z", config=stage_config(), metrics={"tokens_per_second": 5000.0}, run=run)
    found = forecast(graph, store, graph)["steps"]
    assert found["t/shards"]["seconds"] == 12.5 and found["t/shards"]["memory_bytes"] == 10**9
    assert found["t/stages/a"]["seconds"] == pytest.approx(102_400 / 5000, abs=0.06)
    assert f"u/stages/z@{other.identity}" in found["t/stages/a"]["basis"]
    commit(store, "t/stages/a", config=stage_config(steps=7), metrics={"tokens_per_second": 8000.0}, run=run)
    assert forecast(graph, store, ["t/stages/a"])["total"]["seconds"] == pytest.approx(12.8)


def test_another_shape_tells_nothing(graph: Graph, store: Store) -> None:
    config = stage_config()
    config["model"] = MODEL.model_copy(update={"num_layers": 9}).model_dump(mode="json")
    commit(store, "t/stages/a", config=config, metrics={"tokens_per_second": 5000.0}, run={})
    assert forecast(graph, store, ["t/stages/a"])["steps"]["t/stages/a"]["basis"].startswith("calculated")


def test_bits_per_byte_only_from_runs_that_differ_in_their_seed(graph: Graph, store: Store) -> None:
    def evaluated(value: float, at: float, **changed: Any) -> None:
        stage = commit(store, "t/stages/a", config=stage_config(**changed), metrics={}, run={})
        metrics = {"bits_per_byte": value}
        commit(store, "t/evals/a", config={}, metrics=metrics, run={"committed_at": at, "seconds": 9.0}, stage=stage)

    evaluated(9.9, 1.0, steps=3)
    evaluated(1.50, 2.0, seed=1)
    assert forecast(graph, store, ["t/evals/a"])["steps"]["t/evals/a"]["bits_per_byte"] is None
    evaluated(1.52, 3.0, seed=2)
    evaluated(1.51, 4.0, seed=3)
    interval = forecast(graph, store, ["t/evals/a"])["steps"]["t/evals/a"]["bits_per_byte"]
    half = 4.302653 * statistics.stdev([1.50, 1.51, 1.52]) * (4 / 3) ** 0.5
    assert interval == pytest.approx({"mean": 1.51, "low": 1.51 - half, "high": 1.51 + half, "runs": 3})


def test_muon_keeps_one_moment_for_the_matrices() -> None:
    muon = StageConfig.model_validate(STAGE.model_dump(mode="json") | {"optimizer": {"kind": "muon", "muon_lr": 0.02}})
    assert state_bytes(MODEL, STAGE) - state_bytes(MODEL, muon) == 4 * (MODEL.num_parameters() - 512 * 64)


def test_planning_imports_no_torch() -> None:
    modules = "fc_pipeline.training.forecast, fc_pipeline.evals.text, fc_pipeline.report.write"
    code = f"import sys, {modules}; assert not {{'torch', 'matplotlib'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
