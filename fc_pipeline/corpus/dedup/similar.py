"""What a text is nearly equal to, asked of the stored indexes of deduplicated dumps, by datasketch.

datasketch's `MinHash` makes the signature of the text, and its `MinHashLSH` finds the candidates. Ours are the
shingles, the multipliers of the hash functions, and the hash tables, which are the bands of the mapped index
(duplicate_index.py): nothing is loaded or built for a question. Every document's shingles are stored, so what is
shown is the true Jaccard similarity, and not the estimate of the signatures.

datasketch's scheme `affine32` mixes an element's hash by the finalizer of MurmurHash3 and applies a * h + b modulo
2^32, with odd a. Ours is a * h. The shingles are therefore unmixed first, and b is 0: the signatures are equal.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from fc_model.artifacts import Artifact, read_records, read_rows
from fc_model.errors import UserError
from fc_pipeline.corpus.dedup.duplicate_index import KEPT_PART, TAKEN_DOWN_PART, DuplicateIndex, lookup
from fc_pipeline.corpus.dedup.minhash import fold, hash_functions
from fc_pipeline.corpus.dedup.near_duplicates import jaccard
from fc_pipeline.corpus.dedup.shingles import shingle

KEPT = "kept"
_PARTS = {KEPT_PART: (KEPT, "documents"), TAKEN_DOWN_PART: ("taken_down", "dropped/taken_down")}
"""Part of the index -> what became of its documents, and the records in its order."""
_DUPLICATES = ("exact_duplicate", "near_duplicate")
_FINALIZER = (0x85EBCA6B, 0xC2B2AE35)
_INVERSES = tuple(np.uint32(pow(factor, -1, 1 << 32)) for factor in _FINALIZER)


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A document that resembles the text."""

    jaccard: float
    """True Jaccard similarity of the shingles."""
    id: str
    source: str
    licence: str
    dump: str
    state: str
    """`kept`, or why it was dropped: `exact_duplicate`, `near_duplicate`, `taken_down`."""
    duplicate_of: str | None = None


def find_similar(dumps: Mapping[str, Artifact], text: str, *, at_least: float, most: int) -> tuple[list[Hit], int]:
    """(the `most` documents most similar to the text, how many have at least this similarity).

    The duplicates that went because of a document that shares a band with the text are compared with it, too.

    Args:
        dumps: name -> deduplicated artifact, in the order in which they were made.

    Raises:
        UserError: the text has no shingles, or the index a single band.
    """
    candidates = {name: list(_candidates(dump, text)) for name, dump in dumps.items()}
    kept = {(name, one.id) for name, ones in candidates.items() for one in ones if one.part == KEPT_PART}
    hits = [hit for name, dump in dumps.items() for hit in _kept(name, dump, candidates[name], at_least)]
    hits += [hit for name, dump in dumps.items() for hit in _duplicates(name, dump, text, kept, at_least)]
    order = list(dumps)
    hits.sort(key=lambda hit: (-hit.jaccard, hit.duplicate_of is not None, order.index(hit.dump), hit.id))
    return hits[:most], len(hits)


def detection_odds(dump: Artifact, similarity: float) -> float:
    """The probability that a document of this similarity shares a band with the text, and so is compared with it."""
    settings = DuplicateIndex(dump, KEPT_PART, "").settings
    return 1 - (1 - similarity ** settings["hashes_per_bucket"]) ** settings["num_buckets"]


def query(index: DuplicateIndex, shingles: np.ndarray) -> list[int]:
    """The documents of the index that share a band with a text of these shingles, ascending."""
    from datasketch import MinHashLSH

    bands, rows, seed = (index.settings[name] for name in ("num_buckets", "hashes_per_bucket", "seed"))
    if bands == 1:
        raise UserError("similar: datasketch asks for two bands or more, and num_buckets of this corpus is 1")
    compress = partial(_fold_band, rows=rows, seed=seed)
    lsh = MinHashLSH(num_perm=bands * rows, params=(bands, rows), hashfunc=compress)
    lsh.hashtables = [_Band(index.band(number)) for number in range(bands)]
    return sorted(lsh.query(sketch(shingles, num_perm=bands * rows, seed=seed)))


def sketch(shingles: np.ndarray, *, num_perm: int, seed: int) -> Any:
    """datasketch's MinHash of a set of shingles (uint32), with the hash functions of the index."""
    from datasketch import MinHash

    multipliers = np.array(hash_functions(num_perm, seed)[0])
    permutations = np.array([multipliers, np.zeros_like(multipliers)])
    minhash = MinHash(num_perm=num_perm, seed=seed, hashfunc=int, permutations=permutations, scheme="affine32")
    minhash.update_batch(_unmixed(shingles))
    return minhash


class _Band:
    """A band of the mapped index, as one of the hash tables that datasketch's LSH reads."""

    def __init__(self, entries: np.ndarray) -> None:
        self._entries = entries

    def get(self, key: np.ndarray) -> list[int]:
        _, numbers = lookup(key, self._entries, np.array([len(self._entries)]))
        return numbers.tolist()


def _fold_band(values: bytes, *, rows: int, seed: int) -> np.ndarray:
    """uint32 [1]: the index's key of a band, from its hash values as datasketch writes them, in big-endian."""
    signature = np.frombuffer(values, ">u4").astype(np.uint32).reshape(rows, 1)
    return fold(signature, rows=rows, seed=seed)[0]


def _unmixed(hashes: np.ndarray) -> np.ndarray:
    """The uint32 numbers that MurmurHash3's finalizer (fmix32) maps to these."""
    first, second = _INVERSES
    hashes = hashes ^ (hashes >> np.uint32(16))
    hashes = hashes * second
    hashes = hashes ^ (hashes >> np.uint32(13)) ^ (hashes >> np.uint32(26))
    hashes = hashes * first
    return hashes ^ (hashes >> np.uint32(16))


class _Candidate(NamedTuple):
    """A document of an index that shares a band with the text."""

    part: str
    row: int
    id: str
    jaccard: float


def _candidates(dump: Artifact, text: str) -> Iterator[_Candidate]:
    for part in _PARTS:
        index = DuplicateIndex(dump, part, "")
        ngram = index.settings["ngram"]
        shingles = _hashes(text, ngram)
        if not len(shingles):
            raise UserError(
                f"similar: the text has fewer than {ngram} words, and documents are compared by {ngram} words in a row"
            )
        for row in query(index, shingles):
            yield _Candidate(part, row, index.name(row), jaccard(shingles, index.shingles.row(row)))


def _kept(name: str, dump: Artifact, candidates: list[_Candidate], at_least: float) -> Iterator[Hit]:
    """Those of the candidates that are similar enough, kept and taken down; their records are read."""
    for part, (state, file) in _PARTS.items():
        similar = {one.row: one.jaccard for one in candidates if one.part == part and one.jaccard >= at_least}
        for row, record in read_rows(dump.path(f"{file}.jsonl.zst"), similar) if similar else ():
            yield _hit(record, similar[row], name, state)


def _duplicates(name: str, dump: Artifact, text: str, kept: set[tuple[str, str]], at_least: float) -> Iterator[Hit]:
    """What this dump dropped because of one of these documents (dump, id)."""
    notes = read_records(dump.path("duplicates.jsonl.zst")) if kept else ()
    wanted = {note["id"] for note in notes if (note["dump"] or name, note["duplicate_of"]) in kept}
    ngram = DuplicateIndex(dump, KEPT_PART, "").settings["ngram"]
    shingles = _hashes(text, ngram)
    for reason in _DUPLICATES:
        path = f"dropped/{reason}.jsonl.zst"
        if wanted and any(entry.path == path for entry in dump.manifest.files):
            for record in read_records(dump.path(path)):
                if record["id"] in wanted:
                    similarity = jaccard(shingles, _hashes(record["text"], ngram))
                    if similarity >= at_least:
                        yield _hit(record, similarity, name, reason)


def _hit(record: dict[str, Any], similarity: float, dump: str, state: str) -> Hit:
    about = {name: record[name] for name in ("id", "source", "licence")}
    duplicate_of = record["duplicate_of"] if state in _DUPLICATES else None
    return Hit(jaccard=similarity, dump=dump, state=state, duplicate_of=duplicate_of, **about)


def _hashes(text: str, ngram: int) -> np.ndarray:
    """uint32, sorted."""
    return shingle([text], ngram=ngram).hashes
