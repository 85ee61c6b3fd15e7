"""What differs between two settings, for a person who asks why something is not the same any more."""

import json
from typing import Any

_SHOWN_CHARS = 60
_ABSENT = object()


def differences(before: Any, now: Any, path: str = "") -> list[str]:
    """Leaves in which two JSON values differ, in the order of the paths: `filters.length.min_chars 200 -> 300`."""
    if isinstance(before, dict) and isinstance(now, dict):
        lines: list[str] = []
        for name in sorted(before.keys() | now.keys()):
            below = f"{path}.{name}" if path else name
            lines += differences(before.get(name, _ABSENT), now.get(name, _ABSENT), below)
        return lines
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [
            line for i, pair in enumerate(zip(before, now, strict=True)) for line in differences(*pair, f"{path}[{i}]")
        ]
    if before is _ABSENT:
        return [f"{path} {_shown(now)} is new"]
    if now is _ABSENT:
        return [f"{path} {_shown(before)} is gone"]
    # JSON's text, because True == 1 == 1.0 and yet they make different identities
    return [] if json.dumps(before) == json.dumps(now) else [f"{path} {_shown(before)} -> {_shown(now)}"]


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 3]}..."
