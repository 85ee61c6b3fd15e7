"""Rows of different length in one file, and arrays that stay on the disk."""

import os
import weakref
from pathlib import Path

import numpy as np


class RaggedFile:
    """Row n of a flat file of numbers is [starts[n], starts[n + 1]).

    Rows are read when they are asked for, not mapped, so that what was read does not count as memory of the process.
    """

    def __init__(self, path: Path, starts: np.ndarray, dtype: str, *, offset: int = 0) -> None:
        self.path = path
        self.starts = starts
        self.dtype = np.dtype(dtype)
        self._offset = offset
        self._descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def rows(self, first: int, last: int) -> np.ndarray:
        """Rows `first` to `last` (exclusive), one after the other."""
        low, high = int(self.starts[first]), int(self.starts[last])
        size = self.dtype.itemsize
        parts = []
        while low < high:  # a read may give less than was asked for, as beyond 2 GiB
            data = os.pread(self._descriptor, (high - low) * size, self._offset + low * size)
            whole = len(data) // size
            if whole == 0:
                raise OSError(f"{self.path} ends before row {last}")
            parts.append(np.frombuffer(data, self.dtype, whole))
            low += whole
        return parts[0] if len(parts) == 1 else np.concatenate(parts or [np.empty(0, self.dtype)])

    def row(self, number: int) -> np.ndarray:
        return self.rows(number, number + 1)

    def text(self, number: int) -> str:
        """The row as UTF-8."""
        return self.row(number).tobytes().decode()


def starts_of(lengths: np.ndarray) -> np.ndarray:
    """int64 [N + 1] from the lengths of N rows."""
    starts = np.zeros(len(lengths) + 1, "<i8")
    np.cumsum(lengths, out=starts[1:])
    return starts


def mapped(path: Path, dtype: str, *, offset: int, count: int) -> np.ndarray:
    """Numbers of a file, mapped into memory: read where they are looked at, and not before."""
    if count == 0:  # nothing cannot be mapped
        return np.empty(0, dtype)
    return np.asarray(np.memmap(path, dtype, mode="r", offset=offset, shape=(count,)))


def ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """All numbers of the ranges [start, start + length), one range after the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)
