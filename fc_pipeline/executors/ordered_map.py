"""The one seam at which a data step becomes parallel: a map in order, by the executor that the runtime names."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

from fc_pipeline.executors.local import local_map
from fc_pipeline.executors.settings import Executor, LocalExecutor

T = TypeVar("T")
R = TypeVar("R")


class OrderedMap(Protocol):
    """What `map` does, too: results in the order of the items."""

    def __call__(self, function: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]: ...


def ordered_map(
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    executor: Executor,
    workers: int,
    folder: Callable[[], Path],
    report: Callable[[dict[str, Any]], None],
) -> Iterator[R]:
    """Yields `function(item)` in the order of the items, whoever computes.

    Locally, items are taken as they are needed. A cluster gets all of them first, as files.

    Args:
        function: of a module of this project, or a `partial` of one; fc_pipeline/executors/serialization.py can write
            its arguments and results.
        workers: processes on this machine; a cluster has its own setting.
        folder: makes a folder that every machine of a cluster sees, for what is sent; called when one is needed.
        report: takes live progress of the cluster.

    Raises:
        UserError: a worker was killed, a task failed, or the cluster cannot be reached.
    """
    if isinstance(executor, LocalExecutor):
        return local_map(function, items, workers=workers)
    from fc_pipeline.executors.cluster import cluster_map

    return cluster_map(function, items, executor=executor, workers=workers, folder=folder, report=report)
