"""A small n-gram model of bytes: how surprising a text is to one that has read a sample of the corpus.

p(byte | n-1 bytes before) = (count of the n-gram + m p(byte | n-2 bytes before)) / (count of the context + m), down
to the uniform distribution: the hierarchical Dirichlet model of MacKay and Peto (1995) with one strength m.
Digits count as one symbol and white space as one space. Counts lie in hash tables of a fixed size.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fc_pipeline.executors.batching import chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

ORDER = 6
_BITS = 20
_STRENGTH = 4.0
_BLOCK_CHARS = 1 << 20
_MIX = np.uint64(0x9E3779B97F4A7C15)
_DIGITS = bytes.maketrans(b"123456789", b"000000000")


class CharacterModel:
    """counts[n - 1]: how often each hash of n bytes was seen, uint32, shape (2^20,)."""

    def __init__(self, counts: "NDArray[np.uint32]") -> None:
        self.counts = counts
        self.total = int(counts[0].sum())

    @classmethod
    def fit(cls, texts: Iterable[str]) -> "CharacterModel":
        counts = np.zeros((ORDER, 1 << _BITS), np.uint32)
        # Many texts at a time: each costs a pass over the tables.
        for block in chunks(texts, weight=len, limit=_BLOCK_CHARS):
            for n, slots in enumerate(_slots(_bytes_of(" ".join(block))), 1):
                counts[n - 1] += np.bincount(slots, minlength=1 << _BITS).astype(np.uint32)
        return cls(counts)

    def bits_per_byte(self, text: str) -> float:
        """Mean of -log2 p over the bytes; 0 for an empty text."""
        data = _bytes_of(text)
        if not len(data):
            return 0.0
        probability = np.full(len(data), 1 / 256)
        context = np.full(len(data), float(self.total))
        for n, slots in enumerate(_slots(data), 1):
            # An n-gram that shares its place in the table with another may outnumber its context.
            seen = np.minimum(self.counts[n - 1][slots], context)
            probability[n - 1 :] = (seen + _STRENGTH * probability[n - 1 :]) / (context + _STRENGTH)
            context = seen[:-1]
        return float(-np.log2(probability).mean())


def load_models(path: Path) -> list[CharacterModel]:
    """The models of a file that `save` of this project wrote; shape (models, order, 2^20)."""
    return [CharacterModel(counts) for counts in np.load(path, mmap_mode="r", allow_pickle=False)]


def _bytes_of(text: str) -> "NDArray[np.uint64]":
    return np.frombuffer(" ".join(text.split()).encode().translate(_DIGITS), np.uint8).astype(np.uint64)


def _slots(data: "NDArray[np.uint64]") -> Iterator["NDArray[np.int64]"]:
    """For n = 1 to the order: the place in the table of each n bytes in a row; shape (len(data) - n + 1,)."""
    packed = data
    for n in range(1, min(ORDER, len(data)) + 1):
        if n > 1:
            packed = (packed[:-1] << np.uint64(8)) | data[n - 1 :]
        yield ((packed * _MIX) >> np.uint64(64 - _BITS)).astype(np.int64)
