"""How much of a text its repeated word n-grams make up, by arithmetic on arrays of word numbers."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying loses nothing


def word_numbers(words: Sequence[str], different: Collection[str]) -> "tuple[NDArray[np.uint64], NDArray[np.int64]]":
    """A number for each word, equal for equal ones, and the characters before each word and after the last.

    different: each different word once.
    """
    number = dict(zip(different, range(len(different)), strict=True))
    numbers = np.fromiter(map(number.__getitem__, words), np.uint64, len(words))
    lengths = np.fromiter(map(len, different), np.int64, len(different))
    return numbers, np.concatenate(([0], np.cumsum(lengths[numbers])))


def most_chars(numbers: "NDArray[np.uint64]", ends: "NDArray[np.int64]", n: int) -> int:
    """The most characters that any one n-gram has in all of its places, with the spaces that datatrove joins by."""
    hashes = _hashes(numbers, n)
    if not len(hashes):
        return 0
    order = np.argsort(hashes)
    ordered = hashes[order]
    begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))  # of each run of equal hashes
    counts = np.diff(begins, append=len(ordered))
    place = order[begins]
    return int(((ends[place + n] - ends[place] + n - 1) * counts).max())


def covered_chars(numbers: "NDArray[np.uint64]", ends: "NDArray[np.int64]", n: int) -> int:
    """Characters of the words that lie in an n-gram which came before."""
    hashes = _hashes(numbers, n)
    order = np.argsort(hashes, kind="stable")
    again = np.sort(order[1:][hashes[order][1:] == hashes[order][:-1]])
    if not len(again):
        return 0
    begins = again
    stops = np.minimum(begins + n, np.append(begins[1:], len(numbers)))  # overlaps count once
    return int((ends[stops] - ends[begins]).sum())


def _hashes(numbers: "NDArray[np.uint64]", n: int) -> "NDArray[np.uint64]":
    """A number for each n-gram of word numbers, equal for equal ones."""
    count = max(0, len(numbers) - n + 1)
    hashes = np.zeros(count, np.uint64)
    for offset in range(n):
        hashes = (hashes + numbers[offset : offset + count]) * _MIX
        hashes ^= hashes >> np.uint64(29)
    return hashes
