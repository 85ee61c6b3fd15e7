"""Batches made in a thread while the step before is trained."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol


class Batches(Protocol):
    """The batches of a stage, each a pure function of its number."""

    def __call__(self, number: int) -> Any: ...

    def window_ids(self, number: int) -> list[int]:
        """What a batch is made of, for the log."""


class Ahead:
    """The same batches, the one after each being made meanwhile.

    A batch depends on its number alone, so this changes when it is made and nothing else. Only the thread reads shards
    and draws; what goes wrong in it is raised where the batch is asked for.
    """

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._next: tuple[int, Future[Any]] | None = None

    def __call__(self, number: int) -> Any:
        if self._next is not None and self._next[0] == number:
            batch = self._next[1]
        else:
            batch = self._thread.submit(self._batches, number)
        self._next = number + 1, self._thread.submit(self._batches, number + 1)
        return batch.result()

    def window_ids(self, number: int) -> list[int]:
        """See `Batches`."""
        return self._batches.window_ids(number)

    def close(self) -> None:
        """End the thread; a batch that it is at is finished first."""
        self._thread.shutdown(cancel_futures=True)
