"""Maps a function over items on a cluster, by datatrove's executors."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

from fc_model.errors import UserError
from fc_pipeline.executors.ray_cluster import run_on_ray
from fc_pipeline.executors.settings import ClusterExecutor, RayExecutor, SlurmExecutor
from fc_pipeline.executors.slurm_cluster import run_on_slurm
from fc_pipeline.executors.task_files import Spool, write_spool

T = TypeVar("T")
R = TypeVar("R")

_SHOWN_CHARS = 500


def cluster_map(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    executor: ClusterExecutor,
    workers: int,
    folder: Callable[[], Path],
    report: Callable[[dict[str, Any]], None],
) -> Iterator[R]:
    """Yields `function(item)` in the order of the items: all items are written to files, then computed, then read.

    A single item is computed in this process. Results of an earlier attempt on equal items are reused.
    The arguments are those of `ordered_map`.
    """
    items = iter(items)
    first = list(islice(items, 2))
    if len(first) < 2:
        yield from map(function, first)
        return
    spool = write_spool(folder(), function, chain(first, items), batches_per_task=executor.batches_per_task)
    if spool.missing():
        spool.forget_failures()
        with _quiet_datatrove():
            if isinstance(executor, RayExecutor):
                run_on_ray(spool, executor, workers=workers, report=report)
            elif isinstance(executor, SlurmExecutor):
                run_on_slurm(spool, executor, report=report)
        if missing := spool.missing():
            raise UserError(_failure(spool, missing, kind=executor.kind))
    spool.drop_inputs()
    yield from spool.results()


@contextmanager
def _quiet_datatrove() -> Iterator[None]:
    """Keep datatrove's log off the terminal, where the step reports; the logs of the tasks are files."""
    from loguru import logger

    logger.disable("datatrove")
    try:
        yield
    finally:
        logger.enable("datatrove")


def _failure(spool: Spool, missing: list[int], *, kind: str) -> str:
    """A message on the first failure that has an explanation, else on the first failure, with the path of its log."""
    rank = next((rank for rank in missing if spool.failure(rank) is not None), missing[0])
    why = spool.failure(rank)
    log = spool.logs / "logs" / f"task_{rank:05}.log"
    if why is None or not log.is_file():
        why = why or "it ended without an error message"
        log = next((place for place in (spool.logs / "slurm_logs", log.parent) if place.is_dir()), spool.folder)
    others = f", as {len(missing) - 1} more did" if len(missing) > 1 else ""
    return f"{why[:_SHOWN_CHARS]} (task {rank} of {spool.num_tasks} failed on {kind}{others}; log: {log})"
