"""The columns that a source's records are expected to have, and how a file differs from them.

Types are Arrow's names without what says the same: `string` is large_string too, `list<T>` any list of T, `struct` any
struct, `timestamp` and `date` any unit. A JSON record is held to the same names. `any` is every type.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow

OTHERS = "*"
_TEXT_TYPES = {"string", "timestamp", "date", "time"}
"""In JSON all of these are texts."""


def difference(expected: Mapping[str, str], actual: Mapping[str, str]) -> str | None:
    """What differs, as half a sentence; None when nothing does."""
    parts = []
    for column, wanted in expected.items():
        if column == OTHERS:
            continue
        optional = wanted.endswith("?")
        if column not in actual:
            if not optional:
                parts.append(f"column {column} is gone")
        elif not _agrees(wanted.removesuffix("?"), actual[column]):
            parts.append(f"column {column}: expected {wanted.removesuffix('?')}, is {actual[column]}")
    new = [f"{column} ({actual[column]})" for column in actual if column not in expected]
    if new and OTHERS not in expected:
        parts.append(f"new: {', '.join(new)}")
    return "; ".join(parts) or None


def record_difference(expected: Mapping[str, str], record: Mapping[str, Any]) -> str | None:
    """The same for one JSON record; null is of every type."""
    if expected.keys() == record.keys() and all(fits(expected[name], value) for name, value in record.items()):
        return None
    # A value that fits is named as it was expected (1 fits double), so that only what differs is said.
    actual = {
        name: expected[name].removesuffix("?") if fits(expected.get(name, ""), value) else json_type(value)
        for name, value in record.items()
    }
    return difference(expected, actual)


def fits(wanted: str, value: Any) -> bool:
    """True when a JSON value is of the type."""
    wanted = wanted.removesuffix("?")
    if value is None or wanted == "any":
        return bool(wanted)
    if isinstance(value, bool):
        return wanted == "bool"
    if isinstance(value, str):
        return wanted in _TEXT_TYPES
    if isinstance(value, int):
        return wanted.startswith(("int", "uint")) or wanted in {"float", "double"}
    if isinstance(value, float):
        return wanted in {"float", "double"}
    if isinstance(value, list):
        inner = wanted.removeprefix("list<").removesuffix(">") if wanted.startswith("list<") else ""
        return wanted == "list" or (bool(inner) and all(fits(inner, element) for element in value))
    return wanted.startswith("struct")


def json_type(value: Any) -> str:
    """The name of a JSON value's type."""
    if value is None:
        return "null"
    if isinstance(value, list):
        inner = sorted({json_type(element) for element in value})
        return f"list<{' or '.join(inner) or 'null'}>"
    names = {bool: "bool", str: "string", int: "int64", float: "double"}
    return names.get(type(value), "struct")


def arrow_type(kind: "pyarrow.DataType") -> str:
    """The name of an Arrow type."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return arrow_type(kind.value_type)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return "string"
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind):
        return "binary"
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return f"list<{arrow_type(kind.value_type)}>"
    if types.is_struct(kind):
        return f"struct<{', '.join(f'{field.name}: {arrow_type(field.type)}' for field in kind)}>"
    for name in ("timestamp", "date", "time"):
        if getattr(types, f"is_{name}")(kind):
            return name
    return str(kind)


def _agrees(wanted: str, actual: str) -> bool:
    if wanted in {"any", actual}:
        return True
    if wanted in {"struct", "list"}:
        return actual.startswith(wanted)
    if wanted.startswith("list<") and actual.startswith("list<"):
        return _agrees(wanted[5:-1], actual[5:-1])
    return False
