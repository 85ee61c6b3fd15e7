"""A record as text, by a template of the source."""

import json
import re
from collections.abc import Container, Iterator
from typing import Any

from fc_pipeline.sources.schema import RecordFields

Row = dict[str, Any]

_FIELD = re.compile(r"\{(\w+(?:\.\w+)*)(?:\|(words|turns|sections))?\}")
_SPEAKERS = {
    "user": "User", "human": "User", "assistant": "Assistant", "gpt": "Assistant", "system": "System",
    "function_call": "Tool call", "observation": "Tool result", "tool": "Tool result",
}  # fmt: skip


def field_names(template: str) -> list[str]:
    return [match[0] for match in _FIELD.findall(template)]


def used_fields(fields: RecordFields, *, text_only: bool = False) -> list[str]:
    """The fields that a document is made from; with `text_only` those of its text."""
    names = field_names(fields.text)
    if not text_only:
        group = [fields.group.by, *field_names(fields.group.title)] if fields.group else []
        names = [*names, *fields.meta.values(), *fields.require, *([fields.key] if fields.key else []), *group]
    return [name for name in dict.fromkeys(names) if name != "_key"]


def column_of(name: str, columns: Container[str]) -> str:
    """The column of a table that holds the field: one of that name, or the first part of a dotted one."""
    return name if name in columns else name.split(".")[0]


def lookup(row: Row, name: str) -> Any:
    """The field of that name, or the one at the dotted path; None when there is none."""
    if name in row:
        return row[name]
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def has(row: Row, name: str) -> bool:
    """True when the row has the field, be it null, or null stands in the place of what would hold it."""
    value: Any = row
    for part in [name] if name in row else name.split("."):
        if value is None:
            return True
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return True


def render(template: str, row: Row) -> str:
    """Fill the template. What a field holds stays as it is; only line ends at the text's ends go, as of a file.

    A line of the template whose fields are all empty is left out, as are the blank lines that are then too many and the
    template's own white space at the ends of the text.
    """
    lines: list[str] = []
    for line in template.split("\n"):
        names = field_names(line)
        is_left_out = names and not any(lookup(row, name) for name in names)
        is_second_blank = not line.strip() and not (lines and lines[-1].strip())
        if not (is_left_out or is_second_blank):
            lines.append(line)
    split = _FIELD.split("\n".join(lines))  # literal, name, style, literal, name, style, literal
    values = (_value(lookup(row, name), style=style) for name, style in zip(split[1::3], split[2::3], strict=True))
    pieces = [piece for literal, value in zip(split[::3], [*values, ""], strict=True) for piece in (literal, value)]
    for positions, strip in ((range(len(pieces)), str.lstrip), (reversed(range(len(pieces))), str.rstrip)):
        for position in positions:
            pieces[position] = strip(pieces[position]) if position % 2 == 0 else pieces[position]
            if pieces[position]:
                break
    return "".join(pieces).strip("\n")


def _value(value: Any, *, style: str | None = None) -> str:
    """A field as text: lists of texts as '- ' lines (or words, or turns), lists of lists as paragraphs."""
    if value is None:
        return ""
    if isinstance(value, dict) and style == "sections":
        return "\n\n".join(_sections(value))
    if isinstance(value, list):
        if style == "words":
            return " ".join(_value(element) for element in value)
        if style == "turns":
            return "\n".join(_turn(element) for element in value if isinstance(element, dict))
        if any(isinstance(element, list) for element in value):
            return "\n\n".join(_paragraphs(value))
        return "\n".join(f"- {_element(element)}" for element in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _element(value: Any) -> str:
    """A text among others: what joins them stands for the line ends at its ends."""
    return _value(value).strip("\n")


def _turn(turn: Row) -> str:
    """One turn, as the chat data sets write it: {role, content} or {from, value}."""
    role = str(turn.get("role") or turn.get("from") or "user")
    speaker, text = _SPEAKERS.get(role, role.capitalize()), _element(turn.get("content", turn.get("value")))
    return f"{speaker}: {text}" if text else f"{speaker}:"


def _sections(paper: Row) -> Iterator[str]:
    """{section_name: [name], paragraphs: [[text]]}, side by side; a name is the path `Part ::: Section`."""
    for name, paragraphs in zip(paper.get("section_name") or [], paper.get("paragraphs") or [], strict=False):
        heading = str(name or "").rsplit(":::", 1)[-1].strip()
        if heading:
            yield f"## {heading}"
        yield from filter(None, _paragraphs(paragraphs))


def _paragraphs(value: list[Any]) -> Iterator[str]:
    for element in value:
        if isinstance(element, list):
            yield from _paragraphs(element)
        else:
            yield _element(element)
