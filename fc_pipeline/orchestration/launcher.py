"""A run launcher for this machine that watches the processes of its runs; Dagster's own launcher does not.

Dagster leaves the run of a killed worker STARTED for ever with its pool slot taken, and Terminate fails on it. Here a
run is alive while its process is. Runs of other hosts and containers, whose processes cannot be seen, are left alone.
"""

import threading
from collections.abc import Callable
from contextlib import suppress

import psutil
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

from fc_pipeline.orchestration.worker import worker_of

GRACE_SECONDS = 60.0
"""Time of a worker after Terminate to write a checkpoint, before it is killed."""


def reclaim_dead_runs(instance: DagsterInstance) -> list[str]:
    """End the runs whose process on this host is gone, and free their pool slots; returns their ids.

    Slots of ended runs are freed as well: one that ended because the disk was full could not give its own back.
    Dagster's daemon does the same while it runs; `make nano` needs no daemon.
    """
    # One of the command line that was killed before its first step has not even started.
    statuses = [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    unfinished = RunsFilter(statuses=statuses)
    ended = []
    for run in instance.get_runs(unfinished):
        worker = worker_of(instance, run.run_id)
        if worker is not None and worker.state() == "dead":
            end_dead_run(instance, run)
            ended.append(run.run_id)
    storage = instance.event_log_storage
    pools = [storage.get_concurrency_info(key) for key in storage.get_concurrency_keys()]
    holders = {slot.run_id for pool in pools for slot in pool.claimed_slots}
    for run_id in holders | {step.run_id for pool in pools for step in pool.pending_steps}:
        run_of_slot = instance.get_run_by_id(run_id)
        if run_of_slot is None or run_of_slot.is_finished:
            storage.free_concurrency_slots_for_run(run_id)
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
            return CheckRunHealthResult(WorkerStatus.RUNNING, "has not begun yet")
        state = worker.state()
        where = f"process {worker.pid} of {worker.host.host}"
        if state == "dead":
            return CheckRunHealthResult(WorkerStatus.FAILED, f"{where} is gone")
        return CheckRunHealthResult(
            WorkerStatus.RUNNING, None if state == "alive" else f"{where} is not seen from here"
        )

    def terminate(self, run_id: str) -> bool:
        """Interrupt the run's process; kill it if it still runs after the grace period.

        Works for runs that no code server started (`make nano`) and for those whose process is dead already. A run on
        another host is not touched: a line of its log says where to end it.
        """
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        worker = worker_of(self._instance, run_id)
        if worker is None:
            return super().terminate(run_id)
        state = worker.state()
        if state == "elsewhere":
            self._instance.report_engine_event(
                f"Process {worker.pid} of this run is on {worker.host.host}, out of reach from here: terminate the run "
                "there, or, if that host or container is gone, force the termination.",
                run,
            )
            return False
        self._instance.report_run_canceling(run)
        if state == "dead":
            self._end(run_id)
            return True
        try:
            process = psutil.Process(worker.pid)
            process.terminate()  # SIGTERM: unlike SIGINT, a shell does not make background processes ignore it
        except psutil.NoSuchProcess:  # it has ended in between
            self._end(run_id)
            return True
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
