"""The report on duplicates: how many and how large their groups are, between which sources, and what they look like."""

import hashlib
import heapq
from collections import Counter
from typing import Any

import numpy as np

from fc_pipeline.corpus.dedup.verdicts import EXACT, NEAR, REASONS, Verdicts

_LARGEST = 20
_MEMBERS = 20
_EXCERPT_CHARS = 400
_BINS = 20


class ClusterReport:
    """A group is a kept document with the exact and near-duplicates of this dump that went because of it."""

    def __init__(self, verdicts: Verdicts, *, num_samples: int) -> None:
        self._verdicts = verdicts
        self._rows = np.flatnonzero((verdicts.reason == EXACT) | (verdicts.reason == NEAR))
        near = np.flatnonzero(verdicts.reason == NEAR)
        # The samples are those with the smallest hashes: a fair draw that is the same in every run.
        ranked = ((hashlib.sha256(verdicts.documents.ids.row(row).tobytes()).digest(), row) for row in near.tolist())
        self._samples = sorted(row for _, row in heapq.nsmallest(num_samples, ranked))
        originals = {int(verdicts.number[row]) for row in self._samples if verdicts.place[row] == verdicts.own}
        self._excerpts: dict[int, str] = dict.fromkeys([*self._samples, *originals], "")

    def see(self, row: int, text: str) -> None:
        """To be called with each document; keeps the beginning of those that are shown."""
        if row in self._excerpts:
            self._excerpts[row] = text[:_EXCERPT_CHARS]

    def report(self) -> dict[str, Any]:
        """{"groups", "sizes": {"2": n, "3-4": n, "5-8": n, ...}, "jaccard": {"0.80": n, ...}, "by_source": [...],
        "largest": [...], "samples": [...]}; excerpts of documents of earlier dumps are null: they are not read.
        """
        keys = self._verdicts.place[self._rows].astype(np.uint64) << np.uint64(32) | self._verdicts.number[self._rows]
        groups, sizes = np.unique(keys, return_counts=True)
        largest = np.lexsort((groups, -sizes))[:_LARGEST]
        near = self._verdicts.jaccard[self._verdicts.reason == NEAR]
        bins = Counter(np.minimum(near * _BINS + 1e-9, _BINS - 1).astype(int).tolist())
        return {
            "groups": len(groups),
            "sizes": _histogram(sizes + 1),
            "jaccard": {f"{number / _BINS:.2f}": count for number, count in sorted(bins.items())},
            "by_source": self._by_source(),
            "largest": [self._group(self._rows[keys == groups[place]]) for place in largest],
            "samples": [self._sample(row) for row in self._samples],
        }

    def _by_source(self) -> list[dict[str, Any]]:
        pairs: Counter[tuple[str, str, str]] = Counter()
        for row in self._rows.tolist():
            reason = REASONS[self._verdicts.reason[row]]
            pairs[self._verdicts.documents.source(row), self._verdicts.original(row).source, reason] += 1
        return [
            {"source": source, "duplicate_of": original, "reason": reason, "documents": count}
            for (source, original, reason), count in sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
        ]

    def _group(self, rows: np.ndarray) -> dict[str, Any]:
        original = self._verdicts.original(int(rows[0]))
        members = [self._member(row) for row in rows[:_MEMBERS].tolist()]
        return {"size": len(rows) + 1, **original._asdict(), "members": members}

    def _member(self, row: int) -> dict[str, Any]:
        documents, jaccard = self._verdicts.documents, round(float(self._verdicts.jaccard[row]), 4)
        return {"id": documents.ids.text(row), "source": documents.source(row), "jaccard": jaccard}

    def _sample(self, row: int) -> dict[str, Any]:
        own = self._verdicts.place[row] == self._verdicts.own
        excerpt = self._excerpts[int(self._verdicts.number[row])] if own else None
        return {
            **self._member(row),
            "excerpt": self._excerpts[row],
            "duplicate_of": {**self._verdicts.original(row)._asdict(), "excerpt": excerpt},
        }


def _histogram(sizes: np.ndarray) -> dict[str, int]:
    """Number of groups by size, in ranges that double."""
    bits = Counter((int(size) - 1).bit_length() for size in sizes)
    return {"2" if bit == 1 else f"{2 ** (bit - 1) + 1}-{2**bit}": bits[bit] for bit in sorted(bits)}
