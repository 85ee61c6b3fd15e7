"""The n-grams of eval items, to be found in documents at any offset, exactly.

Words are runs of letters and digits, in lower case, and the single characters of scripts without spaces. The letters
that choices have (A to E), Q, and the words question and answer are none, so that an item reads the same whether it is
written with its choices lettered, as question and answer, or bare. Only words of the items have a number; an n-gram
with any other word is in no item. The hash of words a to b is a difference of prefix sums (Rabin-Karp modulo 2^64
with an odd base, so that a position is divided out by the base's inverse), which makes all windows of many documents
a few array operations. What the hash finds is compared word by word, so nothing is found that is not there.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fc_pipeline.corpus.dedup.ragged import ranges

_NO_SPACES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, kana, Han."""
_LETTER = rf"[^\W_{_NO_SPACES}]"
WORD = re.compile(rf"(?<!{_LETTER})(?!(?:[a-eq]|question|answer)(?!{_LETTER})){_LETTER}+|[{_NO_SPACES}]")
"""In text in lower case."""
_BASE = 0x9E3779B97F4A7C15  # odd: invertible modulo 2^64
_INVERSE = pow(_BASE, -1, 1 << 64)
_TABLE_BYTES_PER_NGRAM = 8

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_NONE: Ints = np.empty(0, dtype=np.int64)


def words_of(text: str) -> list[str]:
    """Words in lower case."""
    return WORD.findall(lower(text))


def lower(text: str) -> str:
    """The text in lower case, of equal length, so that places in it are places in the text."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


def spread(numbers: NDArray[np.integer[Any]]) -> Hashes:
    """A well mixed 64 bit value of each word's number (splitmix64, Steele et al. 2014); 0 for 0."""
    z = numbers.astype(np.uint64) * np.uint64(_BASE)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def powers(base: int, count: int) -> Hashes:
    """base^0 to base^(count-1), modulo 2^64, shape (count,)."""
    factors = np.full(count, base, dtype=np.uint64)
    factors[:1] = 1
    return np.cumprod(factors, dtype=np.uint64)


class Windows:
    """Hashes of the windows of a row of words. A window with a 0 in it is none."""

    def __init__(self, numbers: NDArray[np.integer[Any]]) -> None:
        self._sums = np.concatenate([[np.uint64(0)], np.cumsum(spread(numbers) * powers(_BASE, len(numbers)))])
        self._scale = powers(_INVERSE, len(numbers))
        self._zeros = np.concatenate([[0], np.cumsum(numbers == 0)])

    def starts(self, length: int) -> Ints:
        """Where a window of so many words begins."""
        if len(self._scale) < length:
            return np.empty(0, dtype=np.int64)
        return np.flatnonzero(self._zeros[length:] == self._zeros[:-length])

    def hashes(self, starts: Ints, length: int) -> Hashes:
        hashes: Hashes = (self._sums[starts + length] - self._sums[starts]) * self._scale[starts]
        return hashes


@dataclass
class Lookup:
    """The distinct n-grams of one length: sorted hashes, the first place of each, and a table that refuses most."""

    length: int
    first_group: int
    hashes: Hashes
    places: Ints
    table: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        bits = max(10, int(np.ceil(np.log2(_TABLE_BYTES_PER_NGRAM * max(1, len(self.hashes))))))
        self._shift = np.uint64(64 - bits)
        self.table = np.zeros(1 << bits, dtype=bool)
        self.table[self.hashes >> self._shift] = True

    def find(self, windows: Windows, numbers: Ints, items: Ints) -> tuple[Ints, Ints]:
        """(where a window stands in `numbers`, which n-gram it is), in the order of the windows."""
        starts = windows.starts(self.length)
        hashes = windows.hashes(starts, self.length)
        maybe = self.table[hashes >> self._shift]
        starts, hashes = starts[maybe], hashes[maybe]
        rows = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        equal = self.hashes[rows] == hashes
        starts, rows = starts[equal], rows[equal]
        offsets = np.arange(self.length)
        same = (numbers[starts[:, None] + offsets] == items[self.places[rows][:, None] + offsets]).all(axis=1)
        return starts[same], self.first_group + rows[same]


@dataclass
class NgramIndex:
    """N-grams of items. A group is one distinct n-gram; its members are the places where items have it."""

    vocabulary: list[str]
    numbers: Ints
    """The words of all items, numbered from 1, one item after the other."""
    item_starts: Ints
    """First word of each item, and the end; shape (items + 1,)."""
    lengths: Ints
    """Words of each group, ascending; shape (groups,), as the two below."""
    hashes: Hashes
    places: Ints
    member_starts: Ints
    """Into `members`; shape (groups + 1,)."""
    members: Ints

    @cached_property
    def number_of(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.vocabulary, 1)}

    @cached_property
    def _lookups(self) -> list[Lookup]:
        groups = ((int(length), np.flatnonzero(self.lengths == length)) for length in np.unique(self.lengths))
        return [Lookup(length, int(rows[0]), self.hashes[rows], self.places[rows]) for length, rows in groups]

    def find(self, texts: Sequence[str]) -> list[tuple[Ints, Ints]]:
        """For each text (the words at which n-grams begin, their groups), by group length, then by place."""
        rows = [self._numbers_of(text) for text in texts]
        ends = np.cumsum([len(row) for row in rows])
        numbers = np.concatenate(rows)
        windows = Windows(numbers)
        parts = [lookup.find(windows, numbers, self.numbers) for lookup in self._lookups]
        places, groups = (np.concatenate([_NONE, *column]) for column in zip((_NONE, _NONE), *parts, strict=True))
        owners = np.searchsorted(ends, places, side="right")
        order = np.argsort(owners, kind="stable")
        starts = (ends - [len(row) for row in rows])[owners[order]]
        borders = np.searchsorted(owners[order], np.arange(1, len(texts)))
        mine = np.split(places[order] - starts, borders), np.split(groups[order], borders)
        return list(zip(*mine, strict=True))

    def _numbers_of(self, text: str) -> Ints:
        """The words' numbers, and a 0 at the end: no window spans two texts."""
        return np.fromiter((*map(self.number_of.get, words_of(text), repeat(0)), 0), dtype=np.int64)

    def items_of(self, group: int) -> list[tuple[int, int]]:
        """(item, place within it) of every place where items have this n-gram."""
        places = self.members[self.member_starts[group] : self.member_starts[group + 1]]
        items = np.searchsorted(self.item_starts, places, side="right") - 1
        return [(int(i), int(p)) for i, p in zip(items, places - self.item_starts[items], strict=True)]

    def text_of(self, group: int) -> str:
        place, length = int(self.places[group]), int(self.lengths[group])
        return " ".join(self.vocabulary[number - 1] for number in self.numbers[place : place + length])

    def save(self, folder: Path) -> None:
        (folder / "vocabulary.txt").write_text("\n".join(self.vocabulary), "utf-8")
        arrays = ("numbers", "item_starts", "lengths", "hashes", "places", "member_starts", "members")
        np.savez(folder / "index.npz", **{name: getattr(self, name) for name in arrays})

    @classmethod
    def load(cls, folder: Path) -> "NgramIndex":
        vocabulary = (folder / "vocabulary.txt").read_text("utf-8").split("\n")
        with np.load(folder / "index.npz") as arrays:
            return cls(vocabulary=vocabulary, **arrays)


def build_index(items: Iterable[str], *, ngram: int, min_words: int) -> NgramIndex:
    """All n-grams of the items' texts; an item of `min_words` to `ngram - 1` words is one n-gram of that length."""
    number_of: dict[str, int] = {}
    rows = [[number_of.setdefault(word, len(number_of) + 1) for word in words_of(text)] for text in items]
    item_starts = np.cumsum([0, *map(len, rows)])
    numbers = np.array([number for row in rows for number in row], dtype=np.int64)
    lengths = np.minimum(np.diff(item_starts), ngram)
    windows = Windows(numbers)
    parts = []
    for length in range(min_words, ngram + 1):
        mine = np.flatnonzero(lengths == length)
        starts = ranges(item_starts[mine], np.diff(item_starts)[mine] - length + 1)
        hashes = windows.hashes(starts, length)
        distinct, sizes = np.unique(hashes, return_counts=True)
        parts.append((np.full(len(distinct), length), distinct, sizes, starts[np.argsort(hashes, kind="stable")]))
    group_lengths, group_hashes, group_sizes, members = map(np.concatenate, zip(*parts, strict=True))
    member_starts = np.concatenate([[0], np.cumsum(group_sizes)])
    return NgramIndex(
        vocabulary=list(number_of),
        numbers=numbers,
        item_starts=item_starts,
        lengths=group_lengths,
        hashes=group_hashes,
        places=members[member_starts[:-1]],
        member_starts=member_starts,
        members=members,
    )
