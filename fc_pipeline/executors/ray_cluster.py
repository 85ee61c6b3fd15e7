"""Runs a spool on Ray, by datatrove's RayPipelineExecutor."""

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Any

from fc_model.errors import UserError
from fc_pipeline.executors.settings import RayExecutor
from fc_pipeline.executors.task import can_run, run_task
from fc_pipeline.executors.task_files import Spool

_GIBIBYTE = 1 << 30
_PROBE_SECONDS = 300
_POLL_SECONDS = 1


def run_on_ray(spool: Spool, settings: RayExecutor, *, workers: int, report: Callable[[dict[str, Any]], None]) -> None:
    """Computes the missing results; those of a failed task stay missing. Ctrl-C ends the tasks.

    Args:
        workers: cores of the cluster, where this process starts it.

    Raises:
        UserError: Ray is not installed, cannot be reached, has no room for a task, or does not see our files.
    """
    try:
        import ray
    except ImportError as error:
        raise UserError("executor ray: Ray is not installed; `pip install 'fustercluck[ray]'`") from error
    from datatrove.executor.ray import RayPipelineExecutor

    _connect(ray, settings, workers=workers)
    room = _room(ray.nodes(), settings)
    if not (settings.tasks_at_once or room):
        asked = f"{settings.cpus_per_task} CPUs and {settings.mem_per_cpu_gb * settings.cpus_per_task} GB"
        raise UserError(f"executor ray: no node of the cluster has the {asked} of a task; lower them in executors.yaml")
    with _interrupts_as_they_are(), warnings.catch_warnings(), _watched(spool, report) as not_started:
        _probe(ray, spool)
        warnings.simplefilter("ignore")  # datatrove uses what Ray has deprecated
        RayPipelineExecutor(
            pipeline=[partial(run_task, str(spool.folder), settings.cpus_per_task)],
            tasks=spool.num_tasks,
            # datatrove cannot be interrupted while tasks wait for room, so ask for no more than there is.
            workers=settings.tasks_at_once or room,
            logging_dir=str(spool.logs),
            cpus_per_task=settings.cpus_per_task,
            mem_per_cpu_gb=settings.mem_per_cpu_gb,
            time=settings.seconds_per_task,
        ).run()
    if not_started and spool.missing():
        raise UserError(f"executor ray: a task could not be started: {_line(not_started[0])}")


@contextmanager
def _interrupts_as_they_are() -> Iterator[None]:
    """Ray's compiled code turns what a signal handler raises (Dagster's, no KeyboardInterrupt) into a SystemError."""
    try:
        yield
    except SystemError as error:
        raise error.__cause__ or error from None


def _connect(ray: Any, settings: RayExecutor, *, workers: int) -> None:
    """Connect, and stay connected for later steps of this process; a cluster that is started here ends with it."""
    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    address = settings.address or os.environ.get("RAY_ADDRESS")
    started_here = {} if address else {"num_cpus": workers, "include_dashboard": False}
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **started_here)
    except (ConnectionError, TimeoutError, RuntimeError, ValueError) as error:
        raise UserError(f"executor ray: no cluster at {address or 'this machine'}: {_line(error)}") from error


def _room(nodes: list[dict[str, Any]], settings: RayExecutor) -> int:
    """Tasks that fit on the nodes at a time."""
    memory = settings.cpus_per_task * settings.mem_per_cpu_gb * _GIBIBYTE
    return sum(
        min(
            int(node["Resources"].get("CPU", 0)) // settings.cpus_per_task,
            int(node["Resources"].get("memory", 0)) // memory,
        )
        for node in nodes
        if node["Alive"]
    )


def _probe(ray: Any, spool: Spool) -> None:
    """Raises UserError unless a worker has this project and sees the spool; datatrove would resubmit three times."""
    try:
        sees = ray.get(ray.remote(num_cpus=0)(can_run).remote(str(spool.folder)), timeout=_PROBE_SECONDS)
    except ray.exceptions.RayError as error:
        raise UserError(f"executor ray: the cluster cannot run this project: {_line(error)}") from error
    if not sees:
        raise UserError(
            f"executor ray: the cluster does not see {spool.folder}; FC_HOME must lie on a disk of all nodes"
        )


@contextmanager
def _watched(spool: Spool, report: Callable[[dict[str, Any]], None]) -> Iterator[list[BaseException]]:
    """Reports while datatrove waits, works around three of its faults (0.10), and lists why tasks could not be started.

    Faults: a submitting thread drops its exception, so datatrove waits for ever; a task that is killed for its time is
    forgotten and then looked up, a KeyError; on an interrupt, tasks are ended one by one, four seconds each, so here
    all are killed first.
    """
    import datatrove.executor.ray as datatrove_ray
    from ray import kill

    errors: list[BaseException] = []
    before = datatrove_ray.RayTaskManager

    class TaskManager(before):  # type: ignore[misc, valid-type]
        def submit_task(self, *arguments: Any) -> "Future[Any]":
            placed: Future[Any] = super().submit_task(*arguments)

            def hand_over(thread: "Future[None]") -> None:
                if not thread.cancelled() and (error := thread.exception()) is not None:
                    errors.append(error)
                    placed.set_exception(error)

            self.pg_futures[-1].add_done_callback(hand_over)
            return placed

        def wait(self, tasks: list[Any], timeout: int = 0, num_returns: int = 1) -> Any:
            report({"tasks": spool.num_tasks, "tasks_done": spool.num_tasks - len(spool.missing())})
            # Ray answers Ctrl-C only when it has waited for so long.
            return super().wait(tasks, timeout=min(timeout, _POLL_SECONDS), num_returns=num_returns)

        def task_done(self, task: Any) -> Any:
            return super().task_done(task) if task in self.task_to_group else (False, None)

        def clean_up(self) -> None:
            for group in list(self.task_to_group.values()):
                for worker in group.workers:
                    kill(worker)
            super().clean_up()

    setattr(datatrove_ray, "RayTaskManager", TaskManager)  # noqa: B010
    try:
        yield errors
    finally:
        setattr(datatrove_ray, "RayTaskManager", before)  # noqa: B010


def _line(error: BaseException) -> str:
    """The last line of what Ray says, which has the cause."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
