"""JSON as RFC 8259 has it, and nothing that parsers understand differently. For text that a model wrote."""

import json
import math
import re
from typing import Any

from fc_model.tools.tool import ToolError, shown

MAX_CHARACTERS = 64 * 1024
MAX_DEPTH = 16
MAX_DIGITS = 100
"""Of one number as it is written."""
_EXACT_INTEGERS = 2**53
_STRUCTURE = re.compile(r'\\.|["\[\]{}]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse(text: str) -> Any:
    """The value of a JSON text.

    A number without a fraction is an int however it is written (1.0, 1e3), as JSON Schema counts it.

    Raises:
        ToolError: it is no JSON, too long or nested too deep, a key stands twice in an object, a number is not finite
            or has too many digits, or a string holds half a surrogate pair.
    """
    if len(text) > MAX_CHARACTERS:
        raise ToolError(f"the JSON has {len(text)} characters, {MAX_CHARACTERS} are allowed")
    if _SURROGATE.search(text):
        raise ToolError("the JSON holds half of a surrogate pair, which is no character")
    _check_depth(text)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ToolError(f"no valid JSON: {error.msg} at character {error.pos}") from error
    _check_strings(value)
    return value


def dump(value: Any) -> str:
    """Compact JSON. Raises ValueError for NaN and Infinity."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _check_depth(text: str) -> None:
    """Before parsing: the parser recurses. One pass, without a stack of its own."""
    depth, in_string = 0, False
    for match in _STRUCTURE.finditer(text):
        sign = match.group()
        if sign == '"':
            in_string = not in_string
        elif not in_string and sign in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ToolError(f"the JSON is nested deeper than {MAX_DEPTH} levels")
        elif not in_string and sign in "]}":
            depth -= 1


def _check_strings(value: Any) -> None:
    """Escapes (\\ud800) make halves of surrogate pairs, too."""
    if isinstance(value, str) and _SURROGATE.search(value):
        raise ToolError("a string holds half of a surrogate pair, which is no character")
    if isinstance(value, dict):
        for key, item in value.items():
            _check_strings(key)
            _check_strings(item)
    elif isinstance(value, list):
        for item in value:
            _check_strings(item)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ToolError(f"the key {shown(twice)} stands twice in an object")
    return value


def _digits(text: str) -> str:
    if len(text) > MAX_DIGITS:
        raise ToolError(f"a number has {len(text)} characters, {MAX_DIGITS} are allowed")
    return text


def _integer(text: str) -> int:
    return int(_digits(text))


def _float(text: str) -> float | int:
    number = float(_digits(text))
    if not math.isfinite(number):
        raise ToolError(f"the number {text} is too large")
    return int(number) if number.is_integer() and abs(number) <= _EXACT_INTEGERS else number


def _constant(text: str) -> Any:
    raise ToolError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant)
