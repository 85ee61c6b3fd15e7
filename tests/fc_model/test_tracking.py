"""MLflow: one run through kills and resumes, and never a reason to stop."""

import logging
import math
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from factories.text_stage import write_stage

from fc_model.tracking import Tracker
from fc_model.tracking import client as tracking
from fc_model.train import run_stage

ARTIFACT = "nano/stages/pretrain/0123456789abcdef"


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def client(uri: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def history(uri: str, run_id: str, name: str) -> list[tuple[int, float]]:
    return sorted((metric.step, metric.value) for metric in client(uri).get_metric_history(run_id, name))


def test_one_run_through_a_kill(uri: str) -> None:
    settings = {"stage": {"lr": 0.1, "optimizer": {"kind": "muon"}}}
    tracker = Tracker(uri, artifact=ARTIFACT, tags={"dagster.run_id": "one"}, params=settings)
    for step in (1, 2, 3):
        tracker.log({"loss": 4.0 - step, "step": step, "bad": math.nan, "note": "text"}, step=step)
    tracker.flush()  # killed here: the run is never closed
    again = Tracker(uri, artifact=ARTIFACT, tags={"dagster.run_id": "two"}, params=settings)
    assert again.run_id == tracker.run_id
    for step in (2, 3, 4):
        again.log({"loss": 4.0 - step}, step=step)
    again.close("FINISHED")
    assert history(uri, again.run_id, "loss") == [(1, 3.0), (2, 2.0), (3, 1.0), (4, 0.0)]
    run = client(uri).get_run(again.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["fc.artifact"] == ARTIFACT
    assert run.data.tags["dagster.run_id"] == "two"
    assert run.data.params == {"stage.lr": "0.1", "stage.optimizer.kind": "muon"}
    assert "bad" not in run.data.metrics
    assert client(uri).get_experiment(run.info.experiment_id).name == "nano"
    assert Tracker(uri, artifact=f"{ARTIFACT[:-1]}e", tags={}, params={}).run_id != again.run_id


def test_a_deleted_experiment_is_restored(uri: str) -> None:
    first = Tracker(uri, artifact="gone/a/1", tags={}, params={})
    experiment = client(uri).get_run(first.run_id).info.experiment_id
    client(uri).delete_experiment(experiment)
    second = Tracker(uri, artifact="gone/a/2", tags={}, params={})
    second.log({"loss": 1.0}, step=1)
    second.close("FINISHED")
    assert second.error is None
    assert client(uri).get_experiment(experiment).lifecycle_stage == "active"
    assert history(uri, second.run_id, "loss") == [(1, 1.0)]


def test_killed_while_the_tables_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until they are all there, there is no database; what MLflow finds half made it never opens again."""
    database = tmp_path / "mlflow.db"

    def die(source: Path, target: Path) -> None:
        assert Path(source).is_file() and not database.exists()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(tracking.os, "link", die)
        with pytest.raises(KeyboardInterrupt):
            Tracker(f"sqlite:///{database}", artifact=ARTIFACT, tags={}, params={})
    assert not database.exists()
    tracker = Tracker(f"sqlite:///{database}", artifact=ARTIFACT, tags={}, params={})
    tracker.close("FINISHED")
    assert (tracker.error, [path.name for path in tmp_path.iterdir()]) == (None, ["mlflow.db"])


def test_a_failure_is_reported_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with caplog.at_level(logging.WARNING, logger="fc_model"):
        tracker = Tracker(f"sqlite:///{tmp_path}/file/mlflow.db", artifact=ARTIFACT, tags={}, params={})
        tracker.log({"loss": 1.0}, step=1)
        tracker.close("FINISHED")
    assert tracker.run_id is None
    assert tracker.error is not None and tracker.error.startswith("MLflow tracking stops, training goes on: ")
    assert "\n" not in tracker.error
    assert caplog.text.count("MLflow tracking stops, training goes on") == 1


def test_no_uri_tracks_nothing() -> None:
    tracker = Tracker(None, artifact=ARTIFACT, tags={}, params={})
    tracker.log({"loss": 1.0}, step=1)
    tracker.close("FINISHED")
    assert tracker.run_id is None


def test_a_stage_logs_by_name(tmp_path: Path, shards: Path, uri: str) -> None:
    folder = write_stage(
        tmp_path,
        shards,
        stage={"steps": 10},
        runtime={"log_every": 5},
        tags={"fc.artifact": "nano/stages/tiny/1", "dagster.asset_key": "nano/stages/tiny"},
    )
    result = run_stage(folder, track=partial(Tracker, uri))
    run = client(uri).get_run(result.mlflow_run_id)
    names = {"loss", "bpb", "ppl", "lr", "grad_norm", "tokens_per_second", "memory_bytes", "nan_count", "mfu",
             "eta_seconds", "tokens", "holdout_bpb", "ema_bpb", "final_holdout_bpb"}  # fmt: skip
    assert names <= run.data.metrics.keys()
    assert [step for step, _ in history(uri, result.mlflow_run_id, "loss")] == [1, 5, 10]
    assert run.data.tags["dagster.asset_key"] == "nano/stages/tiny"
    assert run.data.params["stage.optimizer.kind"] == "muon"
