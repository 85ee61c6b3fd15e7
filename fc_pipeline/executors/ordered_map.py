"""Parallel map of data steps, results in the order of the items, by the executor that the runtime names."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

from fc_pipeline.executors.local import local_map
from fc_pipeline.executors.settings import Executor, LocalExecutor

T = TypeVar("T")
R = TypeVar("R")


class OrderedMap(Protocol):
    """A map with results in the order of the items, such as the built-in `map`."""

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
    """Yields `function(item)` in the order of the items, with every executor.

    Locally, items are taken as they are needed. A cluster gets all of them first, as files.

    Args:
        function: a function of this project's modules, or a `partial` of one, whose arguments and results
            fc_pipeline/executors/serialization.py can write.
        workers: processes on this machine; a cluster has its own setting.
        folder: makes a folder for task files that every machine of a cluster sees; called when it is needed.
        report: takes live progress of the cluster.

    Raises:
        UserError: a worker was killed, a task failed, or the cluster cannot be reached.
    """
    if isinstance(executor, LocalExecutor):
        return local_map(function, items, workers=workers)
    from fc_pipeline.executors.cluster import cluster_map

    return cluster_map(function, items, executor=executor, workers=workers, folder=folder, report=report)
