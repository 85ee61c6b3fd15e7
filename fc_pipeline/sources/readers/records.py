"""JSON, JSON lines and CSV: each record becomes a document by a template, or a line of a grouped one.

A record that is none, or that does not fit its file, is refused alone: the rest of the file stands.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.item import Item, decode, decode_loosely, replace_invalid
from fc_pipeline.sources.readers.strict_json import parse_json
from fc_pipeline.sources.readers.template import Row, field_names, has, lookup, render, used_fields
from fc_pipeline.sources.schema import FileSpec, RecordFields

csv.field_size_limit(2**31 - 1)  # its default costs a chapter in a cell; what is too long is refused as in any format
_MAX_NAMES_CHARS = 200


class NoText(BadInput):
    """A record, or a file of them, without fields that its text is to be made from."""


class Record(NamedTuple):
    """A record of a file, with its name or number there, and how many characters of it had to be replaced."""

    key: str
    fields: Row
    replaced: int = 0

    @property
    def row(self) -> Row:
        """What templates see."""
        return {**self.fields, "_key": self.key}


def read_json(data: bytes, spec: FileSpec) -> Iterator[Item | BadInput]:
    """A list of records, or an object whose values are records (its keys are then `_key`)."""
    content = parse_json(decode_loosely(data))
    fields = _fields(spec)
    if fields.records:
        content = lookup(content, fields.records) if isinstance(content, dict) else None
    if not isinstance(content, dict | list):
        what = f"{type(content).__name__} at `{fields.records}`" if fields.records else type(content).__name__
        raise BadInput("invalid_json", f"holds a {what}, not records")
    return documents(_json_records(content), fields)


def _json_records(content: dict[str, Any] | list[Any]) -> Iterator[Record | BadInput]:
    entries = list(content.items() if isinstance(content, dict) else enumerate(content))
    lists = [key for key, value in entries if isinstance(value, list) and any(isinstance(each, dict) for each in value)]
    hint = f"; there are records at `{lists[0]}`: set `fields.records`" if lists else ""
    for key, value in entries:
        if isinstance(value, dict):
            yield Record(str(key), value)
        else:
            yield BadInput("invalid_json", f"{str(key)[:40]!r} is a {type(value).__name__}, not a record{hint}")


def read_csv(data: bytes, spec: FileSpec) -> Iterator[Item | BadInput]:
    """CSV with a header line (RFC 4180): every row has as many cells as the header. Blank lines are none."""
    fields = _fields(spec)
    rows = (row for row in _csv_rows(decode_loosely(data), fields.delimiter) if row)
    header = next(rows, [])
    if isinstance(header, BadInput):
        raise header
    twice = [name for name in field_names(fields.text) if header.count(name) > 1]
    if twice:
        raise BadInput("invalid_csv", f"the header has two columns {twice[0]!r}")
    records = (_csv_record(header, row, number) for number, row in enumerate(rows))
    return documents(records, fields, remedy="correct `fields.text`, or the `delimiter`")


def _csv_rows(text: str, delimiter: str) -> Iterator[list[str] | BadInput]:
    """Cells of each row. A fault costs the line that its row begins with: a quote without an end takes all the rest."""
    lines = text.split("\n")
    start = 0
    while start < len(lines):
        reader = csv.reader((f"{lines[at]}\n" for at in range(start, len(lines))), delimiter=delimiter, strict=True)
        done = 0
        try:
            for row in reader:
                done = reader.line_num
                yield row
            return
        except csv.Error as error:
            start += done + 1
            yield BadInput("invalid_csv", f"line {start}: {error}")


def _csv_record(header: list[str], row: list[str] | BadInput, number: int) -> Record | BadInput:
    if isinstance(row, BadInput):
        return row
    if len(row) != len(header):
        return BadInput("invalid_csv", f"row {number}: {len(row)} cells under a header of {len(header)}")
    return Record(str(number), dict(zip(header, row, strict=True)))


def jsonl_records(lines: Iterable[bytes | None], *, replace: bool = False) -> Iterator[Record | BadInput]:
    """A record for each line, or why it is none, with the line's number. None is a line that is too long."""
    for number, line in enumerate(lines):
        if line is None:
            yield BadInput("record_too_large", f"line {number + 1}: longer than max_record_bytes")
        elif line.strip():
            line, replaced = replace_invalid(line) if replace else (line, 0)
            try:
                value = parse_json(decode(line))
            except BadInput as error:
                yield BadInput(error.reason, f"line {number + 1}: {error.detail}")
            else:
                if isinstance(value, dict):
                    yield Record(str(number), value, replaced)
                else:
                    yield BadInput("invalid_json", f"line {number + 1}: holds a {type(value).__name__}, not a record")


def documents(
    records: Iterable[Record | BadInput], fields: RecordFields, *, remedy: str = "correct `fields.text`"
) -> Iterator[Item | BadInput]:
    """Records to documents; `remedy` is that of a file without the fields.

    A record that lacks a required field gives an empty document, which is dropped and counted. One that has none of the
    fields of the text, not even as null, is of another shape than the source states: it is refused.

    Raises:
        NoText: at the end of a file of which no record has one of the fields.
    """
    records = _with_text(records, fields, remedy)
    if fields.group is not None:
        yield from _grouped(records, fields)
        return
    for record in records:
        if isinstance(record, BadInput):
            yield record
        else:
            row = record.row
            text = _cleaned(fields, render(fields.text, row)) if _is_complete(row, fields) else ""
            meta = {name: lookup(row, field) for name, field in fields.meta.items()}
            key = str(lookup(row, fields.key or "_key"))
            yield Item(key, text, {**meta, "replaced": record.replaced} if record.replaced else meta)


def _grouped(records: Iterable[Record | BadInput], fields: RecordFields) -> Iterator[Item | BadInput]:
    group = fields.group
    assert group is not None
    groups: dict[str, list[Row]] = {}
    for record in records:
        if isinstance(record, BadInput):
            yield record
        elif _is_complete(record.row, fields):
            groups.setdefault(str(lookup(record.row, group.by) or ""), []).append(record.row)
        else:
            yield Item(record.key, "", {})
    for value, members in groups.items():
        for number, start in enumerate(range(0, len(members), group.size)):
            part = members[start : start + group.size]
            parts = [render(group.title, part[0]), *(_cleaned(fields, render(fields.text, row)) for row in part)]
            text = "\n\n".join(parts)
            yield Item(f"{value}.{number}", text, {group.by: value, "records": len(part)})


def _with_text(records: Iterable[Record | BadInput], fields: RecordFields, remedy: str) -> Iterator[Record | BadInput]:
    names = used_fields(fields, text_only=True)
    missing, row = names, None
    for record in records:
        if isinstance(record, BadInput):
            yield record
        elif names and not fields.require and not any(has(record.fields, name) for name in names):
            yield _no_text(names, record.fields, remedy)
        else:
            row = record.fields
            missing = [name for name in missing if not has(row, name)]
            yield record
    if missing and row is not None:
        raise _no_text(missing, row, remedy)


def _no_text(missing: Iterable[str], row: Row, remedy: str) -> NoText:
    columns = ", ".join(row)[:_MAX_NAMES_CHARS]
    return NoText("no_text", f"no column {', '.join(missing)}; it has {columns}: {remedy}")


def _is_complete(row: Row, fields: RecordFields) -> bool:
    return all(lookup(row, name) for name in fields.require)


def _cleaned(fields: RecordFields, text: str) -> str:
    for pattern in fields.remove:
        text = re.sub(pattern, "", text)
    for pattern, replacement in fields.replace.items():
        text = re.sub(pattern, replacement, text)
    return text


def _fields(spec: FileSpec) -> RecordFields:
    assert spec.fields is not None, "the schema asks for fields"
    return spec.fields
