"""The forecast: exact where it counts, measured where something was measured, and open about what it does not know."""

import math
import statistics
from pathlib import Path
from typing import Any

import pytest
from factories.build import build, write_text
from factories.models import tiny_model, tiny_stage
from factories.steps import step

from fc_model.artifacts import Artifact, Store
from fc_model.config.lora import LoraConfig
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.step import Step
from fc_pipeline.training.forecast import forecast, gemm_flops, state_bytes

MODEL = tiny_model()
STAGE = tiny_stage(steps=100, seq_len=64, batch_tokens=1024)


def stage_config(**changed: Any) -> dict[str, Any]:
    stage = STAGE.model_copy(update=changed)
    return {"model": MODEL.model_dump(mode="json"), "stage": stage.model_dump(mode="json")}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.fixture
def graph() -> Graph:
    stage = step("t/stages/a", config=stage_config(), inputs={"shards": "t/shards"})
    return Graph([step("t/shards"), stage, step("t/evals/a", inputs={"stage": "t/stages/a"})], {})


def commit(store: Store, key: str, *, config: Any, metrics: dict[str, float], run: Any, **inputs: Artifact) -> Artifact:
    def write(step: Step) -> None:
        write_text(step)
        step.out.metrics |= metrics
        step.out.run |= run

    return build(store, key, write, config, inputs)


def measured(tokens: int, rate: float) -> dict[str, float]:
    return {"tokens_per_second": rate, "steps": tokens // STAGE.batch_tokens, "seconds": tokens / rate}


def test_forecast_of_an_adapter(graph: Graph, store: Store) -> None:
    lora = LoraConfig(rank=4, alpha=8)
    adapted = step("t/stages/b", config=stage_config(lora=lora))
    costs = forecast(Graph([*graph.values(), adapted], {}), store, ["t/stages/a", "t/stages/b"])["steps"]
    whole, part = costs["t/stages/a"], costs["t/stages/b"]
    total, trained = MODEL.num_parameters(), lora.num_parameters(MODEL)
    assert part["disk_bytes"] == 4 * (2 * total + 4 * trained) < whole["disk_bytes"]
    assert part["memory_bytes"] < whole["memory_bytes"]
    attention = 6 * MODEL.num_layers * MODEL.num_heads * MODEL.head_dim * 64
    weights = MODEL.flops_per_token(64) - attention
    assert part["flops"] == 102_400 * (weights * 4 // 6 + attention + 6 * trained), "no gradient of frozen weights"


def test_forecast_calculated(graph: Graph, store: Store) -> None:
    costs = forecast(graph, store, graph)
    stage = costs["steps"]["t/stages/a"]
    assert stage["tokens"] == 102_400
    assert stage["flops"] == 102_400 * MODEL.flops_per_token(64)
    assert stage["seconds"] == pytest.approx(stage["flops"] / (0.7 * gemm_flops()), abs=0.06)
    assert stage["basis"].startswith("calculated")
    assert stage["disk_bytes"] == 4 * 4 * MODEL.num_parameters() < stage["memory_bytes"]
    unknown = dict.fromkeys(("seconds", "disk_bytes", "memory_bytes"))
    assert costs["steps"]["t/shards"] == unknown | {"basis": "never built"}
    assert costs["total"]["unknown"] == ["t/shards", "t/evals/a"]
    assert costs["total"]["seconds"] == stage["seconds"]


def test_gemm_flops_no_time_left() -> None:
    assert 0 < gemm_flops(size=64, seconds=0.0) < math.inf


def test_forecast_measured(graph: Graph, store: Store) -> None:
    run = {"seconds": 12.5, "peak_memory_bytes": 10**9, "committed_at": 1.0}
    commit(store, "t/shards", config={}, metrics={}, run=run)
    other = commit(store, "u/stages/z", config=stage_config(), metrics=measured(102_400, 5000.0), run=run)
    steps = forecast(graph, store, graph)["steps"]
    assert steps["t/shards"]["seconds"] == 12.5 and steps["t/shards"]["memory_bytes"] == 10**9
    assert steps["t/stages/a"]["seconds"] == pytest.approx(102_400 / 5000, abs=0.06)
    assert f"u/stages/z@{other.identity}" in steps["t/stages/a"]["basis"]
    commit(store, "t/stages/a", config=stage_config(steps=7), metrics=measured(7 * STAGE.batch_tokens, 8000.0), run=run)
    assert forecast(graph, store, ["t/stages/a"])["total"]["seconds"] == pytest.approx(12.8)


def test_forecast_other_shape(graph: Graph, store: Store) -> None:
    config = stage_config()
    config["model"] = MODEL.model_copy(update={"num_layers": 9}).model_dump(mode="json")
    commit(store, "t/stages/a", config=config, metrics={"tokens_per_second": 5000.0}, run={})
    assert forecast(graph, store, ["t/stages/a"])["steps"]["t/stages/a"]["basis"].startswith("calculated")


def test_forecast_bits_per_byte(graph: Graph, store: Store) -> None:
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


def test_state_bytes_muon() -> None:
    muon = tiny_stage(steps=100, seq_len=64, batch_tokens=1024, optimizer={"kind": "muon", "muon_lr": 0.02})
    matrices = MODEL.num_parameters() - MODEL.vocab_size * MODEL.hidden_size
    assert state_bytes(MODEL, STAGE) - state_bytes(MODEL, muon) == 4 * matrices
