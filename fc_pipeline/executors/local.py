"""Maps a function over items in processes of this machine, in order; no process is left behind."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from itertools import chain, islice
from typing import TypeVar

from fc_model.child_process import spawned_child_dies_with_parent
from fc_model.errors import UserError

T = TypeVar("T")
R = TypeVar("R")

_QUEUED_PER_WORKER = 2


def local_map(function: Callable[[T], R], items: Iterable[T], *, workers: int) -> Iterator[R]:
    """Yields `function(item)` in the order of the items; at most a few items wait in memory.

    With one worker or a single item everything runs in this process, otherwise in worker processes.

    Raises:
        UserError: a worker was killed from outside, as when memory runs out.
    """
    items = iter(items)
    first = list(islice(items, 2))
    if workers <= 1 or len(first) < 2:
        yield from map(function, chain(first, items))
        return
    try:
        yield from pool_map(function, chain(first, items), workers=workers)
    except BrokenProcessPool as error:
        raise UserError("a worker process was killed (out of memory?); run again with fewer workers") from error


def pool_map(function: Callable[[T], R], items: Iterable[T], *, workers: int) -> Iterator[R]:
    """Yields `function(item)` in the order of the items, all computed in worker processes.

    Workers are spawned (a fork would copy threads and locks), so `function`, items and results must pickle. The pool
    stays for the next call, since a new worker takes seconds to import what it needs.

    Raises:
        BrokenProcessPool: a worker was killed from outside; the next call starts new ones.
    """
    pool = _pool(workers)
    try:
        yield from results_in_order(lambda item: pool.submit(function, item), items, ahead=_QUEUED_PER_WORKER * workers)
    except BrokenProcessPool:
        _pool.cache_clear()
        raise


def results_in_order(submit: Callable[[T], Future[R]], items: Iterable[T], *, ahead: int) -> Iterator[R]:
    """The results in the order of the items; at most `ahead` wait, and those left over at the end are cancelled."""
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(submit(item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def in_child(function: Callable[[T], R], item: T, *, what: str) -> R:
    """`function(item)` in a child process of its own, for native code that may abort the process it runs in.

    Raises:
        UserError: the child died; names `what`.
    """
    try:
        with _new_pool(1) as pool:
            return pool.submit(function, item).result()
    except BrokenProcessPool as error:
        raise UserError(
            f"{what} ended its process without a word (aborted, or no memory left); use less text"
        ) from error


@lru_cache(maxsize=1)
def _pool(workers: int) -> ProcessPoolExecutor:
    return _new_pool(workers)


def _new_pool(workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=spawned_child_dies_with_parent)
