"""The live metrics of one training.

Tracking is a witness, not a part: whatever goes wrong here is kept in `error` and never stops a training.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from fc_model.tracking.client import experiment_id, find_run, metrics_of, open_client, quiet, valid_name

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

logger = logging.getLogger(__name__)

ARTIFACT_TAG = "fc.artifact"
FLUSH_SECONDS = 5.0
_MAX_BATCH, _MAX_PARAMS, _MAX_PARAM_CHARS = 1000, 100, 6000  # limits of MLflow's log_batch


class Tracker:
    """Metrics of one MLflow run, sent in batches.

    Args:
        uri: `sqlite:///...` or the address of a server; None tracks nothing.
        artifact: key/identity; a tag that finds the run again. The first part of the key names the experiment.
        tags: further tags of the run.
        params: settings to show beside the run, nested mappings become dotted names.
    """

    def __init__(self, uri: str | None, *, artifact: str, tags: Mapping[str, str], params: Mapping[str, Any]) -> None:
        self.run_id: str | None = None
        self.error: str | None = None
        """Why the tracking has stopped."""
        self._client: MlflowClient | None = None
        self._pending: list[Metric] = []
        self._last_step = -1
        self._next_flush = 0.0
        if uri is not None:
            try:
                with quiet():
                    self._open(uri, artifact, {**tags, ARTIFACT_TAG: artifact}, params)
            except Exception as error:
                self._stop(error)

    def log(self, metrics: Mapping[str, Any], *, step: int) -> None:
        """Note the finite numbers of a step; steps that the run has from before a kill are left out."""
        if self._client is None or step <= self._last_step:
            return
        self._pending += metrics_of(metrics, at_ms=int(time.time() * 1000), step=step)
        if time.monotonic() >= self._next_flush:
            self.flush()

    def flush(self) -> None:
        self._next_flush = time.monotonic() + FLUSH_SECONDS
        pending, self._pending = self._pending, []
        for start in range(0, len(pending), _MAX_BATCH):
            self._try(partial(_send, pending[start : start + _MAX_BATCH]))

    def close(self, status: str) -> None:
        """End the run as FINISHED, FAILED or KILLED; a later attempt takes it up again."""
        self.flush()
        self._try(lambda client, run_id: client.set_terminated(run_id, status=status))

    def _open(self, uri: str, artifact: str, tags: dict[str, str], params: Mapping[str, Any]) -> None:
        from mlflow.entities import Param, RunTag

        client = open_client(uri)
        experiment = experiment_id(client, artifact.split("/")[0])
        earlier = find_run(client, experiment, ARTIFACT_TAG, artifact)
        if earlier is not None:
            self.run_id = earlier.info.run_id
            client.update_run(self.run_id, status="RUNNING")
            client.log_batch(self.run_id, tags=[RunTag(key, value) for key, value in sorted(tags.items())])
            history = client.get_metric_history(self.run_id, "loss")
            self._last_step = max((metric.step for metric in history), default=-1)
        else:
            run = client.create_run(experiment, tags=tags, run_name=artifact)
            self.run_id = run.info.run_id
            flat = [Param(valid_name(key), str(value)[:_MAX_PARAM_CHARS]) for key, value in flatten(params).items()]
            client.log_batch(self.run_id, params=flat[:_MAX_PARAMS])
        self._client = client

    def _try(self, action: Callable[[MlflowClient, str], object]) -> None:
        """Run an action of MLflow; the first failure is reported and ends the tracking."""
        if self._client is None or self.run_id is None:
            return
        try:
            with quiet():
                action(self._client, self.run_id)
        except Exception as error:
            self._stop(error)

    def _stop(self, error: Exception) -> None:
        self.error = f"MLflow tracking stops, training goes on: {type(error).__name__}: {' '.join(str(error).split())}"
        logger.warning(self.error)
        self._client, self._pending = None, []


def _send(metrics: list[Metric], client: MlflowClient, run_id: str) -> None:
    client.log_batch(run_id, metrics=metrics)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted names."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat |= flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return flat
