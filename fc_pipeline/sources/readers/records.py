"""JSON, JSON lines and CSV: each record becomes a document by a template, or a line of a grouped one."""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from fc_pipeline.sources.readers.item import BadInput, Item, decode
from fc_pipeline.sources.schema import FileSpec, RecordFields

_FIELD = re.compile(r"\{(\w+(?:\.\w+)*)(\|words)?\}")
_GZIP = b"\x1f\x8b"
_MAX_UNPACKED_BYTES = 1 << 29
_BLANK_LINES = re.compile(r"\n{3,}")

Row = dict[str, Any]


def read_json(data: bytes, spec: FileSpec) -> Iterator[Item | BadInput]:
    """A list of records, or an object whose values are records (its keys are then `_key`)."""
    try:
        content = json.loads(decode(data))
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadInput("invalid_json", str(error)) from error
    fields = _fields(spec)
    if fields.records:
        content = lookup(content, fields.records) if isinstance(content, dict) else None
    if isinstance(content, dict):
        rows = [{"_key": key, **value} for key, value in content.items() if isinstance(value, dict)]
    elif isinstance(content, list):
        rows = [{"_key": str(number), **value} for number, value in enumerate(content) if isinstance(value, dict)]
    else:
        raise BadInput("invalid_json", f"holds a {type(content).__name__}, not records")
    return documents(rows, fields)


def read_jsonl(data: bytes, spec: FileSpec) -> Iterator[Item | BadInput]:
    """One JSON object a line; a bad line is refused alone."""
    if data.startswith(_GZIP):
        data = _unpacked(data)
    return documents(jsonl_rows(data.split(b"\n")), _fields(spec))


def _unpacked(data: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            content = file.read(_MAX_UNPACKED_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput("invalid_gzip", str(error)) from error
    if len(content) > _MAX_UNPACKED_BYTES:
        raise BadInput("invalid_gzip", f"unpacks to more than {_MAX_UNPACKED_BYTES} bytes")
    return content


def read_csv(data: bytes, spec: FileSpec) -> Iterator[Item | BadInput]:
    """CSV with a header line."""
    reader = csv.DictReader(io.StringIO(decode(data), newline=""), delimiter=_fields(spec).delimiter)
    try:
        rows = [{"_key": str(number), **row} for number, row in enumerate(reader)]
    except csv.Error as error:
        raise BadInput("invalid_csv", str(error)) from error
    return documents(rows, _fields(spec))


def jsonl_rows(lines: Iterable[bytes]) -> Iterator[Row | BadInput]:
    """A row for each line, or the reason (with the line's number) why it is none."""
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            row = json.loads(decode(line))
        except (json.JSONDecodeError, RecursionError) as error:
            yield BadInput("invalid_json", f"line {number + 1}: {error}")
        except BadInput as error:
            yield BadInput(error.reason, f"line {number + 1}: {error.detail}")
        else:
            if isinstance(row, dict):
                yield {"_key": str(number), **row}
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
            text = _without(fields.remove, render(fields.text, row)) if complete else ""
            key = str(lookup(row, fields.key or "_key"))
            yield Item(key, text, {name: lookup(row, name) for name in fields.meta})


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
            parts = [render(group.title, part[0]), *(_without(fields.remove, render(fields.text, row)) for row in part)]
            text = "\n\n".join(parts)
            yield Item(f"{value}.{number}", text, {group.by: value, "records": len(part)})


def _without(patterns: list[str], text: str) -> str:
    for pattern in patterns:
        text = re.sub(pattern, "", text)
    return text


def field_names(template: str) -> list[str]:
    """The fields that a template takes."""
    return [match[0] for match in _FIELD.findall(template)]


def lookup(row: Row, name: str) -> Any:
    """The field at a dotted name, or None."""
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def render(template: str, row: Row) -> str:
    """Fill the template. A line of it whose fields are all empty is left out."""
    lines = []
    for line in template.split("\n"):
        names = field_names(line)
        if names and not any(lookup(row, name) for name in names):
            continue
        lines.append(_FIELD.sub(lambda match: _value(lookup(row, match[1]), words=match[2] is not None), line))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _value(value: Any, *, words: bool = False) -> str:
    """A field as text: lists of texts as '- ' lines (or as words), lists of lists as paragraphs."""
    if value is None:
        return ""
    if isinstance(value, list):
        if words:
            return " ".join(_value(element) for element in value)
        if any(isinstance(element, list) for element in value):
            return "\n\n".join(_paragraphs(value))
        return "\n".join(f"- {_value(element)}" for element in value)
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _paragraphs(value: list[Any]) -> Iterator[str]:
    for element in value:
        if isinstance(element, list):
            yield from _paragraphs(element)
        else:
            yield _value(element)


def _fields(spec: FileSpec) -> RecordFields:
    assert spec.fields is not None, "the schema asks for fields"
    return spec.fields
