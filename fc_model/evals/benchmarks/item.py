"""An item of a benchmark, and reading one from a row without trust in the row."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fc_model.errors import UserError

Row = Mapping[str, Any]

SEPARATOR = "\n\n"
"""Between two examples of a prompt, as in lm-evaluation-harness (`fewshot_delimiter`)."""

_DIGITS = re.compile(r"[0-9]{1,4}")
_MAX_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class Item:
    """What is asked, and what is right."""

    id: str
    prompt: str
    """Its answer follows behind one space."""
    target: str
    """The right answer as an example shows it."""
    choices: tuple[str, ...] = ()
    """Empty where the answer is written freely."""
    right: frozenset[int] = frozenset()
    """Numbers of the right choices."""
    description: str = ""
    """What stands once in front of the examples."""
    group: str = ""
    """Items of one group share their examples, such as those of a subject."""


def prompt_of(item: Item, examples: Sequence[Item] = ()) -> str:
    """Description, examples with their answers, and the item, without white space at the end."""
    shown = "".join(f"{example.prompt} {example.target}{SEPARATOR}" for example in examples)
    return f"{item.description}{shown}{item.prompt}"


def num_bytes(text: str) -> int:
    """Length in UTF-8; a lone surrogate counts its three bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


def text_hash(text: str) -> str:
    """sha256 of a text, the first 16 hex digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def shown(value: Any) -> str:
    """A value of a row as a part of one line."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


class Columns:
    """The columns of a row; every fault is a UserError that names the item, the column and the remedy."""

    def __init__(self, row: Row, where: str) -> None:
        self._row, self.where = row, where

    def __contains__(self, name: str) -> bool:
        return name in self._row

    def text(self, name: str) -> str:
        value = self._value(name)
        if not isinstance(value, str):
            raise self.fault(f"{name} is a {type(value).__name__}, not a text")
        return value

    def texts(self, name: str, key: str | None = None) -> tuple[str, ...]:
        """A list of at least two texts, none empty; with `key`, the list of that name in the column."""
        values = self.values(name, key)
        if not all(isinstance(value, str) for value in values):
            raise self.fault(f"{name} holds more than texts")
        if len(values) < 2:
            raise self.fault(f"{name} has {len(values)} choices, which leaves none to choose")
        for number, value in enumerate(values):
            if not value.strip():
                raise self.fault(f"choice {number} of {name} is empty")
        return tuple(values)

    def values(self, name: str, key: str | None) -> list[Any]:
        """A list; with `key`, the one of that name in the column."""
        value = self._value(name)
        if key is not None:
            if not isinstance(value, dict) or key not in value:
                raise self.fault(f"{name} has no {key!r}")
            value = value[key]
        if not isinstance(value, list):
            raise self.fault(f"{name} is a {type(value).__name__}, not a list")
        return value

    def number(self, name: str, *, below: int) -> int:
        """The number of a choice, as a number or its digits."""
        value = self._value(name)
        number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < below:
            raise self.fault(f"{name} is {shown(value)}, and the choices are 0 to {below - 1}")
        return number

    def fault(self, why: str) -> UserError:
        return UserError(f"{self.where}: {why}; correct the file")

    def _value(self, name: str) -> Any:
        if name not in self._row:
            raise self.fault(f"no column {name!r}, it has {', '.join(map(shown, self._row)) or 'none'}")
        return self._row[name]
