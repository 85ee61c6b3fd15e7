"""Logging to MLflow's database: one MLflow run for one artifact, through kills and resumes.

Tracking is a witness, not a part: whatever goes wrong here is kept in `error` and never stops a training.
"""

from __future__ import annotations

import logging
import math
import os
import time
import uuid
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

ARTIFACT_TAG = "fc.artifact"
FLUSH_SECONDS = 5.0
_MAX_BATCH, _MAX_PARAM_CHARS = 1000, 6000  # limits of MLflow's log_batch


class Tracker:
    """Metrics of one MLflow run, sent in batches.

    Args:
        uri: `sqlite:///...`; None tracks nothing.
        artifact: key/identity; a tag that finds the run again. The first part of the key names the experiment.
        tags: further tags of the run.
        params: settings to show beside the run, nested mappings become dotted names.
    """

    def __init__(self, uri: str | None, *, artifact: str, tags: Mapping[str, str], params: Mapping[str, Any]) -> None:
        self.run_id: str | None = None
        self.error: str | None = None
        """Why the tracking has stopped."""
        self._client: MlflowClient | None = None
        self._pending: list[tuple[str, float, int, int]] = []
        self._last_step = -1
        self._next_flush = 0.0
        if uri is not None:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of MLflow's own dependencies
                    self._open(uri, artifact, {**tags, ARTIFACT_TAG: artifact}, params)
            except Exception as error:
                self._stop(error)

    def log(self, metrics: Mapping[str, Any], *, step: int) -> None:
        """Note the finite numbers of a step; steps that the run has from before a kill are left out."""
        if self._client is None or step <= self._last_step:
            return
        now = int(time.time() * 1000)
        self._pending += [
            (name, float(value), now, step)
            for name, value in sorted(metrics.items())
            if isinstance(value, int | float) and math.isfinite(value)
        ]
        if time.monotonic() >= self._next_flush:
            self.flush()

    def flush(self) -> None:
        self._next_flush = time.monotonic() + FLUSH_SECONDS
        pending, self._pending = self._pending, []
        if pending:
            self._try(lambda client, run_id: _send(client, run_id, pending))

    def close(self, status: str) -> None:
        """End the run as FINISHED, FAILED or KILLED; a later attempt takes it up again."""
        self.flush()
        self._try(lambda client, run_id: client.set_terminated(run_id, status=status))

    def _open(self, uri: str, artifact: str, tags: dict[str, str], params: Mapping[str, Any]) -> None:
        for noisy in ("alembic", "mlflow.store.db.utils"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        from mlflow import MlflowClient
        from mlflow.entities import Param

        _make_database(uri)
        client = MlflowClient(tracking_uri=uri)
        name = artifact.split("/")[0]
        experiment = client.get_experiment_by_name(name)
        experiment_id = experiment.experiment_id if experiment else client.create_experiment(name)
        if experiment and experiment.lifecycle_stage == "deleted":  # in MLflow's page; its name stays taken
            client.restore_experiment(experiment_id)
        quoted = artifact.replace("'", "")
        earlier = client.search_runs([experiment_id], f"tags.`{ARTIFACT_TAG}` = '{quoted}'", max_results=1)
        if earlier:
            self.run_id = earlier[0].info.run_id
            client.update_run(self.run_id, status="RUNNING")
            for key, value in sorted(tags.items()):
                client.set_tag(self.run_id, key, value)
            history = client.get_metric_history(self.run_id, "loss")
            self._last_step = max((metric.step for metric in history), default=-1)
        else:
            run = client.create_run(experiment_id, tags=tags, run_name=artifact)
            self.run_id = run.info.run_id
            flat = [Param(key, str(value)[:_MAX_PARAM_CHARS]) for key, value in flatten(params).items()]
            client.log_batch(self.run_id, params=flat[:100])
        self._client = client

    def _try(self, action: Callable[[MlflowClient, str], object]) -> None:
        """Run an action of MLflow; the first failure is reported and ends the tracking."""
        if self._client is None or self.run_id is None:
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                action(self._client, self.run_id)
        except Exception as error:
            self._stop(error)

    def _stop(self, error: Exception) -> None:
        self.error = f"MLflow tracking stops, training goes on: {type(error).__name__}: {' '.join(str(error).split())}"
        logger.warning(self.error)
        self._client, self._pending = None, []


def _make_database(uri: str) -> None:
    """Make MLflow's tables in a file aside, which then gets its name.

    MLflow makes them one after another, and never opens a database again in which a kill has left some of them.
    """
    path = Path(unquote(uri.removeprefix("sqlite:///")))
    if not uri.startswith("sqlite:///") or path.exists():
        return
    from mlflow import MlflowClient

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


def tag_run(uri: str, run_id: str, tags: Mapping[str, str]) -> None:
    """Set tags of a run that has ended, as fc.data_version, which is known once the artifact is committed."""
    from mlflow import MlflowClient

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            client = MlflowClient(tracking_uri=uri)
            for key, value in sorted(tags.items()):
                client.set_tag(run_id, key, value)
    except Exception as error:
        logger.warning("MLflow run %s is not tagged: %s: %s", run_id, type(error).__name__, error)


def experiment_of(uri: str, run_id: str) -> str | None:
    """Id of the experiment that a run belongs to; None when the database cannot be read or does not have the run."""
    from mlflow import MlflowClient

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return MlflowClient(tracking_uri=uri).get_run(run_id).info.experiment_id
    except Exception as error:
        logger.warning("MLflow run %s is not linked: %s: %s", run_id, type(error).__name__, error)
        return None


def _send(client: MlflowClient, run_id: str, pending: list[tuple[str, float, int, int]]) -> None:
    from mlflow.entities import Metric

    for start in range(0, len(pending), _MAX_BATCH):
        client.log_batch(run_id, metrics=[Metric(*values) for values in pending[start : start + _MAX_BATCH]])


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted names."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat |= flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return flat
