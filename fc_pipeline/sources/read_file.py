"""One file's bytes to documents, whatever the file holds: unpacked, decoded, read, and every fault counted."""

import io
from collections.abc import Iterator
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.compression import unpack
from fc_pipeline.sources.readers import ISOLATED, READERS
from fc_pipeline.sources.readers.item import Item, replace_invalid, sound
from fc_pipeline.sources.sandbox.isolated import isolated
from fc_pipeline.sources.schema import STREAMED_FORMATS, FileSpec, Limits
from fc_pipeline.sources.tables import capped, read_table

MAX_BYTES = {"html": 10 << 20, "pdf": 64 << 20}
"""Larger ones are refused unread: no page that people read is so large."""
_BINARY = {"pdf", "r_help"}
_DECODING = {"html"}
"""Formats whose files may state their encoding: the reader decodes, and replaces what it cannot."""


def read_file(data: bytes, spec: FileSpec, limits: Limits, *, where: str) -> Iterator[Item | BadInput]:
    """The documents of a file; the last is a BadInput when the file cannot be read to its end.

    Raises:
        UserError: the columns of a table are not the expected ones.
    """
    try:
        for item in _items(data, spec, limits, where=where):
            yield sound(item, replace=limits.replace)
    except BadInput as error:
        error.lost_bytes = len(data)
        yield error
    except RecursionError:
        yield BadInput("too_deep", "nested deeper than the reader bears", len(data))


def _items(data: bytes, spec: FileSpec, limits: Limits, *, where: str) -> Iterator[Item | BadInput]:
    if spec.format in STREAMED_FORMATS:
        yield from read_table(io.BytesIO(data), spec, limits, where=where)
        return
    replaced = 0
    if spec.format not in _BINARY:
        data = unpack(data, limit=limits.file_bytes)
        if limits.replace and spec.format not in _DECODING:
            data, replaced = replace_invalid(data)
    if len(data) > MAX_BYTES.get(spec.format, len(data)):
        raise BadInput("too_large", f"{len(data)} bytes; {spec.format} is read up to {MAX_BYTES[spec.format]}")
    options = {"replace": limits.replace} if spec.format in _DECODING else {}
    items = _read(data, spec, options, isolate=limits.isolate or spec.format in ISOLATED)
    for number, item in enumerate(capped(items, limits) if spec.fields else items):
        if replaced and number == 0 and isinstance(item, Item):
            item = Item(item.key, item.text, {**item.meta, "replaced": replaced})
        yield item


def _read(data: bytes, spec: FileSpec, options: dict[str, Any], *, isolate: bool) -> Iterator[Item | BadInput]:
    if not isolate:
        return READERS[spec.format](data, spec, **options)
    entries, _ = isolated().call(read_documents, data, spec=spec.model_dump(mode="json"), **options)
    return (Item(*entry) if len(entry) == 3 else BadInput(*entry) for entry in entries)


def read_documents(data: bytes, *, spec: dict[str, Any], **options: Any) -> tuple[list[list[Any]], list[bytes]]:
    """What the child process makes of a file: each document as a list, each that is refused as [reason, detail].

    Raises:
        BadInput: the file cannot be read.
    """
    known = FileSpec.model_validate(spec)
    items = READERS[known.format](data, known, **options)
    return [list(item) if isinstance(item, Item) else [item.reason, item.detail] for item in items], []
