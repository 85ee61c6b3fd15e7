"""A record as text, by a template of the source."""

import json
import re
from collections.abc import Iterator
from typing import Any

from fc_pipeline.sources.schema import RecordFields

Row = dict[str, Any]

_FIELD = re.compile(r"\{(\w+(?:\.\w+)*)(?:\|(words|turns|sections))?\}")
_BLANK_LINES = re.compile(r"\n{3,}")
_SPEAKERS = {
    "user": "User", "human": "User", "assistant": "Assistant", "gpt": "Assistant", "system": "System",
    "function_call": "Tool call", "observation": "Tool result", "tool": "Tool result",
}  # fmt: skip


def field_names(template: str) -> list[str]:
    return [match[0] for match in _FIELD.findall(template)]


def used_columns(fields: RecordFields, *, text_only: bool = False) -> list[str]:
    """The columns of a table that a document is made from; with `text_only` those of its text."""
    names = field_names(fields.text)
    if not text_only:
        group = [fields.group.by, *field_names(fields.group.title)] if fields.group else []
        names = [*names, *fields.meta, *fields.require, *([fields.key] if fields.key else []), *group]
    return list(dict.fromkeys(name.split(".")[0] for name in names if name != "_key"))


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
        lines.append(_FIELD.sub(lambda match: _value(lookup(row, match[1]), style=match[2]), line))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


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
        return "\n".join(f"- {_value(element)}" for element in value)
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _turn(turn: Row) -> str:
    """One turn, as the chat data sets write it: {role, content} or {from, value}."""
    speaker = str(turn.get("role") or turn.get("from") or "user")
    return f"{_SPEAKERS.get(speaker, speaker.capitalize())}: {_value(turn.get('content', turn.get('value')))}"


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
            yield _value(element)
