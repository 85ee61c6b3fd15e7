"""A small n-gram model of bytes: how surprising a text is to one that has read a sample of the corpus.

p(byte | n-1 bytes before) = (count of the n-gram + m p(byte | n-2 bytes before)) / (count of the context + m), down
to the uniform distribution: the hierarchical Dirichlet model of MacKay and Peto (1995) with one strength m.
Digits count as one symbol and white space as one space. Counts lie in hash tables of a fixed size.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ORDER = 6
_BITS = 20
_STRENGTH = 4.0
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
        for text in texts:
            data = _bytes_of(text)
            for n in range(1, ORDER + 1):
                counts[n - 1] += np.bincount(_slots(data, n), minlength=1 << _BITS).astype(np.uint32)
        return cls(counts)

    def bits_per_byte(self, text: str) -> float:
        """Mean of -log2 p over the bytes; 0 for an empty text."""
        data = _bytes_of(text)
        if not len(data):
            return 0.0
        probability = np.full(len(data), 1 / 256)
        context = np.full(len(data), float(self.total))
        for n in range(1, min(ORDER, len(data)) + 1):
            seen = self.counts[n - 1][_slots(data, n)].astype(np.float64)
            # An n-gram that was never told apart from another by its hash may outnumber its context.
            seen = np.minimum(seen, context[-len(seen) :])
            probability[n - 1 :] = (seen + _STRENGTH * probability[n - 1 :]) / (context + _STRENGTH)
            context = seen[:-1]
        return float(-np.log2(probability).mean())


def load_models(path: Path) -> list[CharacterModel]:
    """The models of a file that `save` of this project wrote; shape (models, order, 2^20)."""
    return [CharacterModel(counts) for counts in np.load(path, mmap_mode="r", allow_pickle=False)]


def _bytes_of(text: str) -> "NDArray[np.uint64]":
    return np.frombuffer(" ".join(text.split()).encode().translate(_DIGITS), np.uint8).astype(np.uint64)


def _slots(data: "NDArray[np.uint64]", n: int) -> "NDArray[np.int64]":
    """Place in the table of each n bytes in a row; shape (len(data) - n + 1,)."""
    count = max(0, len(data) - n + 1)
    packed = np.zeros(count, np.uint64)
    for offset in range(n):
        packed = (packed << np.uint64(8)) | data[offset : offset + count]
    return ((packed * _MIX) >> np.uint64(64 - _BITS)).astype(np.int64)
