"""Runs a spool on Slurm, by datatrove's SlurmPipelineExecutor, and waits for its end."""

import hashlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from fc_model.errors import UserError
from fc_pipeline.executors.settings import SlurmExecutor
from fc_pipeline.executors.task import run_task
from fc_pipeline.executors.task_files import Spool

_PATIENCE_SECONDS = 300
"""How long the controller may be unreachable while jobs run: jobs survive its restart."""
_STUCK = ("held", "DependencyNeverSatisfied", "JobHeldAdmin", "JobHeldUser", "BadConstraints", "PartitionTimeLimit")
"""Parts of a waiting job's reason that mean it will never start."""


class Waiting(NamedTuple):
    """A line of the queue."""

    state: str
    reason: str


def run_on_slurm(spool: Spool, settings: SlurmExecutor, *, report: Callable[[dict[str, Any]], None]) -> None:
    """Computes the missing results; those of a failed task stay missing. Ctrl-C cancels the jobs.

    The name of the jobs is a hash of the spool's folder. Jobs that a killed attempt left behind are therefore
    recognised: they are waited for, not submitted again.

    Raises:
        UserError: Slurm is not installed, cannot be reached, does not take the jobs, or would never run them.
    """
    if "SLURM_ARRAY_TASK_ID" in os.environ:
        raise UserError("executor slurm: this is a task of a job array itself; submit from a plain job or a login node")
    job = f"fustercluck-{hashlib.sha256(str(spool.folder).encode()).hexdigest()[:12]}"
    queue = _queue(job)
    try:
        if not queue:
            _submit(spool, settings, job)
        _wait(spool, settings, job, report)
    except BaseException:
        _slurm("scancel", f"--name={job}", f"--user={os.getuid()}")
        raise


def _submit(spool: Spool, settings: SlurmExecutor, job: str) -> None:
    from datatrove.executor.slurm import SlurmPipelineExecutor

    executor = SlurmPipelineExecutor(
        pipeline=[partial(run_task, str(spool.folder), settings.cpus_per_task)],
        tasks=spool.num_tasks,
        time=settings.time,
        partition=settings.partition,
        cpus_per_task=settings.cpus_per_task,
        mem_per_cpu_gb=settings.mem_per_cpu_gb,
        workers=settings.tasks_at_once or -1,
        job_name=job,
        qos=settings.qos or "",
        env_command=f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH",
        sbatch_args={"account": settings.account} if settings.account else {},
        srun_args={"cpus-per-task": settings.cpus_per_task},  # since Slurm 22.05 srun does not inherit it from sbatch
        max_array_size=settings.max_array_size,
        logging_dir=str(spool.logs),
    )
    # It submits a job of its own that stays in the queue for ever when a task fails.
    setattr(executor, "launch_merge_stats", _nothing)  # noqa: B010
    try:
        executor.run()
    except subprocess.CalledProcessError as error:
        raise UserError(f"executor slurm: sbatch refused {spool.logs / 'launch_script.slurm'}: {error}") from error


def _nothing() -> None:
    """Replaces `launch_merge_stats`."""


def _wait(spool: Spool, settings: SlurmExecutor, job: str, report: Callable[[dict[str, Any]], None]) -> None:
    seen = time.monotonic()
    while True:
        try:
            queue = _queue(job)
            seen = time.monotonic()
        except UserError:
            if time.monotonic() - seen > _PATIENCE_SECONDS:
                raise
        else:
            if not queue:
                return
            stuck = [waiting.reason for waiting in queue if any(word in waiting.reason for word in _STUCK)]
            if len(stuck) == len(queue):
                raise UserError(
                    f"executor slurm: {job} would wait for ever: {stuck[0]}; correct executors.yaml, or repair the node"
                )
            done = spool.num_tasks - len(spool.missing())
            report({"tasks": spool.num_tasks, "tasks_done": done, "queue": queue[0].state.lower()})
        time.sleep(settings.poll_seconds)


def _queue(job: str) -> list[Waiting]:
    """Pending and running jobs of this name; a waiting array is one line."""
    lines = _slurm("squeue", "--noheader", f"--name={job}", f"--user={os.getuid()}", "--format=%T|%r").splitlines()
    return [Waiting(*line.strip().partition("|")[::2]) for line in lines if line.strip()]


def _slurm(command: str, *arguments: str) -> str:
    try:
        result = subprocess.run([command, *arguments], capture_output=True, text=True, timeout=60)
    except FileNotFoundError as error:
        raise UserError(f"executor slurm: {command} is not in PATH; is this a machine of the cluster?") from error
    except subprocess.TimeoutExpired as error:
        raise UserError(f"executor slurm: {command} gave no answer; is the controller up (`scontrol ping`)?") from error
    if result.returncode:
        why = " ".join(result.stderr.split())
        raise UserError(f"executor slurm: {command} failed: {why}; is the controller up (`scontrol ping`)?")
    return result.stdout
