"""What sources and their documents take of the disk, by published sizes: for `plan`, and no part of an identity."""

from collections.abc import Iterable

from fc_pipeline.catalogue.entry import HubPin
from fc_pipeline.sources.schema import BYTES_PER_TOKEN, PACKED, Source

INDEX_COPIES = 1
"""Size of the index of near-duplicates, in copies of the documents: 1.2 kB a document (nano's), for 4 kB of text."""


def source_size(source: Source) -> dict[str, int]:
    """Downloads that stay in the cache, and the documents; empty when the source's size is not known."""
    if source.download_bytes is None or source.num_tokens is None:
        return {}
    documents = source.num_tokens * BYTES_PER_TOKEN // PACKED
    kept = source.download_bytes if not isinstance(source, HubPin) or source.keep_shards else 0
    return {"download_bytes": source.download_bytes, "disk_bytes": kept + documents}


def documents_size(sources: Iterable[Source], *, copies: int = 1) -> dict[str, int]:
    """Of all documents of the sources, kept and dropped; empty when the size of a source is not known."""
    tokens = [source.num_tokens for source in sources]
    known = [number for number in tokens if number is not None]
    return {"disk_bytes": sum(known) * BYTES_PER_TOKEN // PACKED * copies} if len(known) == len(tokens) else {}
