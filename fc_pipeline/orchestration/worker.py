"""The process of a run, as the run's tag names it: by host, boot, PID namespace, pid and start.

A pid alone is no identity: other hosts and containers count from 1 too, and numbers are used again. The start is
counted in ticks from the boot, not by the clock, which is set while runs go on.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import psutil
from dagster import DagsterInstance, Executor, InitExecutorContext, executor
from dagster._core.definitions.executor_definition import IN_PROC_CONFIG, _core_in_process_executor_creation
from dagster._core.events import DagsterEvent
from dagster._core.execution.context.system import PlanOrchestrationContext
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.executor.in_process import InProcessExecutor

from fc_model.artifacts.host import Host

TAG = "fustercluck/process"
_PROC = Path("/proc")
_STATE, _START_TICKS = 0, 19
"""Fields 3 and 22 of /proc/<pid>/stat, counted from behind the name, which may hold spaces and brackets."""


@dataclass(frozen=True)
class Worker:
    """The process that executes a run."""

    host: Host
    pid: int
    start: str | None
    """When the process started, as `_start_of` tells; None when it was told nothing."""

    @classmethod
    def this(cls) -> "Worker":
        """This process."""
        return cls(Host.this(), os.getpid(), _start_of(os.getpid()))

    def state(self) -> Literal["alive", "dead", "elsewhere"]:
        """Alive, dead, or on a host whose processes cannot be seen from here."""
        place = self.host.seen_from_here()
        if place == "elsewhere":
            return "elsewhere"
        if place == "here" and (self.pid == os.getpid() or _start_of(self.pid) == self.start is not None):
            return "alive"
        return "dead"

    def tags(self, run_id: str) -> dict[str, str]:
        """The tag of the run. It names the run, because a re-execution inherits the tags of its parent."""
        return {TAG: json.dumps({"run": run_id, **asdict(self.host), "pid": self.pid, "start": self.start})}


def worker_of(instance: DagsterInstance, run_id: str) -> Worker | None:
    """The process that executes this run; None before it has begun."""
    run = instance.get_run_by_id(run_id)
    fields = json.loads(run.tags.get(TAG, "{}")) if run is not None else {}
    if fields.pop("run", None) != run_id:
        return None
    pid, start = fields.pop("pid"), fields.pop("start")
    return Worker(Host(**fields), pid, start)


def _start_of(pid: int) -> str | None:
    """When the process of this pid started; None when there is none, or a zombie.

    Ticks since the boot, or where there is no /proc (macOS) psutil's time, which the kernel does not change there.
    """
    if (_PROC / "self" / "stat").exists():
        try:
            fields = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[_STATE] in "ZX" else fields[_START_TICKS]
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else repr(process.create_time())
    except psutil.NoSuchProcess:
        return None


class _TaggingExecutor(InProcessExecutor):
    """Executes all steps in this process, and tags the run with it before the first."""

    def execute(self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan) -> Iterator[DagsterEvent]:
        run_id = plan_context.run_id
        plan_context.instance.add_run_tags(run_id, Worker.this().tags(run_id))
        yield from super().execute(plan_context, execution_plan)


@executor(name="in_process", config_schema=IN_PROC_CONFIG)
def one_process_executor(context: InitExecutorContext) -> Executor:
    """Dagster's in-process executor; the run's tag names the process, so that its death is noticed."""
    plain = _core_in_process_executor_creation(context.executor_config)
    return _TaggingExecutor(plain.retries, plain.step_dependency_config)
