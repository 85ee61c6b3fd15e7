"""Questions to a JSON value: a place by JSON Pointer (RFC 6901), and the items of a list that fit a condition."""

import operator
import re
from collections.abc import Callable
from typing import Any

from fc_model.tools.tool import NAME, Schema, Tool, ToolError, described, one_of, record, shown

SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "contains": lambda value, part: part in value,
}
_INDEX = re.compile("0|[1-9][0-9]{0,9}")


def query_json(
    document: Any, pointer: str = "", field: str | None = None, operator: str = "==", value: Any = None
) -> Any:
    """The value that a pointer leads to; with `field`, those items of this list whose field compares so to `value`."""
    target = _follow(document, pointer)
    if field is None:
        return target
    if not isinstance(target, list):
        raise ToolError("a condition needs a list, and the pointer leads to none")
    return [
        item for item in target if isinstance(item, dict) and field in item and compare(item[field], operator, value)
    ]


def compare(left: Any, sign: str, right: Any) -> bool:
    """As JSON compares: values of different kinds are unequal, and in no order."""
    if _kind(left) is not _kind(right):
        return sign == "!="
    if sign in ("==", "!="):
        return COMPARISONS[sign](left, right)
    if sign == "contains":
        return isinstance(left, str) and right in left
    return isinstance(left, str | float | int) and not isinstance(left, bool) and COMPARISONS[sign](left, right)


def _kind(value: Any) -> type:
    return float if type(value) is int else type(value)


def _follow(document: Any, pointer: str) -> Any:
    if pointer and not pointer.startswith("/"):
        raise ToolError(f"a pointer is empty or begins with /, as in /people/0/name: {shown(pointer)}")
    value = document
    for step in pointer.split("/")[1:]:
        if re.search("~(?![01])", step):
            raise ToolError("in a pointer ~ is written ~0, and / in a key ~1")
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and _INDEX.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            raise ToolError(f"nothing is at {shown(step)} of {shown(pointer)}")
    return value


TOOLS = (
    Tool(
        name="query_json",
        description="Finds a value in a JSON document by its pointer, or the items of a list that meet a condition.",
        parameters=record(
            {"document": {"type": ["object", "array"]}},
            optional={
                "pointer": described({"type": "string", "maxLength": 1000}, "such as /people/0/name"),
                "field": described(NAME, "of each item of the list, for a condition"),
                "operator": one_of(*COMPARISONS),
                "value": described(SCALAR, "what the field is compared to"),
            },
        ),
        executor=query_json,
        result={},
    ),
)
