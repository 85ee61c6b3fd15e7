"""What becomes of each document of a dump, and because of which other one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fc_pipeline.corpus.dedup.duplicate_index import DuplicateIndex
from fc_pipeline.corpus.dedup.signed_documents import SignedDocuments

KEPT, EXACT, NEAR, TAKEN_DOWN, COPY = range(5)
REASONS = ("kept", "exact_duplicate", "near_duplicate", "taken_down", "taken_down_copy")


class Original(NamedTuple):
    """The document because of which another one goes."""

    id: str
    dump: str | None
    """None: the dump that is being deduplicated."""
    source: str


class Verdicts:
    """One for each row of a dump; every document is kept until it is dropped."""

    def __init__(self, documents: SignedDocuments, indexes: Sequence[DuplicateIndex]) -> None:
        self.documents = documents
        self.indexes = indexes
        self.reason = np.full(len(documents), KEPT, np.uint8)
        """Place in REASONS."""
        self.place = np.full(len(documents), len(indexes), np.int16)
        """Where the original is: place in `indexes`; behind them, this dump."""
        self.number = np.arange(len(documents), dtype=np.uint32)
        """Row or document number of the original there."""
        self.jaccard = np.ones(len(documents))

    @property
    def own(self) -> int:
        """The `place` of this dump."""
        return len(self.indexes)

    def drop(
        self,
        rows: np.ndarray | int,
        reason: int,
        *,
        place: int | np.ndarray,
        number: np.ndarray | int,
        jaccard: float | np.ndarray = 1.0,
    ) -> None:
        self.reason[rows] = reason
        self.place[rows] = place
        self.number[rows] = number
        self.jaccard[rows] = jaccard

    def inherit(self, rows: np.ndarray, firsts: np.ndarray) -> None:
        """Rows that equal an earlier one share its fate, or are its exact duplicates if it is kept."""
        for values in (self.reason, self.place, self.number, self.jaccard):
            values[rows] = values[firsts]
        kept = rows[self.reason[rows] == KEPT]
        self.reason[kept] = EXACT

    def original(self, row: int) -> Original:
        place, number = int(self.place[row]), int(self.number[row])
        if place == self.own:
            return Original(self.documents.ids.text(number), None, self.documents.source(number))
        index = self.indexes[place]
        return Original(index.name(number), index.dump, index.source(number))
