"""Choice of the executor by FC_EXECUTOR; settings of a cluster are in <FC_HOME>/executors.yaml."""

import os
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, ValidationError

from fc_model.config.problems import problems
from fc_model.config.strict import Strict
from fc_model.errors import UserError
from fc_pipeline.yaml_loader import read_yaml

VARIABLE = "FC_EXECUTOR"
SETTINGS_FILE = "executors.yaml"


class LocalExecutor(Strict):
    """Processes of this machine; `Runtime.workers` says how many."""

    kind: ClassVar[str] = "local"


class ClusterExecutor(Strict):
    """Settings that Ray and Slurm share. A batch is 1 to 2 MB of text."""

    kind: ClassVar[str]
    tasks_at_once: int | None = Field(default=None, gt=0, description="tasks that run at a time; empty: no limit")
    batches_per_task: int = Field(default=16, gt=0, description="batches that a task computes, one file of them")
    cpus_per_task: int = Field(default=1, gt=0, description="cores of a task, and its processes")
    mem_per_cpu_gb: int = Field(default=2, gt=0, description="memory that is reserved for each of them")


class RayExecutor(ClusterExecutor):
    kind: ClassVar[str] = "ray"
    address: str | None = Field(default=None, description="of the cluster, or auto; empty: RAY_ADDRESS, else a new one")
    seconds_per_task: int | None = Field(default=None, gt=0, description="a task is killed after that")


class SlurmExecutor(ClusterExecutor):
    kind: ClassVar[str] = "slurm"
    partition: str
    time: str = Field(default="01:00:00", description="limit of a task, as sbatch takes it")
    account: str | None = None
    qos: str | None = None
    max_array_size: int = Field(default=1001, gt=0, description="of the cluster (`scontrol show config`)")
    poll_seconds: float = Field(default=5, gt=0, description="seconds between two polls of the queue")


Executor = LocalExecutor | RayExecutor | SlurmExecutor

_KINDS: dict[str, type[Executor]] = {each.kind: each for each in (LocalExecutor, RayExecutor, SlurmExecutor)}


def executor_settings(kind: str, *, home: Path) -> Executor:
    """The executor of this kind with the settings of executors.yaml; an empty kind means FC_EXECUTOR, else local.

    Raises:
        UserError: the kind does not exist, or executors.yaml is wrong; the field is named.
    """
    kind, where = (kind, "executor") if kind else (os.environ.get(VARIABLE) or LocalExecutor.kind, VARIABLE)
    if kind not in _KINDS:
        raise UserError(f"{where}: {kind!r} is no executor; use one of {', '.join(_KINDS)}")
    file = home / SETTINGS_FILE
    try:
        return _KINDS[kind].model_validate(_section(file, kind))
    except ValidationError as error:
        why = problems(error, _KINDS[kind])
        raise UserError(f"{file}: {kind}: {why} (docs/decisions/executors.md has an example)") from None


def _section(file: Path, kind: str) -> Any:
    if not file.is_file():
        return {}
    settings = read_yaml(file) or {}
    if not isinstance(settings, dict) or (unknown := sorted(settings.keys() - _KINDS.keys())):
        named = f"no such executor: {unknown[0]}" if isinstance(settings, dict) else "no sections"
        raise UserError(f"{file}: {named}; its sections are {', '.join(_KINDS)}")
    return settings.get(kind) or {}
