"""Build a track from the command line: a run of the Dagster instance, so that the UI shows it, in this process."""

import os
import shutil
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator
from dagster._core.execution.execute_in_process import merge_run_tags
from dagster._utils.interrupts import check_captured_interrupt

from fc_model.artifacts import ManifestError, Store
from fc_model.errors import UserError
from fc_pipeline.cli.live_progress import Terminal, own_stream
from fc_pipeline.cli.signals import ends_like_ctrl_c
from fc_pipeline.components.progress import listening
from fc_pipeline.components.shared import all_tracks, asset_keys
from fc_pipeline.engine.deferred import deferred_imports
from fc_pipeline.engine.gates import failures
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.in_use import announce
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.executors.child_process import stop_children
from fc_pipeline.executors.settings import executor_settings
from fc_pipeline.experiments.graph import project_graph
from fc_pipeline.formatting import duration
from fc_pipeline.orchestration.failures import describe_failure, describe_run_failure
from fc_pipeline.orchestration.launcher import reclaim_dead_runs
from fc_pipeline.orchestration.origin import job_origin
from fc_pipeline.orchestration.worker import Worker
from fc_pipeline.paths import fc_home, instance_home, made_home
from fc_pipeline.remote.remote import configured_remote
from fc_pipeline.track.config import TRACKS
from fc_pipeline.training.forecast import forecast

with deferred_imports():
    from fc_pipeline.definitions import defs

FAILED = 1
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells give it."""
_HEARD_SECONDS = 1.5
_RECLAIM_SECONDS = 5.0


def run_track(name: str, *, keys: Sequence[str] | None = None) -> int:
    """Build everything of a track or experiment, or these keys of it with what they need; returns the exit status.

    0: all there; 1: failed, the reason stands in one line above; 130: interrupted.
    Raises UserError when there is no such track or key.
    """
    graph = project_graph(of=name) if keys is None else all_tracks()
    wanted = graph.closure(keys) if keys is not None else graph.track(name)
    return build(name, graph, wanted, load_definitions)


def load_definitions() -> dg.Definitions:
    """All that Dagster loads from the project. Raises UserError for a file of defs/ that Dagster refuses."""
    try:
        return defs()
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        if isinstance(cause, UserError):
            raise cause from None
        raise UserError(f"Dagster cannot load {TRACKS.parent}: {type(cause).__name__}: {cause}") from error


def build(job_name: str, graph: Graph, keys: list[str], definitions: Callable[[], dg.Definitions]) -> int:
    """Run the job on these keys unless every one of them is there, verified, gated and known to the instance."""
    started = time.monotonic()
    home = instance_home()
    executor_settings("", home=made_home())  # wrong ones are refused even when nothing has to be built
    with _database_errors(home), dg.DagsterInstance.get() as instance, own_stream() as stream:
        terminal = Terminal(stream, len(keys))
        _reclaim(instance, terminal, job_name)
        missing = to_build(graph, Store(fc_home()), keys)
        work = "to build" if configured_remote() is None else "to pull or build"
        terminal.note(f"{job_name}: {len(keys)} assets, {len(missing)} {work}{_estimate(graph, missing)}")
        if not missing and known(instance, graph, Store(fc_home()), keys):
            terminal.note(f"{job_name}: nothing to do, everything verified in {duration(time.monotonic() - started)}")
            return terminal.exit_status(0)
        # A job has partitions of one kind at most: an experiment, with its several, takes the one that has all assets.
        every = definitions()
        announce(graph, Store(fc_home()))  # it may wait for another run before its first step
        whole = "/" in job_name
        job = every.resolve_implicit_global_asset_job_def() if whole else every.resolve_job_def(job_name)
        for partition, alike in by_partition(graph, keys):
            status = _execute(job, asset_keys(graph, alike), partition, instance, terminal)
            if status:
                break
        took = duration(time.monotonic() - started)
        if status == 0:
            terminal.note(f"{job_name}: done in {took}, {terminal.built} built, {terminal.reused} reused")
        elif status == FAILED:
            terminal.note(f"{job_name}: failed after {took}, details in the UI")
        return terminal.exit_status(status)


@contextmanager
def _database_errors(home: Path) -> Iterator[None]:
    """Turn what SQLite says of Dagster's databases, as on a full disk, into a UserError."""
    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, sqlite3.Error):
            cause = cause.__cause__
        if cause is None:
            raise
        free = f"{shutil.disk_usage(home).free / 1e6:.1f} MB free"
        raise UserError(
            f"{home}: Dagster's database: {cause} ({free}); make room, or repair it, and run again"
        ) from error


def by_partition(graph: Graph, keys: Sequence[str]) -> list[tuple[str | None, list[str]]]:
    """The keys in the order of the work, in groups for one Dagster run each.

    A run knows one partition, and takes only assets that have the same partitions.
    """
    siblings: dict[str, list[str | None]] = {}
    for spec in graph.values():
        siblings.setdefault(spec.asset, []).append(spec.partition)
    kinds = {key: (graph[key].partition, tuple(siblings[graph[key].asset])) for key in keys}
    ranks: dict[str, int] = {}
    groups: dict[tuple[int, tuple[str | None, tuple[str | None, ...]]], list[str]] = {}
    for key in keys:
        before = (ranks[other] + (kinds[other] != kinds[key]) for other in graph[key].upstream if other in ranks)
        ranks[key] = max(before, default=0)
        groups.setdefault((ranks[key], kinds[key]), []).append(key)
    return [(group[1][0], groups[group]) for group in sorted(groups, key=lambda group: group[0])]


def to_build(graph: Graph, store: Store, keys: list[str]) -> list[str]:
    """The keys without a whole artifact that has passed the gates of their tracks, in order."""
    resolver = Resolver(graph, store)
    tracks = {key.split("/")[0] for key in keys}
    missing = []
    for key in keys:
        try:
            artifact = resolver.artifact(key)
        except ManifestError:
            artifact = None
        if artifact is None or artifact.problems() or failures(artifact, graph.gates(key, tracks=tracks)):
            missing.append(key)
    return missing


def known(instance: dg.DagsterInstance, graph: Graph, store: Store, keys: list[str]) -> bool:
    """True when the instance's newest materialization of each key is the present artifact, so that the UI is right."""
    resolver = Resolver(graph, store)
    whole = [key for key in keys if graph[key].partition is None]
    events = instance.get_latest_materialization_events(asset_keys(graph, whole))
    for key in keys:
        (asset_key,), partition, artifact = asset_keys(graph, [key]), graph[key].partition, resolver.artifact(key)
        if partition is None:
            event = events.get(asset_key)
        else:
            records = dg.AssetRecordsFilter(asset_key=asset_key, asset_partitions=[partition])
            event = next((each.event_log_entry for each in instance.fetch_materializations(records, 1).records), None)
        materialization = event.asset_materialization if event is not None else None
        tags = (materialization.tags or {}) if materialization is not None else {}
        if artifact is None or tags.get("dagster/data_version") != artifact.digest:
            return False
    return True


def _execute(
    job: dg.JobDefinition,
    assets: list[dg.AssetKey],
    partition: str | None,
    instance: dg.DagsterInstance,
    terminal: Terminal,
) -> int:
    """One run of the instance, in this process; returns the exit status and has said what went wrong."""
    run_id = str(uuid.uuid4())
    terminal.on_interrupt = partial(_asked_to_end, instance, run_id)
    give_up = partial(_give_up, instance, run_id, terminal, job.name)

    def end_if_interrupted(done: threading.Event) -> None:
        """Dagster has swallowed the interrupt, as it does while a step waits for its pool."""
        if check_captured_interrupt() and not done.wait(_HEARD_SECONDS) and check_captured_interrupt():
            give_up()
            os._exit(INTERRUPTED)

    with (
        listening(terminal),
        ends_like_ctrl_c(),
        _meanwhile(lambda _: _reclaim(instance, terminal, job.name), seconds=_RECLAIM_SECONDS),
        _meanwhile(end_if_interrupted, seconds=0.5),
    ):
        config = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}, "listener": {}}}
        tags = {"fustercluck/started_by": "command line", **Worker.this().tags(run_id)}
        created = instance.create_run_for_job(
            job_def=job,
            run_id=run_id,
            run_config=config,
            tags=merge_run_tags(job, partition, tags, assets, instance, config),
            asset_selection=frozenset(assets),
            remote_job_origin=job_origin(job.name),
        )
        events = list(execute_run_iterator(InMemoryJob(job), created, instance))
    run = instance.get_run_by_id(run_id)
    assert run is not None
    if run.status == dg.DagsterRunStatus.CANCELED:
        give_up()
        return INTERRUPTED
    failures_of_steps = [describe_failure(event) for event in events if event.is_step_failure]
    failures_of_run = [describe_run_failure(event) for event in events if event.is_job_failure]
    for line in failures_of_steps or failures_of_run:
        terminal.note(f"error: {line} (run {run_id[:8]})")
    return 0 if run.is_success else FAILED


def _reclaim(instance: dg.DagsterInstance, terminal: Terminal, job_name: str) -> None:
    for run_id in reclaim_dead_runs(instance):
        terminal.note(f"{job_name}: run {run_id[:8]} had died; its slots are free again")


@contextmanager
def _meanwhile(function: Callable[[threading.Event], None], *, seconds: float) -> Iterator[None]:
    """Call the function again and again, with the event that the block has ended."""
    done = threading.Event()

    def repeat() -> None:
        while not done.wait(seconds):
            function(done)

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _asked_to_end(instance: dg.DagsterInstance, run_id: str) -> None:
    """A person ended the run: it is canceled then, not failed, and nothing retries it."""
    run = instance.get_run_by_id(run_id)
    if run is not None and run.status == dg.DagsterRunStatus.STARTED:
        instance.report_run_canceling(run)


def _give_up(instance: dg.DagsterInstance, run_id: str, terminal: Terminal, job_name: str) -> None:
    """Leave no process, no slot and no open run behind."""
    stop_children()
    run = instance.get_run_by_id(run_id)
    if run is not None and not run.is_finished:
        instance.report_run_canceled(run, "Interrupted.")
    instance.event_log_storage.free_concurrency_slots_for_run(run_id)
    terminal.note(f"{job_name}: interrupted; what is finished stays, and the next run goes on from there")


def _estimate(graph: Graph, missing: list[str]) -> str:
    """Where it starts, and how long it may take; the sum leaves out what was never built."""
    if not missing:
        return ""
    total = forecast(graph, Store(fc_home()), missing)["total"]
    unknown = len(total["unknown"])
    took = f", about {duration(total['seconds'])}" if unknown < len(missing) else ""
    return f" from {missing[0]} on{took}{f' and {unknown} never timed' if took and unknown else ''}"
