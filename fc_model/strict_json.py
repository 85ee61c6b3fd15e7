"""JSON without what parsers disagree on: NaN, duplicate keys, numbers beyond a float, bottomless nesting (RFC 8259)."""

import json
import math
import re
from typing import Any

MAX_DEPTH = 64
"""A fixed depth, since the depth that Python's parser bears depends on who calls it and on its version."""

_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NOT_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))


def parse_json(text: str, *, strict: bool = True, max_depth: int = MAX_DEPTH) -> Any:
    """The value of a JSON text. Raises ValueError, one line, for anything that is not strict JSON.

    With `strict` false duplicate keys pass, and NaN and numbers beyond a float as None, as for metadata that nobody
    needs and the outputs of notebooks. Lone surrogates pass: Python has such strings.
    """
    if text.count("[") + text.count("{") > max_depth and _depth(text) > max_depth:
        raise ValueError(f"nested deeper than {max_depth}")
    try:
        return (_STRICT if strict else _LENIENT).decode(text)
    except RecursionError as error:
        raise ValueError(str(error)) from error


def to_json(value: Any) -> str:
    """A value as compact JSON, in the order of its keys, characters as they are.

    Raises ValueError, with the reason, for what JSON has not: NaN, infinity, lone surrogates, other types, too deep
    nesting.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate is no character") from None
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    return text


def _depth(text: str) -> int:
    """The deepest nesting of brackets outside strings."""
    brackets = _STRING.sub("", text).encode("ascii", "replace").translate(None, delete=_NOT_BRACKETS)
    depth = deepest = 0
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:20]} is beyond a float")
    return value


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"key {twice[:40]!r} comes twice in one object")
    return members


def _finite_or_none(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


_LENIENT = json.JSONDecoder(parse_float=_finite_or_none, parse_constant=lambda _: None)
_STRICT = json.JSONDecoder(parse_float=_finite, parse_constant=_constant, object_pairs_hook=_unique)
