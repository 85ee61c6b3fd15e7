"""The documents of a dump while it is deduplicated: files of the workspace, and its digest and offsets in memory."""

from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fc_pipeline.corpus.config import DedupConfig
from fc_pipeline.corpus.dedup.minhash import sign
from fc_pipeline.corpus.dedup.ragged import RaggedFile, starts_of
from fc_pipeline.executors.batching import chunks
from fc_pipeline.executors.ordered_map import OrderedMap

_CHUNK_CHARS = 2 << 20


class SignedDocuments:
    """Rows count the documents of the dump from 0."""

    def __init__(
        self, folder: Path, *, digests: np.ndarray, shingles: RaggedFile, ids: RaggedFile, sources: list[str]
    ) -> None:
        self._folder = folder
        self.digests = digests
        """uint64 [N, 2]."""
        self.shingles = shingles
        """Sorted uint32 rows."""
        self.ids = ids
        """UTF-8 rows."""
        self.sources = sources
        self.source_of = np.fromfile(folder / "sources.bin", np.uint16)
        """uint16 [N]: place in `sources`."""

    def __len__(self) -> int:
        return len(self.digests)

    def source(self, row: int) -> str:
        return self.sources[self.source_of[row]]

    def band(self, number: int) -> np.ndarray:
        """uint32 [N]: the keys of one band."""
        return np.fromfile(_band_path(self._folder, number), np.uint32)

    def rows_of(self, ids: Iterable[str]) -> np.ndarray:
        """Rows of the documents with these ids, in order; ids of other dumps have none."""
        wanted = set(ids)
        if not wanted:
            return np.empty(0, np.int64)
        return np.array([row for row in range(len(self)) if self.ids.text(row) in wanted], np.int64)


def sign_documents(
    documents: Iterable[dict[str, Any]],
    config: DedupConfig,
    *,
    folder: Path,
    ordered_map: OrderedMap,
    report: Callable[[dict[str, Any]], None] | None = None,
) -> SignedDocuments:
    """Read the documents once and keep in `folder` what the search for duplicates needs of them."""
    id_lengths = array("q")
    sources: dict[str, int] = {}
    digests, counts = [np.empty((0, 2), np.uint64)], [np.empty(0, np.int64)]
    config = config.model_copy(update={"removed": []})  # may be long, and goes to the workers with every chunk
    with ExitStack() as stack:
        open_file = lambda path: stack.enter_context(path.open("wb"))  # noqa: E731
        ids, source_of, shingles = (open_file(folder / f"{name}.bin") for name in ("ids", "sources", "shingles"))
        bands = [open_file(_band_path(folder, number)) for number in range(config.num_buckets)]

        def texts() -> Iterator[str]:
            for document in documents:
                id_lengths.append(ids.write(document["id"].encode()))
                source_of.write(np.uint16(sources.setdefault(document["source"], len(sources))).tobytes())
                yield document["text"]

        batches = chunks(texts(), weight=len, limit=_CHUNK_CHARS)
        for signed in ordered_map(partial(sign, config), batches):
            digests.append(signed.shingles.digests)
            counts.append(signed.shingles.counts)
            shingles.write(signed.shingles.hashes.tobytes())
            for file, keys in zip(bands, signed.bands, strict=True):
                file.write(keys.tobytes())
            if report is not None:
                report({"documents_signed": sum(map(len, counts))})
    return SignedDocuments(
        folder,
        digests=np.concatenate(digests),
        shingles=RaggedFile(folder / "shingles.bin", starts_of(np.concatenate(counts)), "<u4"),
        ids=RaggedFile(folder / "ids.bin", starts_of(np.frombuffer(id_lengths, np.int64)), "u1"),
        sources=list(sources),
    )


def _band_path(folder: Path, number: int) -> Path:
    return folder / f"band-{number:03}.bin"
