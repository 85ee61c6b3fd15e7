"""Finds the duplicates of a dump: taken-down documents and their copies, then exact, then near-duplicates."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.dedup.clusters import clusters
from fc_pipeline.corpus.dedup.duplicate_index import DuplicateIndex
from fc_pipeline.corpus.dedup.near_duplicates import drop_near_duplicates
from fc_pipeline.corpus.dedup.signed_documents import sign_documents
from fc_pipeline.corpus.dedup.taken_down import drop_taken_down
from fc_pipeline.corpus.dedup.verdicts import EXACT, KEPT, Verdicts
from fc_pipeline.executors.ordered_map import OrderedMap


def find_duplicates(
    documents: Iterable[dict[str, Any]],
    config: DedupConfig,
    *,
    before: Sequence[DuplicateIndex],
    taken_down: Sequence[DuplicateIndex],
    folder: Path,
    ordered_map: OrderedMap = map,
    report: Callable[[dict[str, Any]], None] | None = None,
) -> tuple[Verdicts, dict[int, str]]:
    """Returns what becomes of each document, and the clusters of those that have relatives.

    Args:
        documents: records, read once.
        before: what earlier dumps kept, in order.
        taken_down: what earlier dumps took down.
        folder: an empty one for half-done work; the verdicts read from it.
        ordered_map: how the signatures are computed (`Step.ordered_map`); by default in this process.
        report: takes live progress.
    """
    signed = sign_documents(documents, config, folder=folder, ordered_map=ordered_map, report=report)
    verdicts = Verdicts(signed, [*before, *taken_down])
    earlier = range(len(before), len(before) + len(taken_down))
    removed = signed.rows_of(config.removed)
    drop_taken_down(verdicts, removed, earlier=earlier, before=range(len(before)), config=config)
    drop_exact_duplicates(verdicts, num_before=len(before))
    first = _first_rows(signed.digests)
    rows = np.arange(len(signed))
    shingled = np.diff(signed.shingles.starts) > 0
    active = rows[(verdicts.reason == KEPT) & (first == rows) & shingled]
    links = drop_near_duplicates(verdicts, active, num_before=len(before), config=config)
    again = rows[(first != rows) & (verdicts.reason == KEPT)]
    verdicts.inherit(again, first[again])
    return verdicts, clusters(verdicts, links)


def drop_exact_duplicates(verdicts: Verdicts, *, num_before: int) -> None:
    """Drop what equals a kept document of an earlier dump."""
    for place, index in enumerate(verdicts.indexes[:num_before]):
        equal = index.equal(verdicts.documents.digests)
        rows = np.flatnonzero((equal >= 0) & (verdicts.reason == KEPT))
        verdicts.drop(rows, EXACT, place=place, number=equal[rows])


def _first_rows(digests: np.ndarray) -> np.ndarray:
    """int64 [N]: for each row of uint64 [N, 2] the first row that is equal to it; itself when it is the first."""
    if not len(digests):
        return np.empty(0, np.int64)
    order = np.lexsort((digests[:, 1], digests[:, 0]))  # stable: of equal ones the first comes first
    ranked = digests[order]
    new = np.concatenate(([True], (ranked[1:] != ranked[:-1]).any(axis=1)))
    first = np.empty(len(digests), np.int64)
    first[order] = order[np.flatnonzero(new)[np.cumsum(new) - 1]]
    return first
