"""Is a call valid, and is it the expected one: by value, and by the rules of BFCL's AST checker.

The Berkeley Function Calling Leaderboard (gorilla.cs.berkeley.edu/leaderboard) compares the name, asks for every
required parameter and for no unexpected one, and wants each value in a set that people wrote. Text is compared in lower
case without spaces and `,./-_*^`; an integer passes for a float. A reference conversation has one call and no such set.
Here a value is right when it is the reference's, and an optional parameter may be left out, or written, where it is the
schema's `default`. docs/chat-evals.md lists what differs.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from fc_model.chat.messages import ToolCall
from fc_model.chat.reply import arguments_schema
from fc_model.errors import UserError
from fc_model.json_schema import validator_of
from fc_model.strict_json import to_json
from fc_model.tools.arguments import parse
from fc_model.tools.tool import ToolError

Schemas = Mapping[str, Mapping[str, Any]]
"""JSON Schema of the parameters of each tool, by name."""

_IGNORED = re.compile(r"[ ,./\-_*^]")
_ANY_OBJECT: dict[str, Any] = {"type": "object"}


def schemas_of(tools: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Parameters by name, of tools in OpenAI's format. Raises UserError for one that is no schema by itself."""
    from jsonschema import Draft202012Validator, SchemaError

    schemas: dict[str, Mapping[str, Any]] = {tool["function"]["name"]: arguments_schema(tool) for tool in tools}
    for name, schema in schemas.items():
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise UserError(f"the parameters of {name} are no JSON Schema: {error.message[:100]}") from error
        for reference in _references(schema):
            if not reference.startswith("#"):  # jsonschema would fetch it
                raise UserError(f"the parameters of {name} refer to {reference[:100]!r}, which is another document")
    return schemas


def read_call(text: str, schemas: Schemas) -> ToolCall | None:
    """The call of a JSON text; None for what is not valid: strict JSON, a known name, arguments of its schema."""
    try:
        call = parse(text)
    except ToolError:
        return None
    if not isinstance(call, dict) or call.keys() != {"name", "arguments"} or not isinstance(call["name"], str):
        return None
    name, arguments = call["name"], call["arguments"]
    if name not in schemas or not isinstance(arguments, dict):
        return None
    try:
        return ToolCall(name, arguments) if validator_of(to_json(schemas[name])).is_valid(arguments) else None
    except RecursionError:  # a schema that is nothing but a reference to itself
        return None


def same_calls(calls: Iterable[ToolCall], expected: Iterable[ToolCall]) -> bool:
    """Whether both are the same calls, in any order: names, and arguments by value. 1 is 1.0, and true is not 1."""
    return _counted(calls, _exact) == _counted(expected, _exact)


def ast_match(calls: Iterable[ToolCall], expected: Iterable[ToolCall], schemas: Schemas) -> bool:
    """Whether both are the same calls in any order by the rules above."""

    def form(call: ToolCall) -> Hashable:
        schema = schemas.get(call.name, _ANY_OBJECT)
        required, properties = schema.get("required", ()), schema.get("properties", {})
        stated = {
            name: value
            for name, value in call.arguments.items()
            if name in required or not _is_default(value, properties.get(name))
        }
        return call.name, canonical(stated, loose=True)

    return _counted(calls, form) == _counted(expected, form)


def same_names(calls: Iterable[ToolCall], expected: Iterable[ToolCall]) -> bool:
    """Whether the same tools are called as often, in any order."""
    return _counted(calls, lambda call: call.name) == _counted(expected, lambda call: call.name)


def name_chance(expected: Sequence[ToolCall], num_tools: int) -> float:
    """What `same_names` is for one who knows how many calls to make and draws each name from the tools."""
    orders, placed = 1, Counter[str]()
    for place, call in enumerate(expected, start=1):
        placed[call.name] += 1
        orders = orders * place // placed[call.name]
    return float(orders / num_tools ** len(expected))


def canonical(value: Any, *, loose: bool = False) -> Hashable:
    """A JSON value that compares as JSON does: numbers by value, keys in any order, truth values apart from numbers.

    With `loose` texts compare as in BFCL.
    """
    if isinstance(value, dict):
        return "object", frozenset((name, canonical(item, loose=loose)) for name, item in value.items())
    if isinstance(value, list):
        return "array", tuple(canonical(item, loose=loose) for item in value)
    if isinstance(value, str):
        return "text", _IGNORED.sub("", value).lower().replace("'", '"') if loose else value
    return ("truth" if isinstance(value, bool) else "number"), value


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        yield from (value for key, value in schema.items() if key in ("$ref", "$dynamicRef") and isinstance(value, str))
    for item in schema.values() if isinstance(schema, Mapping) else schema if isinstance(schema, list) else ():
        yield from _references(item)


def _exact(call: ToolCall) -> Hashable:
    return call.name, canonical(call.arguments)


def _counted(calls: Iterable[ToolCall], form: Any) -> Counter[Hashable]:
    return Counter(map(form, calls))


def _is_default(value: Any, schema: Any) -> bool:
    return isinstance(schema, Mapping) and "default" in schema and canonical(value) == canonical(schema["default"])
