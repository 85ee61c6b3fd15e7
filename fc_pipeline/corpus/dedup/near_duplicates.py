"""Decides, by the true Jaccard similarity of their shingles, which documents are near-duplicates of kept ones.

Documents are taken in order. Each is compared with the kept documents that share a band with it, first those of
earlier dumps, then those of this one; it goes if it is similar enough to one of them, and stays otherwise. So every
removed document has a kept one that it truly resembles, chains of small differences remove nothing, and what is kept
of a dump depends on what was kept before it alone: two dumps in turn give what both at once would give.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.dedup.duplicate_index import DuplicateIndex, lookup, packed, unpacked
from fc_pipeline.corpus.dedup.ragged import RaggedFile, ranges
from fc_pipeline.corpus.dedup.signed_documents import SignedDocuments
from fc_pipeline.corpus.dedup.verdicts import NEAR, Verdicts


def jaccard(first: np.ndarray, second: np.ndarray) -> float:
    """|A and B| / |A or B| of two arrays of unique hashes; 0 for two empty ones."""
    total = len(first) + len(second)
    if total == 0:
        return 0.0
    both = np.concatenate((first, second))
    both.sort()
    common = int(np.count_nonzero(both[1:] == both[:-1]))
    return common / (total - common)


@dataclass
class Link:
    """A kept document and a kept one that it resembles, but is no duplicate of."""

    row: int
    place: int
    number: int
    jaccard: float


@dataclass
class _Buckets:
    """The documents of this dump that share a band with others of it: who is in which bucket.

    A bucket is a run of equal keys of one band; `members` has room for all of a bucket's kept documents.
    """

    rows: np.ndarray
    """uint32, sorted: a row once for each of its buckets."""
    buckets: np.ndarray
    starts: np.ndarray
    """Where a bucket begins in `members`."""
    room: np.ndarray
    """Kept documents that a bucket may still take."""
    members: np.ndarray = field(init=False)
    filled: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.members = np.zeros(len(self.rows), np.uint32)
        self.filled = np.zeros(len(self.starts), np.int64)

    def kept_in(self, buckets: np.ndarray) -> list[np.ndarray]:
        filled = self.filled[buckets]
        return [
            self.members[start : start + count]
            for start, count in zip(self.starts[buckets].tolist(), filled.tolist(), strict=True)
            if count
        ]

    def keep(self, row: int, buckets: np.ndarray) -> None:
        buckets = buckets[self.filled[buckets] < self.room[buckets]]
        self.members[self.starts[buckets] + self.filled[buckets]] = row
        self.filled[buckets] += 1


def drop_near_duplicates(verdicts: Verdicts, active: np.ndarray, *, num_before: int, config: DedupConfig) -> list[Link]:
    """Drop the near-duplicates among the rows `active` (ascending, with shingles); returns the weaker resemblances.

    They are compared with each other and with the first `num_before` of the verdicts' indexes.
    """
    documents, own = verdicts.documents, verdicts.own
    earlier_rows, earlier, buckets = _candidates(documents, verdicts.indexes[:num_before], active, config)
    collections = [*(index.shingles for index in verdicts.indexes), documents.shingles]
    links = []
    rows = np.union1d(earlier_rows, buckets.rows)
    for row, (old_low, old_high), (low, high) in zip(
        rows.tolist(), _slices(earlier_rows, rows), _slices(buckets.rows, rows), strict=True
    ):
        mine = buckets.buckets[low:high]
        candidates = earlier[old_low:old_high].tolist()
        if inside := buckets.kept_in(mine):
            candidates += (np.unique(np.concatenate(inside)).astype(np.uint64) | np.uint64(own << 32)).tolist()
        best, similar = 0.0, []
        if candidates:
            shingles = documents.shingles.row(row)
            for candidate in candidates:
                place, number = candidate >> 32, candidate & 0xFFFFFFFF
                similarity = _similarity(shingles, collections[place], number, at_least=config.related)
                if similarity > best:
                    best, original = similarity, (place, number)
                if similarity >= config.related:
                    similar.append(Link(row, place, number, similarity))
        if best >= config.jaccard:
            verdicts.drop(row, NEAR, place=original[0], number=original[1], jaccard=best)
        else:
            buckets.keep(row, mine)
            links += similar
    return links


def _similarity(shingles: np.ndarray, others: RaggedFile, number: int, *, at_least: float) -> float:
    """Jaccard similarity, or 0 where the numbers of shingles alone say that it is below `at_least`."""
    count = int(others.starts[number + 1] - others.starts[number])
    if min(count, len(shingles)) < at_least * max(count, len(shingles)):
        return 0.0
    return jaccard(shingles, others.row(number))


def _candidates(
    documents: SignedDocuments, indexes: Sequence[DuplicateIndex], active: np.ndarray, config: DedupConfig
) -> tuple[np.ndarray, np.ndarray, _Buckets]:
    """(rows, ascending; for each `place << 32 | number` of an earlier document; buckets within this dump)."""
    rows, others = [np.empty(0, np.uint32)], [np.empty(0, np.uint64)]
    bucket_rows, buckets, sizes, room = [], [], [], []
    num_buckets = 0
    for band in range(config.num_buckets):
        keys = documents.band(band)[active]
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        firsts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))[: len(keys)])
        size = np.diff(np.append(firsts, len(keys)))
        left = np.full(len(firsts), config.max_bucket)
        for place, index in enumerate(indexes):
            key, number = lookup(keys[firsts], index.band(band), left)
            left = left - np.bincount(key, minlength=len(firsts))
            rows.append(active[order[ranges(firsts[key], size[key])]].astype(np.uint32))
            others.append(np.repeat(number.astype(np.uint64) | np.uint64(place << 32), size[key]))
        several = np.flatnonzero(size > 1)
        bucket_rows.append(active[order[ranges(firsts[several], size[several])]])
        buckets.append(np.repeat(num_buckets + np.arange(len(several)), size[several]))
        sizes.append(size[several])
        room.append(left[several])
        num_buckets += len(several)
    row_of, bucket_of = unpacked(packed(np.concatenate(bucket_rows), np.concatenate(buckets)))
    starts = np.cumsum(np.concatenate([[0], *sizes]))[:-1]
    shared = _Buckets(row_of, bucket_of, starts, np.concatenate(room))
    return *_distinct(np.concatenate(rows), np.concatenate(others)), shared


def _distinct(rows: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pairs sorted, each once."""
    order = np.lexsort((others, rows))
    rows, others = rows[order], others[order]
    new = np.concatenate(([True], (rows[1:] != rows[:-1]) | (others[1:] != others[:-1])))[: len(rows)]
    return rows[new], others[new]


def _slices(sorted_rows: np.ndarray, rows: np.ndarray) -> Iterator[tuple[int, int]]:
    """For each of `rows`, from where to where it stands in `sorted_rows`."""
    low, high = (np.searchsorted(sorted_rows, rows, side=side) for side in ("left", "right"))
    yield from zip(low.tolist(), high.tolist(), strict=True)
