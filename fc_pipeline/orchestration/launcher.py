"""A run launcher for this machine that watches the processes of its runs; Dagster's own launcher does not.

Dagster leaves the run of a killed worker STARTED for ever with its pool slot taken, and Terminate fails on it. Here a
run is alive while its process is. The process is known by the pid that the run logged; it must have started before
that log entry, because pids are reused.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psutil
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.events import DagsterEventType
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

CLOCK_SLACK_SECONDS = 5.0
"""The kernel reports start times from the boot time, which a clock adjustment moves."""
GRACE_SECONDS = 60.0
"""Time of a worker after Terminate to write a checkpoint, before it is killed."""


@dataclass(frozen=True)
class Worker:
    """The process of a run, as the run logged it."""

    pid: int
    seen_at: float
    """Seconds since the epoch at which the run logged its pid."""

    def process(self) -> psutil.Process | None:
        """The live process, or None: gone, a zombie, or a later process with the same pid."""
        try:
            process = psutil.Process(self.pid)
            if process.create_time() > self.seen_at + CLOCK_SLACK_SECONDS:
                return None
            return None if process.status() == psutil.STATUS_ZOMBIE else process
        except psutil.NoSuchProcess:
            return None


def worker_of(instance: DagsterInstance, run_id: str) -> Worker | None:
    """The process that last logged its pid for this run; None before the first."""
    for entry in reversed(instance.all_logs(run_id, of_type=DagsterEventType.ENGINE_EVENT)):
        event = entry.dagster_event
        pid = event.engine_event_data.metadata.get("pid") if event is not None else None
        if pid is not None:
            return Worker(pid=int(str(pid.value)), seen_at=entry.timestamp)
    return None


def reclaim_dead_runs(instance: DagsterInstance) -> list[str]:
    """End the runs whose process is gone, and free their pool slots; returns their ids.

    Dagster's daemon does the same while it runs; `make nano` needs no daemon.
    """
    unfinished = RunsFilter(statuses=[DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING])
    ended = []
    for run in instance.get_runs(unfinished):
        worker = worker_of(instance, run.run_id)
        if worker is not None and worker.process() is None:
            end_dead_run(instance, run)
            ended.append(run.run_id)
    return ended


def end_dead_run(instance: DagsterInstance, run: DagsterRun) -> None:
    """Mark a run whose process is gone as failed (canceled, if it was asked to end) and free its slots."""
    if run.status == DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, "Its process had already ended.")
    else:
        instance.report_run_failed(run, "Its process ended without an error: killed, out of memory, or a power cut.")
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


class LocalRunLauncher(DefaultRunLauncher):
    """Starts runs as Dagster does, detects dead ones, and terminates reliably."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        worker = worker_of(self._instance, run.run_id)
        if worker is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "has not logged its process yet")
        if worker.process() is not None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, f"process {worker.pid} is gone")

    def terminate(self, run_id: str) -> bool:
        """Interrupt the run's process; kill it if it still runs after the grace period.

        Works for runs that no code server started (`make nano`) and for those whose process is dead already.
        """
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        worker = worker_of(self._instance, run_id)
        if worker is None:
            return super().terminate(run_id)
        self._instance.report_run_canceling(run)
        process = worker.process()
        if process is None:
            self._end(run_id)
            return True
        process.terminate()  # SIGTERM: unlike SIGINT, a shell does not make background processes ignore it
        work = (process, lambda: self._end(run_id))
        threading.Thread(target=_kill_after_grace, args=work, name=f"end {run_id}", daemon=True).start()
        return True

    def _end(self, run_id: str) -> None:
        run = self._instance.get_run_by_id(run_id)
        if run is not None and not run.is_finished:
            end_dead_run(self._instance, run)


def _kill_after_grace(process: psutil.Process, when_gone: Callable[[], None]) -> None:
    try:
        process.wait(timeout=GRACE_SECONDS)
    except psutil.TimeoutExpired:
        for each in [*process.children(recursive=True), process]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait(timeout=GRACE_SECONDS)
    when_gone()
