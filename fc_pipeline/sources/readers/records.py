"""JSON, JSON lines and CSV: each record becomes a document by a template, or a line of a grouped one."""

import csv
import datetime
import decimal
import io
import re
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.item import Item, decode, replace_invalid
from fc_pipeline.sources.readers.strict_json import parse_json
from fc_pipeline.sources.readers.template import Row, lookup, render
from fc_pipeline.sources.schema import FileSpec, RecordFields

OWN = {"_key", "_replaced"}
"""What is put beside a record's own fields: its name or number, how many characters had to be replaced."""


def read_json(data: bytes, spec: FileSpec) -> Iterator[Item | BadInput]:
    """A list of records, or an object whose values are records (its keys are then `_key`)."""
    content = parse_json(decode(data))
    fields = _fields(spec)
    if fields.records:
        content = lookup(content, fields.records) if isinstance(content, dict) else None
    if not isinstance(content, dict | list):
        raise BadInput("invalid_json", f"holds a {type(content).__name__}, not records")
    records = content.items() if isinstance(content, dict) else enumerate(content)
    return documents(({"_key": str(key), **record} for key, record in records if isinstance(record, dict)), fields)


def read_csv(data: bytes, spec: FileSpec) -> Iterator[Item | BadInput]:
    """CSV with a header line."""
    reader = csv.DictReader(io.StringIO(decode(data), newline=""), delimiter=_fields(spec).delimiter)
    try:
        rows = [{"_key": str(number), **row} for number, row in enumerate(reader)]
    except csv.Error as error:
        raise BadInput("invalid_csv", str(error)) from error
    return documents(rows, _fields(spec))


def jsonl_rows(lines: Iterable[bytes | None], *, replace: bool = False) -> Iterator[Row | BadInput]:
    """A row for each line, or the reason (with the line's number) why it is none. None is a line that is too long."""
    for number, line in enumerate(lines):
        if line is None:
            yield BadInput("record_too_large", f"line {number + 1}: longer than max_record_bytes")
        elif line.strip():
            line, replaced = replace_invalid(line) if replace else (line, 0)
            try:
                row = parse_json(decode(line))
            except BadInput as error:
                yield BadInput(error.reason, f"line {number + 1}: {error.detail}")
            else:
                if isinstance(row, dict):
                    yield {"_key": str(number), **row, **({"_replaced": replaced} if replaced else {})}
                else:
                    yield BadInput("invalid_json", f"line {number + 1}: holds a {type(row).__name__}, not a record")


def documents(rows: Iterable[Row | BadInput], fields: RecordFields) -> Iterator[Item | BadInput]:
    """Rows to documents. A row that lacks a required field gives an empty one, which is dropped and counted."""
    if fields.group is not None:
        yield from _grouped(rows, fields)
        return
    for row in rows:
        if isinstance(row, BadInput):
            yield row
        else:
            complete = all(lookup(row, name) for name in fields.require)
            text = _cleaned(fields, render(fields.text, row)) if complete else ""
            key = str(lookup(row, fields.key or "_key"))
            meta = {name: _plain(lookup(row, name)) for name in fields.meta}
            yield Item(key, text, {**meta, "replaced": row["_replaced"]} if "_replaced" in row else meta)


def _grouped(rows: Iterable[Row | BadInput], fields: RecordFields) -> Iterator[Item | BadInput]:
    group = fields.group
    assert group is not None
    groups: dict[str, list[Row]] = {}
    for row in rows:
        if isinstance(row, BadInput):
            yield row
        elif all(lookup(row, name) for name in fields.require):
            groups.setdefault(str(lookup(row, group.by) or ""), []).append(row)
    for value, members in groups.items():
        for number, start in enumerate(range(0, len(members), group.size)):
            part = members[start : start + group.size]
            parts = [render(group.title, part[0]), *(_cleaned(fields, render(fields.text, row)) for row in part)]
            text = "\n\n".join(parts)
            yield Item(f"{value}.{number}", text, {group.by: value, "records": len(part)})


def _cleaned(fields: RecordFields, text: str) -> str:
    for pattern in fields.remove:
        text = re.sub(pattern, "", text)
    for pattern, replacement in fields.replace.items():
        text = re.sub(pattern, replacement, text)
    return text


def _plain(value: Any) -> Any:
    """A value of a table as JSON has it: moments and decimals as text."""
    if isinstance(value, dict):
        return {name: _plain(element) for name, element in value.items()}
    if isinstance(value, list):
        return [_plain(element) for element in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value) if isinstance(value, decimal.Decimal | uuid.UUID | datetime.timedelta) else value


def _fields(spec: FileSpec) -> RecordFields:
    assert spec.fields is not None, "the schema asks for fields"
    return spec.fields
