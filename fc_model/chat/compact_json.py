"""JSON as it stands in a rendered conversation: compact, in the order of its keys, characters as they are."""

import json
from typing import Any, NoReturn


def to_json(value: Any) -> str:
    """The text of a value, in UTF-8's characters.

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


def from_json(text: str) -> Any:
    """The value of a text. Raises ValueError for NaN, infinity, a key that stands twice and too deep nesting too."""
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_object)
    except RecursionError as error:
        raise ValueError(str(error)) from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) < len(pairs):
        twice = next(key for place, (key, _) in enumerate(pairs) if key in dict(pairs[:place]))
        raise ValueError(f"the key {twice!r} stands twice")
    return keys
