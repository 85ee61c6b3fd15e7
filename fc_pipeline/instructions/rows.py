"""A file of conversations as rows, whatever it holds: packed or not, a list, JSON lines, parquet, dialogues in YAML.

A row that is none is refused alone, as far as its end can be told: the rest of the file stands.
"""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.compression import capped_lines, unpacked_chunks
from fc_pipeline.catalogue.files import Stream
from fc_pipeline.instructions.schema import ConversationSource
from fc_pipeline.sources.readers.chatterbot import read_dialogues
from fc_pipeline.sources.readers.item import decode
from fc_pipeline.sources.readers.records import Record, jsonl_records
from fc_pipeline.sources.readers.strict_json import parse_json
from fc_pipeline.sources.tables import parquet_records

_PARQUET = b"PAR1"
_SPACE = b" \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ENDS = json.JSONDecoder(parse_int=lambda _: 0, parse_float=lambda _: 0.0, parse_constant=lambda _: 0.0)
"""Reads a value only to know where it ends: `parse_json` says whether it is one."""


def read_rows(content: Stream, format_: str, source: ConversationSource, *, where: str) -> Iterator[Record | BadInput]:
    """The rows of a file; the last is a BadInput where it cannot be read to its end.

    Raises:
        UserError: a file that is checked by its pin is cut short or not of its format.
    """
    try:
        with content.open() as file:
            yield from _rows(file, format_, source)
    except BadInput as error:
        if content.cached is None:
            yield BadInput(error.reason, error.detail, error.lost_bytes or content.num_bytes)
            return
        raise UserError(
            f"{where}: broken: {error.detail} ({error.reason}); delete {content.cached} and fetch it again, and if it "
            "is still broken leave the file out with `exclude`"
        ) from error


def _rows(file: BinaryIO, format_: str, source: ConversationSource) -> Iterator[Record | BadInput]:
    start = file.read(len(_PARQUET))
    file.seek(0)
    if start == _PARQUET:
        yield from map(_without_absent, parquet_records(file))
        return
    chunks = unpacked_chunks(file)
    first = next(chunks, b"")
    chunks = chain([first], chunks)
    if format_ == "chatterbot":
        for number, turns in enumerate(read_dialogues(_whole(chunks, source.max_file_bytes))):
            yield Record(str(number), {"turns": turns})
    elif first.removeprefix(_BYTE_ORDER_MARK).lstrip(_SPACE).startswith(b"["):
        yield from list_records(decode(_whole(chunks, source.max_file_bytes)), max_chars=source.max_record_bytes)
    else:
        yield from jsonl_records(capped_lines(chunks, limit=source.max_record_bytes))


def _without_absent(record: Record | BadInput) -> Record | BadInput:
    """A row of parquet without the null members of its structs: a struct has every member that any row has, so a schema
    would have the parameters of all the others."""
    if isinstance(record, BadInput):
        return record
    return record._replace(fields={name: _present(value) for name, value in record.fields.items()})


def _present(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _present(member) for name, member in value.items() if member is not None}
    return [_present(element) for element in value] if isinstance(value, list) else value


def _whole(chunks: Iterator[bytes], limit: int) -> bytes:
    parts, size = [], 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise BadInput(
                "too_large", f"a list of more than {limit} bytes: write a record a line, or raise max_file_bytes"
            )
        parts.append(chunk)
    return b"".join(parts)


def list_records(text: str, *, max_chars: int) -> Iterator[Record | BadInput]:
    """The objects of a JSON list, one by one, so that a NaN or a key that comes twice costs one of them.

    Raises BadInput where the list breaks off, and where the file goes on behind it.
    """
    place = _skip_space(text, text.index("[") + 1)
    number = 0
    while text[place : place + 1] != "]":
        try:
            _, end = _ENDS.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise BadInput("invalid_json", f"record {number}: {error}", len(text) - place) from error
        yield _record(text[place:end], number, max_chars=max_chars)
        number += 1
        place = _skip_space(text, end)
        if text[place : place + 1] == ",":
            place = _skip_space(text, place + 1)
        elif text[place : place + 1] != "]":
            raise BadInput("invalid_json", f"record {number}: the list has no end", len(text) - place)
    if (rest := _skip_space(text, place + 1)) < len(text):
        raise BadInput(
            "invalid_json",
            f"the file goes on behind a list of {number}: write one list, or a record a line",
            len(text) - rest,
        )


def _record(text: str, number: int, *, max_chars: int) -> Record | BadInput:
    where = f"record {number}"
    if len(text) > max_chars:
        return BadInput("record_too_large", f"{where}: longer than max_record_bytes")
    try:
        value: Any = parse_json(text)
    except BadInput as error:
        return BadInput(error.reason, f"{where}: {error.detail}")
    if not isinstance(value, dict):
        return BadInput("invalid_json", f"{where}: holds a {type(value).__name__}, not a record")
    return Record(str(number), value)


def _skip_space(text: str, place: int) -> int:
    while text[place : place + 1] in ("\n", " ", "\t", "\r"):
        place += 1
    return place
