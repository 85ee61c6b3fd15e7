"""Grounded calls: they hold no number and no date that the conversation does not state.

A small model calls the right tool with a digit that it made up. What may stand in a call is therefore read off the
messages (`fc_model/chat/statements.py`), and the JSON Schema of each tool is narrowed to it, so that any constrained
decoder keeps the model to it. What the assistant wrote states nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

from fc_model.chat.messages import Message
from fc_model.chat.statements import Statements
from fc_model.json_schema import validator_of
from fc_model.strict_json import to_json

Grounding = Literal["none", "conversation", "request"]
"""What a call may quote: anything, whatever was stated, or what was stated since the last result was answered. A tool
whose required values the request alone does not state may quote the whole conversation."""

Schema = Mapping[str, Any]

_FORM = re.compile(
    r"(?P<date>YYYY-MM-DD)(?:(?P<between>[T ])HH:MM(?P<seconds>:SS)?(?P<zone>Z\b)?)?|HH:MM(?P<alone>:SS)?",
    re.IGNORECASE,
)
"""How descriptions put a date, a time or both."""


def grounded_tools(
    tools: Sequence[dict[str, Any]], messages: Sequence[Message], grounding: Grounding
) -> list[dict[str, Any]]:
    """The tools that can be called with what is stated, their parameters narrowed to it."""
    if grounding == "none":
        return list(tools)
    sources = [Statements.of(messages)]
    if grounding == "request":
        sources.insert(0, Statements.of(_request(messages)))
    narrowed = (next(filter(None, (_narrowed(tool, stated) for stated in sources)), None) for tool in tools)
    return [tool for tool in narrowed if tool is not None]


def answer_pattern(messages: Sequence[Message], grounding: Grounding) -> str | None:
    """Regular expression of answers to a result: they hold no number that was not stated. None where any may stand."""
    if grounding == "none":
        return None
    return figures_pattern(Statements.of(_request(messages) if grounding == "request" else messages).figures)


def grounded_schema(schema: Schema, stated: Statements) -> dict[str, Any] | None:
    """The schema for values that are stated; None where there is none.

    A number is one that is stated, or the default. A list of numbers is one that was written as such, or all the
    numbers of a message. A text that is a date or a time, by its format or its description, is a stated one; in any
    other a number is stated or has one digit. What `$ref` and `allOf` lead to stays as it is.
    """
    if not schema.keys().isdisjoint({"enum", "const", "$ref", "allOf"}):
        return dict(schema)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _any_of(schema, key, schema[key], stated)
    match schema.get("type"):
        case list() as kinds:
            return _any_of({}, "anyOf", [{**schema, "type": kind} for kind in kinds], stated)
        case "object":
            return _object(schema, stated)
        case "array":
            return _array(schema, stated)
        case "integer" | "number":
            return _choice(schema, stated.numbers)
        case "string":
            return _string(schema, stated)
    return dict(schema)


def figures_pattern(figures: Iterable[str]) -> str:
    """Regular expression of texts whose numbers are these figures."""
    longest_first = "|".join(map(re.escape, sorted(figures, key=len, reverse=True)))
    if not longest_first:
        return r"[^0-9]*"
    return rf"[^0-9]*((?:{longest_first})([^0-9.]|\.[^0-9])[^0-9]*)*((?:{longest_first})\.?)?"


def _request(messages: Sequence[Message]) -> Sequence[Message]:
    """What follows the last answer to a result: a question of the assistant and its reply belong to one request."""
    answers = [
        place
        for place, (before, message) in enumerate(pairwise(messages), start=1)
        if before.role == "tool" and message.role == "assistant" and not message.tool_calls
    ]
    return messages[answers[-1] + 1 :] if answers else messages


def _narrowed(tool: dict[str, Any], stated: Statements) -> dict[str, Any] | None:
    function = tool["function"]
    parameters = grounded_schema(function.get("parameters") or {"type": "object"}, stated)
    return None if parameters is None else {**tool, "function": {**function, "parameters": parameters}}


def _any_of(schema: Schema, key: str, choices: Sequence[Any], stated: Statements) -> dict[str, Any] | None:
    narrowed = [grounded_schema(choice, stated) if isinstance(choice, Mapping) else choice for choice in choices]
    kept = [choice for choice in narrowed if choice is not None]
    return {**schema, key: kept} if kept else None


def _object(schema: Schema, stated: Statements) -> dict[str, Any] | None:
    properties: dict[str, Any] = {}
    for name, of_property in schema.get("properties", {}).items():
        narrowed = grounded_schema(of_property, stated) if isinstance(of_property, Mapping) else of_property
        if narrowed is None and name in schema.get("required", ()):
            return None
        if narrowed is not None:
            properties[name] = narrowed
        elif schema.get("additionalProperties", False) is not False:
            properties[name] = False
    return {**schema, "properties": properties} if properties or "properties" in schema else dict(schema)


def _array(schema: Schema, stated: Statements) -> dict[str, Any] | None:
    items = schema.get("items")
    if not isinstance(items, Mapping):
        return dict(schema)
    if items.get("type") not in ("integer", "number"):
        narrowed = grounded_schema(items, stated)
        return None if narrowed is None else {**schema, "items": narrowed}
    is_valid = validator_of(to_json(schema)).is_valid
    lists = [values for values in stated.lists if is_valid(list(values))]
    forms = [
        {
            "type": "array",
            "prefixItems": [{"const": value} for value in values],
            "items": False,
            "minItems": len(values),
        }
        for values in lists
    ]
    return {"anyOf": forms} if forms else None


def _string(schema: Schema, stated: Statements) -> dict[str, Any] | None:
    moments = _moments(schema, stated)
    if moments is not None:
        return _choice(schema, moments)
    if "pattern" in schema:
        return dict(schema)
    return {**schema, "pattern": f"^{figures_pattern(stated.figures)}$"}


def _moments(schema: Schema, stated: Statements) -> list[str] | None:
    """The dates and times that are of a text's format, or as its description puts them; None for any other text."""
    match schema.get("format"):
        case "date":
            return [*stated.dates]
        case "time":
            return [*stated.clocks, *map(_to_seconds, stated.clocks)]
        case "date-time":  # the zone is UTC for most who have to write one
            whole = [*map(_to_seconds, stated.date_times)]
            return [*stated.date_times, *whole, *(f"{moment}Z" for moment in whole if moment[-3] == ":")]
    forms = list(_FORM.finditer(str(schema.get("description", ""))))
    return [moment for form in forms for moment in _of_form(form, stated)] if forms else None


def _of_form(form: re.Match[str], stated: Statements) -> Iterator[str]:
    if not form["date"]:
        yield from map(_to_seconds, stated.clocks) if form["alone"] else stated.clocks
    elif not form["between"]:
        yield from stated.dates
    else:
        for moment in stated.date_times:
            if len(moment) <= len("YYYY-MM-DDTHH:MM:SS"):
                moment = _to_seconds(moment) if form["seconds"] else moment
                yield moment.replace("T", form["between"]) + (form["zone"] or "")
            elif form["between"] in "Tt" and not form["zone"]:
                yield moment


def _to_seconds(moment: str) -> str:
    return f"{moment}:00" if len(moment) in (len("HH:MM"), len("YYYY-MM-DDTHH:MM")) else moment


def _choice(schema: Schema, values: Iterable[Any]) -> dict[str, Any] | None:
    defaults = [schema["default"]] if "default" in schema else []
    is_valid = validator_of(to_json(schema)).is_valid
    allowed = [value for value in (*values, *defaults) if is_valid(value)]
    return {"enum": list(dict.fromkeys(allowed))} if allowed else None
