"""Texts as sets of hashed word n-grams (shingles) and as one digest each, by arithmetic on whole arrays.

Many texts are one array of code points, and no word becomes a Python object: that is where a tokenizer spends its
time. A word is a run of letters, digits, marks and underscores, in lower case (full case folding of single code
points); where words are written without spaces (Han, kana, Thai, Lao, Khmer, Burmese) every character is one. A text
with fewer words than an n-gram has no shingles. Hashes are little-endian arithmetic modulo 2^64, equal on every
platform; a word's is the polynomial sum(c_i * B^i), as in Karp and Rabin (IBM J. Res. Dev. 31, 1987), by prefix sums.
"""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import xxhash

from fc_pipeline.executors.batching import chunks

_SPACE, _WORD, _ALONE, _MARK = (np.uint32(1 << bit) for bit in (21, 22, 23, 24))
"""Flags of a folded code point, above its 21 bits."""
_UNSPACED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF))
_BASE = 0x9E3779B97F4A7C15
_BASE_INVERSE = pow(_BASE, -1, 1 << 64)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_BLOCK_CHARS = 1 << 17
"""Texts are taken together up to this size, so that the arrays stay in the processor's cache."""


class Shingles(NamedTuple):
    """Of a list of N texts."""

    digests: np.ndarray
    """uint64 [N, 2]; equal for texts that are equal up to case and white space."""
    counts: np.ndarray
    """int64 [N]; distinct shingles of each text."""
    hashes: np.ndarray
    """uint32 [sum(counts)]; the shingles of the first text in rising order, then those of the second, and so on."""


def shingle(texts: Sequence[str], *, ngram: int) -> Shingles:
    """The digest and the distinct shingles of each text. They depend on that text alone."""
    parts = [_shingle_block(block, ngram) for block in chunks(texts, weight=len, limit=_BLOCK_CHARS)]
    none = Shingles(np.empty((0, 2), np.uint64), np.empty(0, np.int64), np.empty(0, np.uint32))
    return Shingles(*(np.concatenate(arrays) for arrays in zip(none, *parts, strict=True)))


def _shingle_block(texts: list[str], ngram: int) -> Shingles:
    codes, starts = _folded(texts)
    digests = _digests(codes, starts)
    words, first_word = _word_hashes(codes, starts)
    num_words = np.diff(first_word)
    counts = np.maximum(num_words - ngram + 1, 0)
    owner = np.repeat(np.arange(len(texts), dtype=np.uint64), counts)
    if not len(owner):
        return Shingles(digests, counts, np.empty(0, np.uint32))
    position = np.arange(len(owner)) + np.repeat(first_word[:-1] - (np.cumsum(counts) - counts), counts)
    rolled = np.zeros(len(words) - ngram + 1, np.uint64)
    for offset in range(ngram):
        rolled += words[offset : len(rolled) + offset] * _weight(offset)
    # Owner in the upper half, hash in the lower: one sort gives every text its sorted set.
    both = np.sort(owner << np.uint64(32) | _mixed(rolled[position]) >> np.uint64(32))
    distinct = both[np.concatenate(([True], both[1:] != both[:-1]))]
    owners = (distinct >> np.uint64(32)).astype(np.int64)
    return Shingles(digests, np.bincount(owners, minlength=len(texts)), distinct.astype(np.uint32))


def _folded(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """(folded code points with flags, a space in front of, between and behind the texts; [N + 1] starts)."""
    codes, starts = _looked_up(texts)
    marked = np.flatnonzero(codes & _MARK)
    if len(marked):  # composed and decomposed writing of the same text are equal
        for row in np.unique(np.searchsorted(starts, marked, side="right") - 1).tolist():
            texts = [*texts[:row], unicodedata.normalize("NFC", texts[row]), *texts[row + 1 :]]
        codes, starts = _looked_up(texts)
    return codes, starts


def _looked_up(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    points = np.frombuffer("\n".join(["", *texts, ""]).encode("utf-32-le"), np.uint32)
    codes = _table().take(points, mode="clip")
    if points.max() > 0xFFFF:  # beyond the table: emoji, rare Han; each counts as a word
        beyond = np.flatnonzero(points > 0xFFFF)
        codes[beyond] = points[beyond] | _WORD | _ALONE
    lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
    return codes, np.concatenate(([1], 1 + np.cumsum(lengths)))


@lru_cache(maxsize=1)
def _table() -> np.ndarray:
    """uint32 [65536]: for each code point its case folding and what it is."""
    table = np.arange(1 << 16, dtype=np.uint32)
    for point in range(1 << 16):
        character = chr(point)
        mark = unicodedata.category(character)[0] == "M"
        if mark or character.isalnum() or character == "_":
            folded = character.casefold()
            table[point] = (ord(folded) if len(folded) == 1 else point) | _WORD | (_MARK if mark else 0)
        elif character.isspace():
            table[point] = ord(" ") | _SPACE
    for low, high in _UNSPACED:
        script = table[low : high + 1]
        script[(script & _WORD) != 0] |= _ALONE
    return table


def _digests(codes: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """xxh3-128 of each text with its white space collapsed; uint64 [N, 2]."""
    space = (codes & _SPACE) != 0
    kept = np.flatnonzero(~(space[1:] & space[:-1])) + 1
    data = memoryview(codes[kept].astype("<u4").tobytes())
    bounds = (4 * np.searchsorted(kept, starts)).tolist()
    raw = b"".join(xxhash.xxh3_128_digest(data[low:high]) for low, high in pairwise(bounds))
    return np.frombuffer(raw, ">u8").astype(np.uint64).reshape(-1, 2)


def _word_hashes(codes: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(uint64 hash of each word in order, [N + 1] number of words before each text)."""
    word = (codes & _WORD) != 0
    border = word[1:] != word[:-1]
    alone = (codes & _ALONE) != 0
    if alone.any():
        border |= alone[1:] | alone[:-1]
    edges = np.flatnonzero(border) + 1
    inside = word[edges[:-1]] if len(edges) else np.empty(0, bool)
    begin, end = edges[:-1][inside], edges[1:][inside]
    powers, inverses = _powers(max(len(codes), 2 * _BLOCK_CHARS).bit_length())
    prefix = np.cumsum(codes * powers[: len(codes)], dtype=np.uint64)
    return _mixed((prefix[end - 1] - prefix[begin - 1]) * inverses[begin]), np.searchsorted(begin, starts)


@lru_cache(maxsize=1)
def _powers(bits: int) -> tuple[np.ndarray, np.ndarray]:
    """uint64 [2^bits]: powers 0, 1, 2, ... of the base, and of its inverse, modulo 2^64."""

    def table(base: int) -> np.ndarray:
        steps = np.full(1 << bits, base, np.uint64)
        steps[0] = 1
        return np.cumprod(steps)

    return table(_BASE), table(_BASE_INVERSE)


def _weight(offset: int) -> np.uint64:
    """A fixed odd factor for the place of a word in its n-gram."""
    return np.uint64(xxhash.xxh3_64_intdigest(b"place", seed=offset) | 1)


def _mixed(hashes: np.ndarray) -> np.ndarray:
    """Spreads every bit over the upper half."""
    hashes = (hashes ^ (hashes >> np.uint64(32))) * _MIX
    return (hashes ^ (hashes >> np.uint64(29))) * _MIX
