"""What goes wrong in MLflow is said once, and is nobody else's trouble."""

from pathlib import Path

import pytest
from factories.steps import step

from fc_model.artifacts import Store
from fc_model.tracking import Tracker
from fc_pipeline.engine.graph import Graph
from fc_pipeline.tracking.witness import Witness

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def witness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Witness, list[str]]:
    """Of a stage whose database cannot be made, and what it says."""
    monkeypatch.setattr("fc_pipeline.tracking.witness._failed", {})
    (tmp_path / "file").write_text("", "utf-8")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/file/mlflow.db")
    notes: list[str] = []
    graph = Graph([step("toy/stages/one", kinds=("pytorch", "mlflow"))], {})
    return Witness(graph, Store(tmp_path), "toy/stages/one", home=tmp_path, log=notes.append), notes


def test_a_database_that_cannot_be_made(witness: tuple[Witness, list[str]]) -> None:
    who, notes = witness
    trackers: list[Tracker] = []
    for _ in range(2):
        trackers.append(who.track(artifact="toy/stages/one/1", tags={}, params={}))
        trackers[-1].log({"loss": 1.0}, step=1)
        trackers[-1].close("FINISHED")
        who.ended("FAILED")
    assert len(notes) == 1 and notes[0].startswith("MLflow tracking stops, the build goes on: ")
    assert [tracker.error for tracker in trackers] == notes * 2  # for the manifests


def test_what_a_training_says_is_passed_on_once(witness: tuple[Witness, list[str]], run_step) -> None:
    def write(step) -> None:
        step.out.run["mlflow_error"] = "it stops"

    who, notes = witness
    artifact = run_step(write, "toy/stages/one", {})
    for reused in (True, False, False):
        assert who.record(artifact, reused=reused, pages={}) is None
    assert notes == ["it stops"]
