"""What stops at a milestone, in the same run and in a later one, on a track that is trained and evaluated for real."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
import torch
from torch import Tensor

from fc_model.artifacts import Artifact, Store
from fc_pipeline.cli.milestone_table import milestone_lines, milestone_states
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.materialize import materialize
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.engine.step import Runtime
from fc_pipeline.orchestration.failures import describe_failure
from tests.factories.materializer import Materializer, built, materializer
from tests.factories.small_text_track import ATTRIBUTES, plant, small_text_graph

JUDGED, NEXT = "toy/evals/pretrain_a", "toy/stages/pretrain_b"
FOLLOWS = {NEXT, "toy/evals/pretrain_b", "toy/exports/huggingface", "toy/exports/gguf", "toy/parity", "toy/report"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An FC_HOME in which everything up to the stage that M2 judges is built."""
    home, graph = tmp_path_factory.mktemp("trained"), small_text_graph()
    for key in graph.closure(["toy/stages/pretrain_a"]):
        materialize(graph, Store(home), key, Runtime(home=home))
    return home


@pytest.fixture
def run(trained: Path, memory_disk: Path) -> Materializer:
    home = memory_disk / "data"
    shutil.copytree(trained, home)
    with materializer(home) as runner:
        yield runner


def plant_in(run: Materializer, change, folder: Path) -> None:
    store = Store(run.home)
    stage = Resolver(small_text_graph(), store).artifact("toy/stages/pretrain_a")
    assert stage is not None
    plant(store, stage, folder, change)


def reasons(result: dg.ExecuteInProcessResult) -> str:
    return " ".join(describe_failure(event) for event in result.filter_events(lambda event: event.is_step_failure))


def assert_stops(run: Materializer, graph: Graph, why: str) -> None:
    """A run of everything, one of everything again, and one of a step that follows."""
    for result in (run(graph), run(graph)):
        assert not result.success and not FOLLOWS & set(built(result))
    for key in (NEXT, "toy/exports/gguf"):
        result = run(graph, key)
        assert not result.success and built(result) == []
    assert why in reasons(run(graph, NEXT)), reasons(run(graph, NEXT))


def shuffled(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    torch.manual_seed(0)
    return {name: one.flatten()[torch.randperm(one.numel())].view_as(one).clone() for name, one in weights.items()}


def present(run: Materializer, graph: Graph, key: str) -> Artifact:
    artifact = Resolver(graph, Store(run.home)).artifact(key)
    assert artifact is not None
    return artifact


def milestones(run: Materializer, graph: Graph) -> list[str]:
    return [text for _, text in milestone_lines(milestone_states(graph, Store(run.home), list(graph)))]


@pytest.mark.timeout(600)
def test_bad_checkpoint_and_its_waiver(run: Materializer, tmp_path: Path) -> None:
    graph = small_text_graph()
    assert [line.split("  ")[0] for line in milestones(run, graph)] == ["not reached", "not reached"]
    plant_in(run, shuffled, tmp_path)
    assert_stops(run, graph, f"{NEXT} cannot go on from {JUDGED}: gate evals/pretrain_a.unigram_gain failed: -")
    first, last = milestones(run, graph)
    assert first.startswith("no-go") and first.endswith("must be at least 0.1; holds up toy/stages/pretrain_b")
    assert last.startswith("not reached")

    waiver = {"gate": "evals/pretrain_a.unigram_gain", "by": "Ada Lovelace", "reason": "to see what comes of it"}
    graph = small_text_graph(waivers=[waiver])
    assert "go by waiver" in milestones(run, graph)[0]
    result = run(graph)
    assert result.success, reasons(result)
    report = present(run, graph, "toy/report")
    assert report.metrics["gates_waived"] == 1
    for name in ("report.html", "report.md", "model_card.md", "milestones.md"):
        text = report.path(name).read_text("utf-8")
        assert "go by waiver" in text and "Ada Lovelace: to see what comes of it" in text, name
    assert milestones(run, graph)[1].startswith("go ")

    taken_away = run(small_text_graph())
    assert not taken_away.success and not FOLLOWS & set(built(taken_away))


def without_a_tensor(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: one for name, one in weights.items() if name != "norm.weight"}


def not_a_number(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return weights | {"norm.weight": torch.full_like(weights["norm.weight"], torch.nan)}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("change", [without_a_tensor, not_a_number])
def test_evaluation_that_ends_without_a_figure(run: Materializer, tmp_path: Path, change) -> None:
    """It fails, so that there is no verdict; what follows waits for one."""
    plant_in(run, change, tmp_path)
    graph = small_text_graph()
    assert_stops(run, graph, f"{NEXT} needs {JUDGED}")
    assert JUDGED not in built(run(graph))
    assert milestones(run, graph)[0].startswith("not reached")


@pytest.mark.timeout(300)
def test_missing_metric(run: Materializer) -> None:
    gate = {"milestone": "M2", "artifact": "evals/pretrain_a", "metric": "bits_per_byte_poetry", "max": 9.0}
    graph = small_text_graph(gates=[gate, *ATTRIBUTES["gates"]])
    assert_stops(run, graph, "gate evals/pretrain_a.bits_per_byte_poetry failed: its metric is missing or no number")
    assert milestones(run, graph)[0].startswith("no-go")
