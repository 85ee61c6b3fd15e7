"""The stored index of a deduplicated dump: what later dumps need of its documents, without the documents.

`index.bin` holds the kept documents, `taken_down.bin` those that were taken down. Their N documents are numbered from
0 in the order of the dump. The `.json` beside each says where its sections begin (bytes) and how many numbers each
has, with the settings of the hashes, in which dumps must agree, and the names of the sources. All is little-endian:

| section | content |
|---|---|
| `bands` | uint64, for each band the documents with shingles, sorted: upper half key, lower half document |
| `digests` | uint64 [2][N]: upper and lower halves of the digests for exact duplicates, sorted |
| `digest_documents` | uint32 [N]: the document of each digest |
| `shingles`, `shingle_starts` | uint32 hashes of each document, sorted; int64 [N + 1] where each begins |
| `names`, `name_starts` | UTF-8 ids of the N documents, then clusters of earlier dumps; int64 where each begins |
| `clusters` | uint32 [N]: place of the cluster's name among the names |
| `sources` | uint16 [N]: place of the source among the names in the `.json` |

A document takes 8 bytes a band, 42 bytes, its id, and 4 bytes a shingle: with 20 bands and 350 shingles about 1.6 kB.
Readers map the file and look up; ids and shingles are read where they are needed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np

from fc_model.artifacts import Artifact, ArtifactWriter
from fc_model.errors import UserError
from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.dedup.ragged import RaggedFile, mapped, starts_of
from fc_pipeline.corpus.dedup.signed_documents import SignedDocuments

KEPT_PART, TAKEN_DOWN_PART = "index", "taken_down"
_VERSION = 1
_ALIGNMENT = 8
_ROWS_PER_READ = 1 << 12
_SECTIONS = {
    "bands": "<u8",
    "digests": "<u8",
    "digest_documents": "<u4",
    "shingles": "<u4",
    "shingle_starts": "<i8",
    "names": "u1",
    "name_starts": "<i8",
    "clusters": "<u4",
    "sources": "<u2",
}
"""Name -> type of its numbers."""
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


class DuplicateIndex:
    """One of the two files of a deduplicated dump, mapped."""

    def __init__(self, artifact: Artifact, part: str, dump: str) -> None:
        self.dump = dump
        about = json.loads(artifact.path(f"{part}.json").read_text("utf-8"))
        self.settings: dict[str, Any] = about["settings"]
        self._sources: list[str] = about["sources"]
        path, sections = artifact.path(f"{part}.bin"), about["sections"]

        def numbers(name: str) -> np.ndarray:
            return mapped(path, _SECTIONS[name], **sections[name])

        def ragged(name: str, starts: str) -> RaggedFile:
            return RaggedFile(path, numbers(starts), _SECTIONS[name], offset=sections[name]["offset"])

        self._bands = numbers("bands").reshape(self.settings["num_buckets"], -1)
        self._digests = numbers("digests").reshape(2, -1)
        self._digest_documents = numbers("digest_documents")
        self._names = ragged("names", "name_starts")
        self._clusters = numbers("clusters")
        self._source_of = numbers("sources")
        self.shingles = ragged("shingles", "shingle_starts")

    def __len__(self) -> int:
        return len(self._clusters)

    def name(self, document: int) -> str:
        return self._names.text(document)

    def cluster(self, document: int) -> str:
        return self._names.text(int(self._clusters[document]))

    def source(self, document: int) -> str:
        return self._sources[self._source_of[document]]

    def band(self, number: int) -> np.ndarray:
        """uint64, sorted: key in the upper half, document in the lower."""
        return self._bands[number]

    def equal(self, digests: np.ndarray) -> np.ndarray:
        """int64: for each digest the document that has it, -1 where none has."""
        if not len(self):
            return np.full(len(digests), -1, np.int64)
        upper, lower = self._digests
        place = np.minimum(np.searchsorted(upper, digests[:, 0]), len(upper) - 1)
        equal = (upper[place] == digests[:, 0]) & (lower[place] == digests[:, 1])
        return np.where(equal, self._digest_documents[place].astype(np.int64), -1)


def open_index(artifact: Artifact, part: str, *, dump: str, config: DedupConfig) -> DuplicateIndex:
    """Raises UserError when its hashes are of other settings, so that nothing would ever match."""
    index = DuplicateIndex(artifact, part, dump)
    if index.settings != _settings(config):
        raise UserError(
            f"{artifact.key}: its index was made with {_words(index.settings)}, this dump is deduplicated with "
            f"{_words(_settings(config))}; use the same settings for all dumps"
        )
    return index


def write_index(
    out: ArtifactWriter,
    part: str,
    documents: SignedDocuments,
    rows: np.ndarray,
    *,
    clusters: Mapping[int, str],
    config: DedupConfig,
) -> None:
    """Write the documents of these rows (ascending). `clusters` names the cluster of each that has relatives."""
    number = np.zeros(len(documents), np.uint64)
    number[rows] = np.arange(len(rows), dtype=np.uint64)
    counts = np.diff(documents.shingles.starts)
    shingled = rows[counts[rows] > 0]
    digests = documents.digests[rows]
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    cluster, others = _cluster_names(documents, rows, clusters)
    id_lengths = [np.diff(documents.ids.starts)[rows], [len(name.encode()) for name in others]]
    content: dict[str, Iterable[np.ndarray]] = {
        "bands": (packed(documents.band(band)[shingled], number[shingled]) for band in range(config.num_buckets)),
        "digests": [digests[order].T],
        "digest_documents": [order],
        "shingles": _copied(documents.shingles, rows),
        "shingle_starts": [starts_of(counts[rows])],
        "names": chain(_copied(documents.ids, rows), [np.frombuffer("".join(others).encode(), np.uint8)]),
        "name_starts": [starts_of(np.concatenate(id_lengths).astype(np.int64))],
        "clusters": [cluster],
        "sources": [documents.source_of[rows]],
    }
    sections = {}
    with out.open(f"{part}.bin") as file:
        for name, arrays in content.items():
            file.write(bytes(-file.tell() % _ALIGNMENT))
            offset = file.tell()
            for array in arrays:
                file.write(array.astype(_SECTIONS[name]).tobytes())
            count = (file.tell() - offset) // np.dtype(_SECTIONS[name]).itemsize
            sections[name] = {"offset": offset, "count": count}
    about = {
        "version": _VERSION,
        "settings": _settings(config),
        "documents": len(rows),
        "sources": documents.sources,
        "sections": sections,
    }
    out.write_text(f"{part}.json", json.dumps(about, indent=1, ensure_ascii=False) + "\n")


def packed(keys: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """uint64, sorted: 32-bit key in the upper half, number in the lower."""
    both = keys.astype("<u8") << _SHIFT | numbers.astype("<u8")
    both.sort()
    return both


def unpacked(both: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(uint32 keys, uint32 numbers), from what `packed` has packed."""
    return (both >> _SHIFT).astype(np.uint32), (both & _LOW).astype(np.uint32)


def lookup(keys: np.ndarray, band: np.ndarray, limit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(place in `keys`, number) of each equal key of a sorted band, the lowest `limit[place]` numbers of each key.

    `keys` are uint32; sorted ones are found faster.
    """
    wanted = keys.astype(np.uint64) << _SHIFT
    low = np.searchsorted(band, wanted)
    count = np.minimum(np.searchsorted(band, wanted | _LOW, side="right") - low, limit)
    place = np.repeat(np.arange(len(keys)), count)
    within = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    return place, unpacked(band[low[place] + within])[1]


def _cluster_names(
    documents: SignedDocuments, rows: np.ndarray, clusters: Mapping[int, str]
) -> tuple[np.ndarray, list[str]]:
    """(for each row the place of its cluster among the ids of the rows and these names; the names)."""
    named = [(number, clusters[row]) for number, row in enumerate(rows.tolist()) if row in clusters]
    place = {documents.ids.text(int(rows[number])): number for number, _ in named}
    others = sorted({name for _, name in named} - set(place))
    place |= {name: len(rows) + extra for extra, name in enumerate(others)}
    cluster = np.arange(len(rows))
    for number, name in named:
        cluster[number] = place[name]
    return cluster, others


def _copied(source: RaggedFile, rows: np.ndarray) -> Iterator[np.ndarray]:
    """These rows of a ragged file, block by block."""
    chosen = np.zeros(len(source), bool)
    chosen[rows] = True
    for first in range(0, len(source), _ROWS_PER_READ):
        last = min(first + _ROWS_PER_READ, len(source))
        lengths = np.diff(source.starts[first : last + 1])
        yield source.rows(first, last)[np.repeat(chosen[first:last], lengths)]


def _settings(config: DedupConfig) -> dict[str, Any]:
    return config.model_dump(include={"ngram", "num_buckets", "hashes_per_bucket", "seed"})


def _words(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())
