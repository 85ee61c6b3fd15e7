"""MinHash signatures of shingles, folded into the band keys of locality-sensitive hashing.

A text's signature holds, for each of `num_buckets * hashes_per_bucket` hash functions, the least value that the
function takes on its shingles; two texts agree in a place with the probability of their Jaccard similarity (Broder,
"On the resemblance and containment of documents", 1997). Places are taken together in bands of `hashes_per_bucket`,
and texts that agree in all of a band are candidates: a pair of similarity s is one with 1 - (1 - s^rows)^bands
(Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", 3.4). A band is kept as a key of 32 bits: what collides by
chance is one more candidate, and candidates are verified.
"""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import xxhash

from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.dedup.shingles import Shingles, shingle

_BLOCK = 1 << 16
"""Shingles that all functions are applied to before the next ones come, so that they stay in the cache."""


class Signatures(NamedTuple):
    """What is known of a list of N texts without the texts."""

    shingles: Shingles
    bands: np.ndarray
    """uint32 [num_buckets, N]; of a text without shingles it is meaningless."""


def sign(config: DedupConfig, texts: list[str]) -> Signatures:
    """Shingles, digests and band keys of each text; they depend on that text alone."""
    shingles = shingle(texts, ngram=config.ngram)
    bands = band_keys(shingles, num_buckets=config.num_buckets, rows=config.hashes_per_bucket, seed=config.seed)
    return Signatures(shingles, bands)


def band_keys(shingles: Shingles, *, num_buckets: int, rows: int, seed: int) -> np.ndarray:
    """uint32 [num_buckets, N]."""
    multipliers, _ = hash_functions(num_buckets * rows, seed)
    signatures = np.zeros((num_buckets * rows, len(shingles.counts)), np.uint32)
    ends = np.cumsum(shingles.counts)
    filled = np.flatnonzero(shingles.counts)
    starts = (ends - shingles.counts)[filled]
    for first, last in _blocks(starts, len(shingles.hashes)):
        low = starts[first]
        high = starts[last] if last < len(starts) else len(shingles.hashes)
        hashes = shingles.hashes[low:high]
        within = starts[first:last] - low
        values = np.empty_like(hashes)
        for place, multiplier in enumerate(multipliers):
            np.multiply(hashes, multiplier, out=values)  # an odd factor permutes the numbers modulo 2^32
            signatures[place, filled[first:last]] = np.minimum.reduceat(values, within)
    return fold(signatures, rows=rows, seed=seed)


def fold(signatures: np.ndarray, *, rows: int, seed: int) -> np.ndarray:
    """uint32 [num_buckets, N]: the band keys of signatures, uint32 [num_buckets * rows, N]."""
    _, weights = hash_functions(rows, seed)
    keys = np.zeros((len(signatures) // rows, signatures.shape[1]), np.uint64)
    for row in range(rows):
        keys = (keys + signatures[row::rows]) * weights[row]
        keys ^= keys >> np.uint64(31)
    return (keys >> np.uint64(32)).astype(np.uint32)


def _blocks(starts: np.ndarray, total: int) -> list[tuple[int, int]]:
    """Ranges of texts of about a block of shingles each."""
    bounds = [*np.searchsorted(starts, np.arange(0, total, _BLOCK)).tolist(), len(starts)]
    return [(low, high) for low, high in pairwise(bounds) if low < high]


@lru_cache(maxsize=4)
def hash_functions(num_hashes: int, seed: int) -> tuple[list[np.uint32], list[np.uint64]]:
    """(odd factors modulo 2^32, one a hash function; odd factors modulo 2^64 that fold a band)."""
    odd = [xxhash.xxh3_64_intdigest(f"{seed} {place}".encode()) | 1 for place in range(num_hashes)]
    return [np.uint32(factor >> 32 | 1) for factor in odd], [np.uint64(factor) for factor in odd]
