"""What a tool is: a name, a description, the JSON Schema of its parameters, and a function that really does it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Schema = dict[str, Any]
"""JSON Schema, draft 2020-12; only keywords that grammars for constrained decoding know, too."""

TEXT: Schema = {"type": "string", "maxLength": 20_000}
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 200}
INTEGER: Schema = {"type": "integer", "minimum": -(10**18), "maximum": 10**18}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}


class ToolError(Exception):
    """A call that cannot be carried out: one line that names the argument, for the model to read."""


@dataclass(frozen=True)
class ImageToRead:
    """What an executor returns for the sandbox's reader to read: an upright RGB image, as the bytes of a PNG."""

    png: bytes


@dataclass(frozen=True)
class Tool:
    """One tool.

    Attributes:
        parameters: schema of an object that names every parameter and allows no other (`record`).
        executor: gets the arguments by name, after what `uses` names. Returns plain JSON, or an ImageToRead. Raises
            ToolError. Runs in the sandbox's child (child.py).
        result: schema of what it returns.
        uses: what of the sandbox's setting it needs besides the arguments.
        spellings: of parameters whose values have other names in a text, every value with all of its names.
    """

    name: str
    description: str
    parameters: Schema
    executor: Callable[..., Any]
    result: Schema
    uses: Literal["folder", "time", "corpus"] | None = None
    spellings: Mapping[str, Callable[[], Mapping[str, tuple[str, ...]]]] = field(default_factory=dict, hash=False)

    def schema(self) -> dict[str, Any]:
        """As OpenAI's chat completions take it: {"type": "function", "function": {name, description, parameters}}.

        `parameters` is the outline of the schema: the executor enforces the rest, and its errors tell a model.
        """
        function = {"name": self.name, "description": self.description, "parameters": outline(self.parameters)}
        return {"type": "function", "function": function}


_BOUNDS = {
    *("minLength", "maxLength", "pattern", "minItems", "maxItems", "minimum", "maximum"),
    "additionalProperties",
}
_MOST_CHOICES = 12
_TELLING = 36


def outline(schema: Schema) -> Schema:
    """The schema without bounds, but for those that say what a number is, as 1 to 12 does of a month; with examples in
    place of a long enumeration. A third fewer tokens in a prompt."""
    tells = schema.get("maximum", math.inf) <= _TELLING
    dropped = _BOUNDS - {"minimum", "maximum"} if tells else _BOUNDS
    short = {key: value for key, value in schema.items() if key not in dropped}
    if len(choices := short.get("enum", ())) > _MOST_CHOICES:
        del short["enum"]
        short = described(short, f"such as {choices[0]} or {choices[1]}")
    if "properties" in short:
        short["properties"] = {name: outline(value) for name, value in short["properties"].items()}
    if "items" in short:
        short["items"] = outline(short["items"])
    return short


def record(properties: Mapping[str, Schema], *, optional: Mapping[str, Schema] | None = None) -> Schema:
    """Schema of an object with these properties and no other; those of `optional` may be absent."""
    return {
        "type": "object",
        "properties": {**properties, **(optional or {})},
        "required": list(properties),
        "additionalProperties": False,
    }


def described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def array(items: Schema, *, least: int = 0, most: int = 10_000) -> Schema:
    return {"type": "array", "minItems": least, "maxItems": most, "items": items}  # checked in this order


def shown(text: object, *, most: int = 60) -> str:
    """A value in an error line: one line, quoted, escaped and cut, whatever it holds."""
    cut = text[: most + 1] if isinstance(text, str) else text
    quoted = ascii(cut) if isinstance(cut, str) and not cut.isprintable() else repr(cut)
    return quoted if len(quoted) <= most + 2 else f"{quoted[:most]}...{quoted[0] if isinstance(text, str) else ''}"
