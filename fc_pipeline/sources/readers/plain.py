"""Plain text and source code: the file as it is."""

from collections.abc import Iterator

from fc_pipeline.sources.readers.item import Item, decode
from fc_pipeline.sources.schema import FileSpec


def read(data: bytes, spec: FileSpec) -> Iterator[Item]:
    """One document a file."""
    yield Item("", decode(data).strip("\n"), {})
