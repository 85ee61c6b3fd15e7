"""Tells MLflow of one step of a build. Read this file first.

Whatever goes wrong here stops no build. It is reported once, and the process tries no more.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from fc_model.artifacts import Artifact, Store
from fc_model.tracking import Tracker, quiet
from fc_pipeline.engine.graph import Graph
from fc_pipeline.paths import mlflow_uri
from fc_pipeline.remote.sync import Log
from fc_pipeline.tracking.build_identity import own_run, owner_of
from fc_pipeline.tracking.record import Record

T = TypeVar("T")
_failed: dict[str, str] = {}
"""Addresses of MLflow that have failed in this process, and how."""
_used: set[str] = set()
"""Addresses that this process has used: it began or continued a build there."""


class Witness:
    """Follows one step of a track or an experiment. A step that tracks share has nothing to tell.

    Args:
        graph: of the build.
        store: where its artifacts are.
        key: of the step.
        home: FC_HOME.
        log: takes the one line that says what failed.
    """

    def __init__(self, graph: Graph, store: Store, key: str, *, home: Path, log: Log) -> None:
        self._spec, self._uri, self._log = graph[key], mlflow_uri(home), log
        self._graph, self._store = graph, store

    def track(self, *, artifact: str, tags: Mapping[str, str], params: Mapping[str, Any]) -> Tracker:
        """The run of a stage, as a child of its build's run, with its inputs; a resumed stage has it already."""
        record = self._record
        own = self._attempt(lambda: record.stage_tags(artifact)) if record is not None else None
        uri = self._uri if own is not None else None
        tracker = Tracker(uri, artifact=artifact, tags={**tags, **(own or {})}, params=params)
        tracker.error = tracker.error or _failed.get(self._uri)
        run_id = tracker.run_id
        if record is not None and run_id is not None:
            self._attempt(lambda: record.log_datasets(run_id))
        return tracker

    def record(self, artifact: Artifact, *, reused: bool, pages: Mapping[str, str]) -> str | None:
        """Log what the artifact says, on the run that it belongs to; returns its page in MLflow, None without one.

        What was logged before is left as it is, so a reused artifact costs a query or two.
        """
        error = artifact.manifest.run.get("mlflow_error")
        if error and not reused:
            self._fail(error)
        record = self._record
        if record is None:
            return None
        return self._attempt(lambda: record.log_artifact(artifact, reused=reused, pages=pages))

    def ended(self, status: str) -> None:
        """The step has FAILED or was KILLED, and so has the build, until it goes on."""
        record = self._record

        if record is not None and self._uri in _used:
            self._attempt(lambda: record.end_build(status))

    @property
    def _record(self) -> Record | None:
        """None where the step has nothing to tell. A new one each time, as it remembers which artifacts there were."""
        spec, owner = self._spec, owner_of(self._spec)
        concerned = own_run(spec) or spec.judges or spec.registered or spec.logged or self._graph.gates(spec.key)
        return Record(self._uri, self._graph, self._store, spec, owner) if owner is not None and concerned else None

    def _attempt(self, action: Callable[[], T]) -> T | None:
        if self._uri in _failed:
            return None
        try:
            with quiet():
                result = action()
            _used.add(self._uri)
            return result
        except Exception as error:
            text = " ".join(str(error).split())
            self._fail(f"MLflow tracking stops, the build goes on: {type(error).__name__}: {text}")
            return None

    def _fail(self, why: str) -> None:
        if self._uri not in _failed:
            _failed[self._uri] = why
            self._log(why)
