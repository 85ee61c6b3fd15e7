"""A JSON Schema, narrowed to values that are stated."""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from fc_model.chat.grounding.statements import Statements
from fc_model.inference.grammar import can_be_satisfied
from fc_model.json_schema import validator_of
from fc_model.strict_json import to_json

Schema = Mapping[str, Any]

STATED = "#/$defs/_stated"
"""Where a tool's schema has the values of which nothing is asked but that they are stated."""
_FORM = re.compile(
    r"(?P<date>YYYY-MM-DD)(?:(?P<between>[T ])HH:MM(?P<seconds>:SS)?(?P<zone>Z\b)?)?|HH:MM(?P<alone>:SS)?",
    re.IGNORECASE,
)
"""How descriptions put a date, a time or both."""

_JOINING = ("allOf", "anyOf", "oneOf")
_KEYS = {
    "object": {"properties", "required", "additionalProperties", "patternProperties"},
    "array": {"items", "prefixItems", "minItems", "maxItems"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
    "string": {"pattern", "format", "minLength", "maxLength"},
}
"""What a schema without a type is meant for, by its keywords."""


def grounded_schema(schema: Schema, stated: Statements) -> dict[str, Any] | None:
    """The schema for values that are stated; None where there is none.

    A number is one that is stated, or the default. A list of numbers is one that was written as such, or all the
    numbers of a message. A text that is a date or a time, by its format or its description, is a stated one; in any
    other a number is stated, or of the default. What no schema bounds is of `STATED`, and so are what `$ref` leads to
    and what is chosen from (`enum`, `const`) as they are: `grounded_tools` narrows definitions.
    """
    if not schema.keys().isdisjoint({"enum", "const", "$ref"}):
        return dict(schema)
    joined: dict[str, Any] = {}
    about = {key: schema[key] for key in ("default", "description") if key in schema}
    for key in (key for key in _JOINING if key in schema):
        choices = [
            grounded_choice({**about, **one} if isinstance(one, Mapping) else one, stated) for one in schema[key]
        ]
        kept = [choice for choice in choices if choice is not None]
        if not kept or (key == "allOf" and len(kept) < len(choices)):
            return None
        # What is one of several stays one where each is narrowed, which a decoder may be unable to prove.
        joined["anyOf" if key == "oneOf" and "anyOf" not in schema else key] = kept
    bare = {key: value for key, value in schema.items() if key not in _JOINING}
    kind = schema.get("type") or next((kind for kind, keys in _KEYS.items() if keys & schema.keys()), None)
    if kind is None:
        return bare | joined if joined else {"$ref": STATED}
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


def grounded_choice(schema: Any, stated: Statements) -> Any:
    """`grounded_schema` of what may be true, for anything, or false, for nothing."""
    if isinstance(schema, Mapping):
        return grounded_schema(schema, stated)
    return None if schema is False else {"$ref": STATED} if schema is True else schema


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
    others = grounded_choice(schema.get("additionalProperties", True), stated) or False
    narrowed: dict[str, Any] = {**schema, "type": "object", "additionalProperties": others}
    for key in {"properties", "patternProperties"} & schema.keys():
        narrowed[key] = {name: grounded_choice(one, stated) or False for name, one in schema[key].items()}
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
    narrowed = grounded_choice(rest, stated)
    if narrowed is None and not first:
        return None
    return {
        **schema,
        **({"prefixItems": [grounded_choice(one, stated) or False for one in first]} if first else {}),
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
