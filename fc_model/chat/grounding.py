"""Grounded calls: they hold no number and no date that the conversation does not state.

A small model calls the right tool with a digit that it made up. What may stand in a call is therefore read off the
messages (`fc_model/chat/statements.py`), and the JSON Schema of each tool is narrowed to it, so that any constrained
decoder keeps the model to it. What the assistant wrote states nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal
from urllib.parse import unquote

from fc_model.chat.messages import Message
from fc_model.chat.reply import arguments_schema
from fc_model.chat.statements import Statements
from fc_model.inference.grammar import can_be_satisfied
from fc_model.json_schema import validator_of
from fc_model.strict_json import to_json
from fc_model.tools.registry import known_tool

Grounding = Literal["none", "conversation", "request"]
"""What a call may quote: anything, whatever was stated, or what was stated since the last result was answered. A tool
whose required values the request alone does not state may quote the whole conversation."""

Schema = Mapping[str, Any]

_FORM = re.compile(
    r"(?P<date>YYYY-MM-DD)(?:(?P<between>[T ])HH:MM(?P<seconds>:SS)?(?P<zone>Z\b)?)?|HH:MM(?P<alone>:SS)?",
    re.IGNORECASE,
)
"""How descriptions put a date, a time or both."""

_JOINING = ("allOf", "anyOf", "oneOf")
_DEFINITIONS = {"$defs", "definitions"}
_KEYS = {
    "object": {"properties", "required", "additionalProperties", "patternProperties"},
    "array": {"items", "prefixItems", "minItems", "maxItems"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "string": {"pattern", "format", "minLength", "maxLength"},
}
"""What a schema without a type is meant for, by its keywords."""
_TO_DEFINITION = re.compile(r"#|#/(?:\$defs|definitions)/[^/]+")
_STATED = "#/$defs/_stated"
"""Where a tool's schema has the values of which nothing is asked but that they are stated."""
_UNSURE = re.compile(r'"(?:\$ref|allOf|anyOf|oneOf|prefixItems|patternProperties)"')
"""What may leave nothing to call with, though each part can be filled."""


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
    other a number is stated, or of the default. What no schema bounds is of `_STATED`, and so are what `$ref` leads to
    and what is chosen from (`enum`, `const`) as they are: `grounded_tools` narrows definitions.
    """
    if not schema.keys().isdisjoint({"enum", "const", "$ref"}):
        return dict(schema)
    joined: dict[str, Any] = {}
    about = {key: schema[key] for key in ("default", "description") if key in schema}
    for key in (key for key in _JOINING if key in schema):
        choices = [_of({**about, **one} if isinstance(one, Mapping) else one, stated) for one in schema[key]]
        kept = [choice for choice in choices if choice is not None]
        if not kept or (key == "allOf" and len(kept) < len(choices)):
            return None
        # What is one of several stays one where each is narrowed, which a decoder may be unable to prove.
        joined["anyOf" if key == "oneOf" and "anyOf" not in schema else key] = kept
    bare = {key: value for key, value in schema.items() if key not in _JOINING}
    kind = schema.get("type") or next((kind for kind, keys in _KEYS.items() if keys & schema.keys()), None)
    if kind is None:
        return bare | joined if joined else {"$ref": _STATED}
    narrowed = _of_kind(kind, bare, stated)
    if narrowed is None:
        return None
    every = [*narrowed.get("allOf", ()), *joined.get("allOf", ())]
    return narrowed | joined | ({"allOf": every} if every else {})


def figures_pattern(figures: Iterable[str]) -> str:
    """Regular expression of texts whose numbers are these figures. Digits of any script are figures."""
    longest_first = "|".join(map(re.escape, sorted(figures, key=len, reverse=True)))
    if not longest_first:
        return r"\P{Nd}*"
    return rf"\P{{Nd}}*((?:{longest_first})([^\p{{Nd}}.]|\.\P{{Nd}})\P{{Nd}}*)*((?:{longest_first})\.?)?"


def _request(messages: Sequence[Message]) -> Sequence[Message]:
    """What follows the last answer to a result: a question of the assistant and its reply belong to one request."""
    answers = [
        place
        for place, (before, message) in enumerate(pairwise(messages), start=1)
        if before.role == "tool" and message.role == "assistant" and not message.tool_calls
    ]
    return messages[answers[-1] + 1 :] if answers else messages


def _narrowed(tool: dict[str, Any], stated: Statements) -> dict[str, Any] | None:
    parameters: Any = _with_definitions(arguments_schema(tool))
    while unfillable := dict.fromkeys(_unfillable(parameters, stated), False):
        parameters = _replaced(parameters, unfillable)
    narrowed = grounded_schema(parameters, stated)
    if narrowed is None:
        return None
    definitions = {
        key: {name: _of(one, stated) or False for name, one in narrowed[key].items()}
        for key in _DEFINITIONS & narrowed.keys()
    }
    narrowed |= definitions
    if (ours := known_tool(tool)) is not None and ours.spellings:
        narrowed = _named(narrowed, {name: stated.named(spellings()) for name, spellings in ours.spellings.items()})
    text = to_json(narrowed)
    if _STATED in text:
        narrowed["$defs"] = {**narrowed.get("$defs", {}), _STATED.rpartition("/")[2]: _any_value(stated)}
    if _UNSURE.search(text) and not can_be_satisfied(narrowed):
        return None
    return {**tool, "function": {**tool["function"], "parameters": narrowed}}


def _named(parameters: dict[str, Any], values: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The parameters whose values texts name, each with another of them, as long as there are enough."""
    first, *others = values
    if not others or len(values[first]) < len(values):
        narrow = {name: {"enum": list(of_name)} for name, of_name in values.items() if of_name}
        return {**parameters, "properties": {**parameters["properties"], **narrow}}
    choices = []
    for value in values[first]:
        chosen = {**parameters, "properties": {**parameters["properties"], first: {"const": value}}}
        choices.append(_named(chosen, {name: [other for other in values[name] if other != value] for name in others}))
    return {"anyOf": choices}


def _any_value(stated: Statements) -> dict[str, Any]:
    scalars = [grounded_schema({"type": kind}, stated) for kind in ("string", "number", "boolean", "null")]
    holders = (
        {"type": "array", "items": {"$ref": _STATED}},
        {"type": "object", "additionalProperties": {"$ref": _STATED}},
    )
    return {"anyOf": [*filter(None, scalars), *holders]}


def _unfillable(schema: Any, stated: Statements) -> Iterator[str]:
    """References within a schema to what nothing stated fills."""
    for reference in sorted(_references(schema)):
        target = _target(schema, reference)
        if isinstance(target, Mapping) and grounded_schema(target, stated) is None:
            yield reference


def _with_definitions(schema: Any) -> Any:
    """The schema whose references lead to definitions: any other place may be elsewhere once it is narrowed."""
    definitions, moved = dict[str, Any](), dict[str, Any]()
    for number, reference in enumerate(sorted(_references(schema))):
        target = _target(schema, reference)
        if isinstance(target, Mapping) and not _TO_DEFINITION.fullmatch(reference):
            definitions[f"_{number}"], moved[reference] = target, {"$ref": f"#/$defs/_{number}"}
    return _replaced({**schema, "$defs": {**schema.get("$defs", {}), **definitions}}, moved) if moved else schema


def _target(schema: Any, reference: str) -> Any:
    """None where a reference leads nowhere."""
    for name in map(unquote, reference.removeprefix("#").split("/")[1:]):
        if isinstance(schema, list):
            schema = schema[int(name)] if name.isdecimal() and int(name) < len(schema) else None
        else:
            schema = schema.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(schema, Mapping) else None
    return schema


def _references(schema: Any) -> set[str]:
    items = schema.values() if isinstance(schema, Mapping) else schema if isinstance(schema, list) else ()
    own = schema.get("$ref") if isinstance(schema, Mapping) else None
    return set[str]().union(*map(_references, items), [own] if isinstance(own, str) and own.startswith("#") else [])


def _replaced(schema: Any, by: Mapping[str, Any]) -> Any:
    """The schema with others in place of its references."""
    if isinstance(schema, list):
        return [_replaced(item, by) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference in by:
        return by[reference]
    return {key: _replaced(item, by) for key, item in schema.items()}


def _of(schema: Any, stated: Statements) -> Any:
    """`grounded_schema` of what may be true, for anything, or false, for nothing."""
    if isinstance(schema, Mapping):
        return grounded_schema(schema, stated)
    return None if schema is False else {"$ref": _STATED} if schema is True else schema


def _of_kind(kind: Any, schema: Schema, stated: Statements) -> dict[str, Any] | None:
    match kind:
        case list():
            kinds = [grounded_schema({**schema, "type": one}, stated) for one in kind]
            kept = [one for one in kinds if one is not None]
            return {"anyOf": kept} if kept else None
        case "object":
            return _object(schema, stated)
        case "array":
            return _array(schema, stated)
        case "integer" | "number":
            return _choice(schema, stated.numbers)
        case "string":
            return _string(schema, stated)
    return dict(schema)


def _object(schema: Schema, stated: Statements) -> dict[str, Any] | None:
    others = _of(schema.get("additionalProperties", True), stated) or False
    narrowed: dict[str, Any] = {**schema, "type": "object", "additionalProperties": others}
    for key in {"properties", "patternProperties"} & schema.keys():
        narrowed[key] = {name: _of(one, stated) or False for name, one in schema[key].items()}
    properties = narrowed.get("properties", {})
    if any(properties.get(name) is False for name in schema.get("required", ())):
        return None
    if others is False and not narrowed.get("patternProperties") and properties:
        narrowed["properties"] = {name: one for name, one in properties.items() if one is not False}
    return narrowed


def _array(schema: Schema, stated: Statements) -> dict[str, Any] | None:
    schema = {**schema, "type": "array"}
    if isinstance(schema.get("items"), list):  # as drafts before 2020 have tuples
        schema |= {"prefixItems": schema["items"], "items": schema.pop("additionalItems", True)}
    first, rest = schema.get("prefixItems", []), schema.get("items", True)
    if all(map(_is_number, first)) and (_is_number(rest) or (first and isinstance(rest, bool))):
        return _number_lists(schema, stated)
    narrowed = _of(rest, stated)
    if narrowed is None and not first:
        return None
    return {
        **schema,
        **({"prefixItems": [_of(one, stated) or False for one in first]} if first else {}),
        "items": narrowed or False,
    }


def _is_number(schema: Any) -> bool:
    return (
        isinstance(schema, Mapping)
        and schema.get("type") in ("integer", "number")
        and schema.keys().isdisjoint({"enum", "const"})
    )


def _number_lists(schema: Schema, stated: Statements) -> dict[str, Any] | None:
    is_valid = validator_of(to_json(schema)).is_valid
    defaults = [schema["default"]] if isinstance(schema.get("default"), list) else []
    lists = [[*values] for values in (*stated.lists, *defaults) if all(map(_is_exact, values)) and is_valid([*values])]
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
    figures = [*stated.figures, *Statements((str(schema.get("default", "")),)).figures]
    pattern = f"^{figures_pattern(figures)}$"
    if "pattern" not in schema:
        narrowed = {**schema, "type": "string", "pattern": pattern}
    else:
        narrowed = {**schema, "type": "string", "allOf": [{"type": "string", "pattern": pattern}]}
    is_bound = not schema.keys().isdisjoint({"pattern", "format"})
    return None if is_bound and not can_be_satisfied(narrowed) else narrowed


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
    allowed = [value for value in (*values, *defaults) if _is_exact(value) and is_valid(value)]
    return {"enum": list(dict.fromkeys(allowed))} if allowed else None


def _is_exact(value: Any) -> bool:
    """Whether a decoder that reads numbers as doubles writes this one as it is."""
    return not isinstance(value, int) or abs(value) < 2**53 or Decimal(repr(float(value))) == value
