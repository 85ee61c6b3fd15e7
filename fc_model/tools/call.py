"""A call as a model wrote it, carried out: what comes back is a result or an error, as data. Nothing here raises."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from fc_model.errors import suggestion
from fc_model.json_schema import validator_of
from fc_model.strict_json import to_json
from fc_model.tools.arguments import parse
from fc_model.tools.registry import TOOLS
from fc_model.tools.sandbox import Sandbox
from fc_model.tools.tool import Tool, ToolError, shown

if TYPE_CHECKING:
    from jsonschema import ValidationError

_MOST_ERRORS = 20
"""An array may have thousands, each of which costs as much as the whole check."""
_TYPE_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


@dataclass(frozen=True)
class Outcome:
    """What a call came to: `value` is plain JSON, or `error` one line."""

    value: Any = None
    error: str | None = None

    def text(self) -> str:
        """For the transcript: the value as compact JSON, or {"error": line}."""
        return to_json(self.value if self.error is None else {"error": self.error})


def run_call(text: str, sandbox: Sandbox) -> Outcome:
    """Carry out {"name": ..., "arguments": {...}}."""
    try:
        tool, arguments = parse_call(text)
        return Outcome(value=sandbox.run(tool, arguments))
    except ToolError as error:
        return Outcome(error=str(error))


def run_tool(name: str, arguments: str, sandbox: Sandbox) -> Outcome:
    """Carry out a call of a tool with the JSON text of its arguments."""
    try:
        tool = _tool(name, TOOLS)
        return Outcome(value=sandbox.run(tool, validated(tool, parse(arguments))))
    except ToolError as error:
        return Outcome(error=str(error))


def parse_call(text: str, tools: Mapping[str, Tool] = TOOLS) -> tuple[Tool, dict[str, Any]]:
    """The tool and the arguments of a call as JSON text, validated.

    Raises:
        ToolError: it is no strict JSON (arguments.py), no call, of no tool, or its arguments break the tool's schema.
    """
    call = parse(text)
    if not isinstance(call, dict) or call.keys() != {"name", "arguments"} or not isinstance(call["name"], str):
        raise ToolError('a call is {"name": "...", "arguments": {...}}')
    tool = _tool(call["name"], tools)
    return tool, validated(tool, call["arguments"])


def validated(tool: Tool, arguments: Any) -> dict[str, Any]:
    """The arguments, which fit the tool's schema. Raises ToolError, one line that names the parameter."""
    errors = islice(validator_of(to_json(tool.parameters)).iter_errors(arguments), _MOST_ERRORS)
    # A misspelt parameter is missing, too: its line says more.
    for error in sorted(errors, key=lambda error: error.validator != "additionalProperties"):
        raise ToolError(f"{tool.name}: {_line(error)}")
    return dict(arguments)


def _tool(name: str, tools: Mapping[str, Tool]) -> Tool:
    if name not in tools:
        raise ToolError(f"no tool {shown(name)}{suggestion(name[:100], tools)}")
    return tools[name]


def _line(error: "ValidationError") -> str:
    """jsonschema's own message repeats the whole instance, whatever its length."""
    where = ".".join(map(str, error.absolute_path)) or "arguments"
    schema: Any = error.schema
    instance, limit = error.instance, error.validator_value
    known = ", ".join(schema.get("properties", {}))
    match error.validator:
        case "additionalProperties":
            unknown = next(key for key in instance if key not in schema["properties"])
            return f"no parameter {shown(unknown)}; there are: {known or 'none'}"
        case "required":
            missing = next(key for key in schema["required"] if key not in instance)
            return f"the parameter {missing} is missing"
        case "type":
            kinds = limit if isinstance(limit, list) else [limit]
            actual = "null" if instance is None else _TYPE_NAMES[type(instance)]
            return f"{where} must be of type {' or '.join(kinds)}, not {actual}"
        case "enum":
            return f"{where} must be one of {', '.join(limit)}, not {shown(instance)}"
        case "minimum" | "maximum":
            return f"{where} must be {'at least' if error.validator == 'minimum' else 'at most'} {limit}"
        case "minLength" | "maxLength" | "minItems" | "maxItems":
            unit = "characters" if error.validator.endswith("Length") else "items"
            bound = "at least" if error.validator.startswith("min") else "at most"
            return f"{where} has {len(instance)} {unit}, it must have {bound} {limit}"
        case "pattern":
            return f"{where} has another form than {schema.get('description', limit)}: {shown(instance)}"
    return f"{where} breaks the rule {error.validator} of its schema"
