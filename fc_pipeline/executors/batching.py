"""Batches of items that are large enough to send to another process."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def chunks(items: Iterable[T], *, weight: Callable[[T], int], limit: int) -> Iterator[list[T]]:
    """Consecutive items in lists whose weights add up to `limit` or a little more."""
    chunk: list[T] = []
    total = 0
    for item in items:
        chunk.append(item)
        total += weight(item)
        if total >= limit:
            yield chunk
            chunk, total = [], 0
    if chunk:
        yield chunk
