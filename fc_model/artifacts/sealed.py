"""JSON files of half-done work with the sha256 of what they say: a flipped bit is noticed when they are read again."""

import json
from pathlib import Path
from typing import Any

from fc_model.artifacts.files import read_file, write_json
from fc_model.artifacts.manifest import seal


class Damaged(ValueError):
    """A file that is not what was written."""


def write_sealed(path: Path, value: dict[str, Any]) -> None:
    """Write a value durably. Raises ValueError for one with NaN or infinity in it."""
    write_json(path, {**value, "seal": seal(value)}, sort_keys=True, allow_nan=False)


def read_sealed(path: Path) -> dict[str, Any]:
    """What was written.

    Raises Damaged, which names the file, when it is anything else; FileNotFoundError when there is none.
    """
    try:
        value = json.loads(read_file(path))
        if value.pop("seal") != seal(value):
            raise ValueError("its seal does not match")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"{path} is damaged ({error})") from error
    assert isinstance(value, dict)
    return value
