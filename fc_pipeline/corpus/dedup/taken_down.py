"""Documents that were taken down, and all their copies: exact or near, before or after them, also in later dumps."""

from collections.abc import Iterator, Sequence

import numpy as np

from fc_model.errors import UserError
from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.dedup.duplicate_index import DuplicateIndex, lookup, packed
from fc_pipeline.corpus.dedup.near_duplicates import jaccard
from fc_pipeline.corpus.dedup.ragged import RaggedFile
from fc_pipeline.corpus.dedup.verdicts import COPY, KEPT, TAKEN_DOWN, Verdicts


def drop_taken_down(
    verdicts: Verdicts, removed: np.ndarray, *, earlier: Sequence[int], before: Sequence[int], config: DedupConfig
) -> None:
    """Drop the rows `removed` and what is a copy of them, or of a document that an earlier dump took down.

    Args:
        removed: rows of this dump that are named in the config.
        earlier: places of the indexes of what earlier dumps took down.
        before: places of the indexes of what earlier dumps kept.

    Raises:
        UserError: an earlier dump keeps a copy of a removed document: it would stay in the corpus.
    """
    for place in before:
        for row, number, _ in _resembling(verdicts, verdicts.indexes[place], removed, config):
            index = verdicts.indexes[place]
            raise UserError(
                f"{verdicts.documents.ids.text(row)} is taken down, but dump {index.dump} keeps its copy "
                f"{index.name(number)}; add that id to `removed` too"
            )
    everything = np.arange(len(verdicts.documents))
    for place in earlier:
        for row, number, similarity in _resembling(verdicts, verdicts.indexes[place], everything, config):
            verdicts.drop(row, COPY, place=place, number=number, jaccard=similarity)
    for row, number, similarity in _copies_within(verdicts, removed, config):
        verdicts.drop(row, COPY, place=verdicts.own, number=number, jaccard=similarity)
    verdicts.drop(removed, TAKEN_DOWN, place=verdicts.own, number=removed.astype(np.uint32))


def _resembling(
    verdicts: Verdicts, index: DuplicateIndex, rows: np.ndarray, config: DedupConfig
) -> Iterator[tuple[int, int, float]]:
    """(row, document of the index, Jaccard similarity) of every copy among these rows."""
    documents = verdicts.documents
    equal = index.equal(documents.digests[rows])
    yield from ((int(row), int(number), 1.0) for row, number in zip(rows, equal, strict=True) if number >= 0)
    bands = (index.band(band) for band in range(config.num_buckets))
    yield from _similar(verdicts, bands, index.shingles, rows, config)


def _copies_within(verdicts: Verdicts, removed: np.ndarray, config: DedupConfig) -> Iterator[tuple[int, int, float]]:
    documents = verdicts.documents
    by_digest = {documents.digests[row].tobytes(): row for row in removed.tolist()[::-1]}
    if by_digest:
        for row, digest in enumerate(documents.digests):
            if (original := by_digest.get(digest.tobytes())) is not None:
                yield row, original, 1.0
        shingled = removed[np.diff(documents.shingles.starts)[removed] > 0]
        bands = (packed(documents.band(band)[shingled], shingled) for band in range(config.num_buckets))
        everything = np.arange(len(documents))
        yield from _similar(verdicts, bands, documents.shingles, everything, config)


def _similar(
    verdicts: Verdicts, bands: Iterator[np.ndarray], others: RaggedFile, rows: np.ndarray, config: DedupConfig
) -> Iterator[tuple[int, int, float]]:
    documents = verdicts.documents
    rows = rows[np.diff(documents.shingles.starts)[rows] > 0]
    pairs: set[tuple[int, int]] = set()
    unlimited = np.full(len(rows), np.iinfo(np.int64).max)
    for band, entries in enumerate(bands):
        place, number = lookup(documents.band(band)[rows], entries, unlimited)
        pairs.update(zip(rows[place].tolist(), number.tolist(), strict=True))
    for mine, theirs in sorted(pairs):
        if verdicts.reason[mine] == KEPT:
            similarity = jaccard(documents.shingles.row(mine), others.row(theirs))
            if similarity >= config.jaccard:
                yield mine, theirs, similarity
