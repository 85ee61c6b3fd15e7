"""The JSON that a model wrote for a call: strict, bounded, and with numbers as JSON Schema counts them."""

from typing import Any

from fc_model.strict_json import parse_json
from fc_model.tools.tool import ToolError

MAX_CHARACTERS = 64 * 1024
MAX_DEPTH = 16
MAX_DIGITS = 100
"""Of an integer."""
_EXACT_INTEGERS = 2**53


def parse(text: str) -> Any:
    """The value of a JSON text.

    A number without a fraction is an int however it is written (1.0, 1e3), as JSON Schema counts it.

    Raises:
        ToolError: it is no strict JSON, too long, nested too deep, holds an integer of too many digits or half of a
            surrogate pair.
    """
    if len(text) > MAX_CHARACTERS:
        raise ToolError(f"the JSON has {len(text)} characters, {MAX_CHARACTERS} are allowed")
    try:
        value = parse_json(text, max_depth=MAX_DEPTH)
        text.encode()
    except UnicodeEncodeError as error:
        raise ToolError("the JSON holds half of a surrogate pair, which is no character") from error
    except ValueError as error:
        raise ToolError(f"no valid JSON: {error}") from error
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(_plain, value))
    if isinstance(value, str):
        _check_characters(value)
    elif isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT_INTEGERS:
        return int(value)
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**MAX_DIGITS:
        raise ToolError(f"a number has more than {MAX_DIGITS} digits")
    return value


def _check_characters(text: str) -> None:
    """Escapes (\\ud800) make halves of surrogate pairs, too."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ToolError("a string holds half of a surrogate pair, which is no character") from error
