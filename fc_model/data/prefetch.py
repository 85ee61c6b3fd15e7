"""Batches made ahead of the step that trains on them, in a thread or in processes."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from fc_model.child_process import spawned_child_dies_with_parent
from fc_model.errors import UserError

PATIENCE_SECONDS = 600.0
"""Longest wait for a batch of a worker, which takes a second where it is slow, and this where it hangs."""


class Batches(Protocol):
    """The batches of a stage, each a pure function of its number."""

    def __call__(self, number: int) -> Any: ...

    def window_ids(self, number: int) -> list[int]:
        """What a batch is made of, for the log."""


class Prefetcher:
    """The same batches, those after each being made meanwhile.

    A batch depends on its number alone, so this changes when and where it is made and nothing else. An error in
    making one is raised where the batch is asked for.

    Args:
        batches: with workers it must pickle, and so must what it gives, a dataclass of tensors and plain values.
        workers: processes that make them, as many batches ahead; 0 is a thread of this process, one batch ahead.
    """

    def __init__(self, batches: Batches, *, workers: int = 0) -> None:
        self._batches, self._workers = batches, workers
        self._executor: Executor = ThreadPoolExecutor(1, thread_name_prefix="batches")
        if workers:  # spawned: a fork would copy locks that threads of torch hold
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(workers, context, initializer=_begin_worker, initargs=(batches,))
        self._coming: dict[int, Future[Any]] = {}

    def __call__(self, number: int) -> Any:
        """The batch of a number. Raises what making it raised, UserError when a worker was killed or hangs."""
        wanted = range(number, number + 1 + max(1, self._workers))
        for other in self._coming.keys() - wanted:
            self._coming.pop(other).cancel()
        try:
            for other in wanted:
                if other not in self._coming:
                    self._coming[other] = self._executor.submit(_batch if self._workers else self._batches, other)
            coming = self._coming.pop(number)
            batch = coming.result(PATIENCE_SECONDS if self._workers else None)
        except TimeoutError as error:
            if coming.done():  # the disk's own
                raise
            self._kill()
            raise UserError(
                f"no batch {number} after {PATIENCE_SECONDS:g} s, of windows {self.window_ids(number)}: a process that "
                "makes batches hangs; it was ended: look at the disk that the shards are on, and run again"
            ) from error
        except BrokenProcessPool as error:
            raise UserError(
                "a process that makes batches was killed (out of memory?): run again, with fewer runtime.workers"
            ) from error
        return _as_tensors(*batch) if self._workers else batch

    def window_ids(self, number: int) -> list[int]:
        return self._batches.window_ids(number)

    def _kill(self) -> None:
        """End workers that do not end by themselves."""
        assert isinstance(self._executor, ProcessPoolExecutor)
        for process in list((self._executor._processes or {}).values()):
            process.kill()

    def close(self) -> None:
        """End the thread or the workers; batches that they are at are finished first."""
        self._executor.shutdown(cancel_futures=True)


_worker_batches: Batches | None = None


def _begin_worker(batches: Batches) -> None:
    """Leave Ctrl-C to the parent, end when it does, and take one core."""
    import torch

    global _worker_batches
    _worker_batches = batches
    spawned_child_dies_with_parent()
    torch.set_num_threads(1)


def _batch(number: int) -> tuple[type, dict[str, Any]]:
    """The batch as arrays: torch sends its tensors through shared memory, of which containers have little."""
    import torch

    assert _worker_batches is not None
    batch = _worker_batches(number)
    parts = vars(batch).items()
    return type(batch), {name: value.numpy() if isinstance(value, torch.Tensor) else value for name, value in parts}


def _as_tensors(kind: type, parts: dict[str, Any]) -> Any:
    import numpy as np
    import torch

    tensors = {name: torch.from_numpy(value) for name, value in parts.items() if isinstance(value, np.ndarray)}
    return kind(**parts | tensors)
