"""The stored index of a deduplicated dump: what later dumps need of its documents, without the documents.

Folder `index/` of the artifact holds the kept documents, `taken_down/` those that were taken down. Their N documents
are numbered from 0 in the order of the dump. All numbers are little-endian:

| file | content |
|---|---|
| `index.json` | version, the settings of the hashes (dumps must agree in them), documents, names of the sources |
| `bands.bin` | uint64, for each band the documents with shingles, sorted: upper half key, lower half document |
| `digests.bin` | uint64 [2][N]: upper and lower halves of the digests for exact duplicates, sorted |
| `digest_documents.bin` | uint32 [N]: the document of each digest |
| `shingles.bin`, `shingle_starts.bin` | uint32 hashes of each document, sorted; int64 [N + 1] where each begins |
| `names.bin`, `name_starts.bin` | UTF-8 ids of the N documents, then clusters of earlier dumps; int64 starts |
| `clusters.bin` | uint32 [N]: place of the cluster's name among the names |
| `sources.bin` | uint16 [N]: place of the source in index.json |

A document takes 8 bytes a band, 42 bytes, its id, and 4 bytes a shingle: with 20 bands and 350 shingles about 1.6 kB.
Everything but the sorting of one band at a time is written in one pass; readers map the files and look up.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from fc_model.artifacts import Artifact, ArtifactWriter
from fc_model.errors import UserError
from fc_pipeline.text.config import DedupConfig
from fc_pipeline.text.ragged import RaggedFile, mapped, starts_of
from fc_pipeline.text.signed_documents import SignedDocuments

KEPT_PART, TAKEN_DOWN_PART = "index", "taken_down"
_VERSION = 1
_ROWS_PER_READ = 1 << 12
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


class DuplicateIndex:
    """One of the two folders of a deduplicated dump, mapped."""

    def __init__(self, artifact: Artifact, part: str, dump: str) -> None:
        self.dump = dump
        about = json.loads(artifact.path(f"{part}/index.json").read_text("utf-8"))
        self.settings: dict[str, Any] = about["settings"]
        self._sources: list[str] = about["sources"]
        path = lambda name: artifact.path(f"{part}/{name}.bin")  # noqa: E731
        self._bands = mapped(path("bands"), "<u8").reshape(self.settings["num_buckets"], -1)
        self._digests = mapped(path("digests"), "<u8").reshape(2, -1)
        self._digest_documents = mapped(path("digest_documents"), "<u4")
        self._names = RaggedFile(path("names"), mapped(path("name_starts"), "<i8"), "u1")
        self._clusters = mapped(path("clusters"), "<u4")
        self._source_of = mapped(path("sources"), "<u2")
        self.shingles = RaggedFile(path("shingles"), mapped(path("shingle_starts"), "<i8"), "<u4")

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
        found = np.full(len(digests), -1, np.int64)
        if len(self):
            upper, lower = self._digests
            place = np.minimum(np.searchsorted(upper, digests[:, 0]), len(upper) - 1)
            hit = (upper[place] == digests[:, 0]) & (lower[place] == digests[:, 1])
            found[hit] = self._digest_documents[place[hit]]
        return found


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
    about = {"version": _VERSION, "settings": _settings(config), "documents": len(rows), "sources": documents.sources}
    out.write_text(f"{part}/index.json", json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    number = np.zeros(len(documents), np.uint64)
    number[rows] = np.arange(len(rows), dtype=np.uint64)
    counts = np.diff(documents.shingles.starts)
    shingled = rows[counts[rows] > 0]
    with out.open(f"{part}/bands.bin") as file:
        for band in range(config.num_buckets):
            file.write(packed(documents.band(band)[shingled], number[shingled]).tobytes())
    digests = documents.digests[rows]
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    _write(out, f"{part}/digests", digests[order].T)
    _write(out, f"{part}/digest_documents", order.astype("<u4"))
    with out.open(f"{part}/shingles.bin") as file:
        _copy_rows(documents.shingles, rows, file)
    _write(out, f"{part}/shingle_starts", starts_of(counts[rows]))
    _write(out, f"{part}/sources", documents.source_of[rows].astype("<u2"))
    _write_names(out, part, documents, rows, number, clusters)


def packed(keys: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """uint64, sorted: 32-bit key in the upper half, number in the lower."""
    both = keys.astype("<u8") << _SHIFT | numbers.astype("<u8")
    both.sort()
    return both


def lookup(keys: np.ndarray, band: np.ndarray, limit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(place in `keys`, number) of each equal key of a sorted band, the lowest `limit[place]` numbers of each key.

    `keys` are uint32; sorted ones are found faster.
    """
    wanted = keys.astype(np.uint64) << _SHIFT
    low = np.searchsorted(band, wanted)
    count = np.minimum(np.searchsorted(band, wanted | _LOW, side="right") - low, limit)
    place = np.repeat(np.arange(len(keys)), count)
    within = np.arange(len(place)) - np.repeat(np.cumsum(count) - count, count)
    return place, (band[low[place] + within] & _LOW).astype(np.uint32)


def _write_names(
    out: ArtifactWriter,
    part: str,
    documents: SignedDocuments,
    rows: np.ndarray,
    number: np.ndarray,
    clusters: Mapping[int, str],
) -> None:
    own = {documents.ids.text(row): int(number[row]) for row in rows.tolist() if row in clusters}
    others = sorted({clusters[row] for row in rows.tolist() if row in clusters} - set(own))
    place = own | {name: len(rows) + extra for extra, name in enumerate(others)}
    cluster = np.arange(len(rows), dtype="<u4")
    for row in rows.tolist():
        if row in clusters:
            cluster[int(number[row])] = place[clusters[row]]
    _write(out, f"{part}/clusters", cluster)
    with out.open(f"{part}/names.bin") as file:
        _copy_rows(documents.ids, rows, file)
        for name in others:
            file.write(name.encode())
    lengths = [np.diff(documents.ids.starts)[rows], [len(name.encode()) for name in others]]
    _write(out, f"{part}/name_starts", starts_of(np.concatenate(lengths).astype(np.int64)))


def _copy_rows(source: RaggedFile, rows: np.ndarray, file: Any) -> None:
    """Append these rows of a ragged file, block by block."""
    chosen = np.zeros(len(source), bool)
    chosen[rows] = True
    for first in range(0, len(source), _ROWS_PER_READ):
        last = min(first + _ROWS_PER_READ, len(source))
        lengths = np.diff(source.starts[first : last + 1])
        file.write(source.rows(first, last)[np.repeat(chosen[first:last], lengths)].tobytes())


def _write(out: ArtifactWriter, name: str, numbers: np.ndarray) -> None:
    with out.open(f"{name}.bin") as file:
        file.write(numbers.tobytes())


def _settings(config: DedupConfig) -> dict[str, Any]:
    return config.model_dump(include={"ngram", "num_buckets", "hashes_per_bucket", "seed"})


def _words(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())
