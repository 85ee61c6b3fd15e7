"""A document as it goes through the cleaning steps."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, TypedDict, cast

from fc_model.artifacts import Artifact, read_records


class Document(TypedDict):
    """`id` is unique within the corpus; `meta` is free."""

    id: str
    text: str
    source: str
    domain: str
    licence: str
    meta: dict[str, Any]


def read_documents(artifacts: Iterable[Artifact]) -> Iterator[Document]:
    """The documents of all artifacts, in the order of their keys."""
    for artifact in sorted(artifacts, key=lambda artifact: artifact.key):
        yield from cast(Iterator[Document], read_records(artifact.path("documents.jsonl.zst")))


def draw(name: str) -> int:
    """A number below 2^64, uniform over names. The documents of the smallest are a fair sample, always the same."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
