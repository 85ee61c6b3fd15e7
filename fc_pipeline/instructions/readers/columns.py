"""The columns of a record under the names of its format."""

import json
from collections.abc import Mapping
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.instructions.validate import Invalid
from fc_pipeline.sources.readers.strict_json import parse_json

_MAX_NAMES_CHARS = 200


class Columns:
    """A record's values by the names that the format has for them; `names` maps those to the record's own."""

    def __init__(self, row: Mapping[str, Any], names: Mapping[str, str]) -> None:
        self._row, self._names = row, names

    def require(self, column: str) -> Any:
        """The value. Raises BadInput, which names the columns that there are, when there is no such column."""
        name = self._names.get(column, column)
        if name not in self._row:
            present = ", ".join(self._row)[:_MAX_NAMES_CHARS]
            raise BadInput("no_column", f"no column {name}; it has {present}: set `columns: {{{column}: ...}}`")
        return self._row[name]

    def get(self, column: str) -> Any:
        """The value, None when there is no such column."""
        return self._row.get(self._names.get(column, column))

    def text(self, column: str, *, required: bool = False) -> str:
        """A text; null is none. Raises Invalid for anything else."""
        return as_text(self.require(column) if required else self.get(column), column)

    def tools(self, column: str = "tools") -> list[Any]:
        """The tools, which may stand as JSON text, and as functions without `{"type": "function"}` around them."""
        value = self.get(column)
        if isinstance(value, str):
            value = from_json(value, "tools") if value.strip() else None
        tools = [value] if isinstance(value, dict) else value or []
        if not isinstance(tools, list):
            raise Invalid("invalid_tools", f"tools: a list is expected, not {type(tools).__name__}")
        return [
            {"type": "function", "function": tool} if isinstance(tool, dict) and "function" not in tool else tool
            for tool in tools
        ]


def as_text(value: Any, where: str) -> str:
    """A text; null is none. Raises Invalid for anything else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Invalid("not_text", f"{where}: a text is expected, not {type(value).__name__}")
    return value


def from_json(text: str, where: str) -> Any:
    """The value of a JSON text. Raises Invalid."""
    try:
        return parse_json(text)
    except BadInput as error:
        raise Invalid(
            "invalid_tools" if where == "tools" else "invalid_arguments", f"{where}: {error.detail}"
        ) from error


def arguments(call: Mapping[str, Any]) -> Any:
    """The arguments of a call: none are an empty object, be they absent, null, or text that is empty or `null`."""
    value = call.get("arguments")
    return {} if value is None or (isinstance(value, str) and value.strip() in ("", "null")) else value


def result_text(value: Any) -> str:
    """What a tool gives as text: as it is, or compact JSON of a value."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def listed(value: Any, where: str) -> list[dict[str, Any]]:
    """A list of objects. Raises Invalid for anything else."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Invalid("no_messages", f"{where}: a list of objects is expected")
    return value
