"""A file of a source on its way to the readers."""

from collections.abc import Iterator
from typing import NamedTuple

from fc_pipeline.sources.readers.item import BadInput, Item
from fc_pipeline.sources.schema import FileSpec


class SourceFile(NamedTuple):
    path: str
    spec: FileSpec
    content: bytes | BadInput | Iterator[Item | BadInput]
    """The file's bytes, which a worker reads; why there are none; or its documents, read as a stream."""
