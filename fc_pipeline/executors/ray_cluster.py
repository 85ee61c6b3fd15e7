"""Runs a spool on Ray, by datatrove's RayPipelineExecutor."""

import logging
import os
from functools import partial
from typing import Any

from fc_model.errors import UserError
from fc_pipeline.executors.quiet import quiet_datatrove
from fc_pipeline.executors.settings import RayExecutor
from fc_pipeline.executors.spool import Spool
from fc_pipeline.executors.task import run_task

_GIBIBYTE = 1 << 30


def run_on_ray(spool: Spool, settings: RayExecutor, *, workers: int) -> None:
    """Computes what is missing; a task that fails leaves its results missing. Ctrl-C ends the tasks.

    Args:
        workers: cores of the cluster, when it is started here.

    Raises:
        UserError: Ray is not installed, or cannot be reached, or has no room for a task.
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
    with quiet_datatrove():
        RayPipelineExecutor(
            pipeline=[partial(run_task, str(spool.folder), settings.cpus_per_task)],
            tasks=spool.num_tasks,
            # What waits for room cannot be interrupted in datatrove, so no more is asked for than there is.
            workers=settings.tasks_at_once or room,
            logging_dir=str(spool.logs),
            cpus_per_task=settings.cpus_per_task,
            mem_per_cpu_gb=settings.mem_per_cpu_gb,
            time=settings.seconds_per_task,
        ).run()


def _connect(ray: Any, settings: RayExecutor, *, workers: int) -> None:
    """Stays connected for the next step of this process; a cluster that is started here ends with it."""
    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    address = settings.address or os.environ.get("RAY_ADDRESS")
    started_here = {} if address else {"num_cpus": workers, "include_dashboard": False}
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **started_here)
    except (ConnectionError, TimeoutError, RuntimeError, ValueError) as error:
        why = " ".join(str(error).split())
        raise UserError(f"executor ray: no cluster at {address or 'this machine'}: {why}") from error


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
