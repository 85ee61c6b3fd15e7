"""A track that is built by the command line, as MLflow shows it: a real database, and a real tracking server."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from factories.built_experiment import homes
from factories.tracked_track import database, tracked_graph
from factories.waiting import DEADLINE, wait_until

from fc_pipeline.cli.run import build
from fc_pipeline.engine.graph import Graph
from tests.reliability.fake_graph import definitions_of

LONG = 120
"""Steps of a stage that a test can kill."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow's dependencies
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr("fc_pipeline.tracking.witness._failed", {})
    monkeypatch.setenv("DAGSTER_UI", "http://dagster.example/")
    with homes(tmp_path) as folder:
        yield folder


def run(graph: Graph) -> int:
    return build("toy", graph, list(graph), lambda: definitions_of(graph))


def client(uri: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def runs_of(uri: str, name: str = "toy") -> dict[str, Any]:
    """By name; a build's without its identity."""
    mlflow = client(uri)
    experiment = mlflow.get_experiment_by_name(name)
    runs = mlflow.search_runs([experiment.experiment_id])
    named = {"build" if "fc.build" in run.data.tags else run.info.run_name.rsplit("/", 1)[0]: run for run in runs}
    assert len(named) == len(runs), [run.info.run_name for run in runs]
    return named


def champion(uri: str) -> str | None:
    aliases = client(uri).get_registered_model("toy").aliases
    return str(aliases["champion"]) if "champion" in aliases else None


def test_a_build(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "f" * 32)  # of a person's own run: ours is another
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "mine")
    assert run(tracked_graph()) == 0
    uri = database(home)
    runs = runs_of(uri)
    assert runs.keys() == {"build", "toy/stages/first", "toy/stages/second"}
    first, second, whole = runs["toy/stages/first"], runs["toy/stages/second"], runs["build"]
    for stage in (first, second):
        assert stage.data.tags["mlflow.parentRunId"] == whole.info.run_id
        assert stage.info.status == "FINISHED"
        assert "http://dagster.example/assets/toy/stages/" in stage.data.tags["mlflow.note.content"]
        assert len(stage.data.tags["mlflow.source.git.commit"]) >= 40
        assert stage.data.tags["fc.host"] and stage.data.tags["fc.version"]
    assert whole.info.status == "FINISHED"
    assert f"/runs/{second.info.run_id})" in whole.data.tags["mlflow.note.content"]
    assert whole.data.metrics["eval/second/bits_per_byte"] == 1.5 and whole.data.metrics["gate/parity.difference"] == 1
    assert second.data.metrics["eval/bits_per_byte"] == 1.5 and second.data.metrics["eval/top_1 ___"] == 3.0
    assert second.data.tags["gate/evals/second.bits_per_byte"] == "passed: 1.5, at most 2"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"

    (dataset,) = second.inputs.dataset_inputs
    assert dataset.dataset.name == "toy/shards" and json.loads(dataset.dataset.profile)["tokens"] == 6000
    assert {tag.key: tag.value for tag in dataset.tags}["mlflow.data.context"] == "training"
    import mlflow.data

    assert (Path(mlflow.data.get_source(dataset.dataset).load()) / "index.json").is_file()

    paths = {file.path for file in client(uri).list_artifacts(second.info.run_id, "evals")}
    assert paths == {"evals/curve.png", "evals/table.md", "evals/samples.json"}
    assert [file.path for file in client(uri).list_artifacts(whole.info.run_id, "report")] == ["report/report.html"]
    assert second.info.artifact_uri.startswith((home / "data" / "mlflow" / "artifacts").as_uri())

    version = client(uri).get_model_version_by_alias("toy", "champion")
    assert version.run_id == second.info.run_id and version.tags["eval/bits_per_byte"] == "1.5"
    assert (Path(version.source) / "config.json").is_file()


def test_champion_moves_only_with_every_gate(home: Path) -> None:
    uri = database(home)
    assert run(tracked_graph(parity=0.2)) == 1  # the report does not go on from it
    assert champion(uri) is None and runs_of(uri)["build"].info.status == "FAILED"
    assert run(tracked_graph()) == 0
    assert champion(uri) == "1" and runs_of(uri)["build"].info.status == "FINISHED"
    assert runs_of(uri)["build"].data.tags["milestone/M5"] == "go"
    assert run(tracked_graph(second=2.5)) == 1  # the export does not go on from it: there is no second version
    assert champion(uri) == "1" and runs_of(uri)["build"].data.tags["milestone/M5"] == "no-go"
    tags = runs_of(uri)["toy/stages/second"].data.tags
    assert tags["gate/evals/second.bits_per_byte"] == "failed: 2.5, at most 2"


def test_one_build_through_a_kill(home: Path) -> None:
    environment = os.environ | {"FC_HOME": str(home / "data"), "PYTHONPATH": os.pathsep.join(["tests", *sys.path])}
    command = [sys.executable, "-m", "tests.factories.tracked_track", str(LONG)]
    with subprocess.Popen(command, env=environment, start_new_session=True) as killed:
        log = "toy/stages/first/*/workspace/training/metrics.jsonl"
        wait_until(lambda: any(path.stat().st_size for path in (home / "data").glob(log)), "the stage trains")
        os.killpg(killed.pid, signal.SIGKILL)
    runs = runs_of(database(home))
    assert {name: run.info.status for name, run in runs.items()} == {"build": "RUNNING", "toy/stages/first": "RUNNING"}
    before = {name: run.info.run_id for name, run in runs.items()}
    assert run(tracked_graph(steps=LONG)) == 0
    after = {name: run.info.run_id for name, run in runs_of(database(home)).items()}
    assert before.items() <= after.items() and len(after) == 3


@pytest.fixture
def server(home: Path, tmp_path: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A tracking server with a database and files of its own."""
    port = str(free_port())
    uri = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1", "--port", port]
    command += [
        "--backend-store-uri",
        f"sqlite:///{tmp_path}/server.db",
        "--artifacts-destination",
        str(tmp_path / "f"),
    ]
    with subprocess.Popen(command, start_new_session=True, cwd=tmp_path) as process:
        wait_until(lambda: answers(f"{uri}/health"), "the server answers")
        yield uri, process
        with suppress(ProcessLookupError):  # the test may have killed it
            os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def test_a_tracking_server_that_dies(
    home: Path,
    server: tuple[str, "subprocess.Popen[bytes]"],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    uri, process = server
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert run(tracked_graph()) == 0
    version = client(uri).get_model_version_by_alias("toy", "champion")
    assert version.source == f"runs:/{version.run_id}/model"  # it takes no folder that is not its own
    assert {file.path for file in client(uri).list_artifacts(version.run_id, "model")} == {
        "model/config.json",
        "model/manifest.json",
    }
    assert not (home / "data" / "mlflow").exists()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(DEADLINE)
    capfd.readouterr()
    assert run(tracked_graph(steps=5)) == 0
    printed = "".join(capfd.readouterr())
    assert printed.count("MLflow tracking stops") == 1, printed
