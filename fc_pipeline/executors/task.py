"""One task on a machine of a cluster: the block of a datatrove pipeline."""

from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Any

from fc_model.artifacts.files import write_bytes
from fc_model.errors import UserError
from fc_pipeline.executors.local import pool_map
from fc_pipeline.executors.serialization import decode, encode
from fc_pipeline.executors.task_files import failure_file, function_of, items_of, result_file, write_records


def run_task(folder: str, workers: int, _data: None, rank: int, _world_size: int) -> None:
    """Computes the batches of a rank and writes the results, or the reason of the failure, for the waiting process.

    Child processes do the work: a kill of one of them (most often for memory) must not end the process that writes the
    reason, which Ray would not notice.

    Args:
        folder: a spool (fc_pipeline/executors/task_files.py).
        workers: processes.
    """
    spool = Path(folder)
    try:
        computed = pool_map(partial(_compute, function_of(spool)), items_of(spool, rank), workers=workers)
        write_records(result_file(spool, rank), ({"result": result} for result in computed))
    except Exception as error:
        failure = failure_file(spool, rank)
        failure.parent.mkdir(exist_ok=True)
        write_bytes(failure, _failure_text(error).encode())
        raise


def can_run(folder: str) -> bool:
    """Whether this machine sees the spool; the call itself proves that the machine has the project."""
    return (Path(folder) / "call.json").is_file()


def _compute(function: Callable[[Any], Any], item: Any) -> Any:
    return encode(function(decode(item)))


def _failure_text(error: Exception) -> str:
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, BrokenProcessPool):
        return "a worker process was killed (out of memory?); raise mem_per_cpu_gb or lower batches_per_task"
    return " ".join(f"{type(error).__name__}: {error}".split())
