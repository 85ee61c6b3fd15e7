"""MLflow's client, opened quietly: no telemetry, no half-made database, and names and values within its limits."""

from __future__ import annotations

import logging
import math
import os
import re
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Metric, Run

_SQLITE = "sqlite:///"
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # A server that is down costs seconds, and not the hours of MLflow's own seven retries of two minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
_NO_NAME = re.compile(r"[^\w\-. :/]")
_MAX_NAME_CHARS = 250
_TRAINING = {"mlflow.experimentKind": "custom_model_development"}
"""So that the experiment's page opens on training runs, and asks nobody what kind it is of."""


def open_client(uri: str) -> MlflowClient:
    """A client of a database (`sqlite:///...`, made if it is not there) or of a tracking server (`http://...`)."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    for noisy in ("alembic", "mlflow.store.db.utils"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    from mlflow import MlflowClient

    with quiet():
        _make_database(uri)
        return MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings of MLflow's own dependencies."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def experiment_id(client: MlflowClient, name: str) -> str:
    """Id of the experiment of this name, which is made, or restored when somebody has deleted it.

    Files of its runs go beside the database. MLflow's default is the folder that a process happens to work in.
    """
    experiment: Experiment | None = client.get_experiment_by_name(name)
    if experiment is None:
        folder = _database(client.tracking_uri)
        location = None if folder is None else (folder.parent / "artifacts" / name).as_uri()
        return str(client.create_experiment(name, artifact_location=location, tags=_TRAINING))
    if experiment.lifecycle_stage == "deleted":  # in MLflow's page; its name stays taken
        client.restore_experiment(experiment.experiment_id)
    if not _TRAINING.items() <= experiment.tags.items():
        for key, value in _TRAINING.items():
            client.set_experiment_tag(experiment.experiment_id, key, value)
    return str(experiment.experiment_id)


def find_run(client: MlflowClient, experiment: str, tag: str, value: str) -> Run | None:
    """The oldest run with this tag; runs that somebody has deleted do not count."""
    quoted = value.replace("'", "")
    runs = client.search_runs(
        [experiment], f"tags.`{tag}` = '{quoted}'", max_results=1, order_by=["attributes.start_time ASC"]
    )
    return runs[0] if runs else None


def get_run(client: MlflowClient, run_id: str) -> Run | None:
    """The run; None when the database does not have it (any more), as after a pull from a remote."""
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return run if run.info.lifecycle_stage == "active" else None


def valid_name(name: str) -> str:
    """A name of a metric, parameter or tag as MLflow accepts it: one that it refuses would end the tracking.

    It must also be a relative path in its plainest form, since MLflow's other store keeps files of these names.
    """
    parts = [part for part in _NO_NAME.sub("_", name).split("/") if part not in ("", ".", "..")]
    return "/".join(parts)[:_MAX_NAME_CHARS].rstrip("/") or "_"


def metrics_of(values: Mapping[str, Any], *, at_ms: int, step: int) -> list[Metric]:
    """The finite numbers. MLflow would keep an infinity as the largest float."""
    from mlflow.entities import Metric

    return [
        Metric(valid_name(name), float(value), at_ms, step)
        for name, value in sorted(values.items())
        if isinstance(value, int | float) and math.isfinite(value)
    ]


def _database(uri: str) -> Path | None:
    return Path(unquote(uri.removeprefix(_SQLITE))) if uri.startswith(_SQLITE) else None


def _make_database(uri: str) -> None:
    """Make MLflow's tables in a file aside, which then gets its name.

    MLflow makes them one after another, and never opens a database again in which a kill has left some of them.
    """
    path = _database(uri)
    if path is None or path.exists():
        return
    from mlflow import MlflowClient

    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = f".{uuid.uuid4().hex[:8]}.tmp"
    aside = path.with_name(path.name + suffix)
    aside.unlink(missing_ok=True)
    try:
        MlflowClient(tracking_uri=uri + suffix).search_experiments(max_results=1)
        try:
            os.link(aside, path)
        except FileExistsError:  # another process was faster
            pass
        except OSError:  # a disk without second names
            os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
