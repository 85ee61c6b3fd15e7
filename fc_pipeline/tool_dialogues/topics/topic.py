"""A topic: what users ask of one tool, in which words, with which values, and how the answer tells its result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from fc_model.strict_json import to_json
from fc_pipeline.tool_dialogues.spelling import spellings
from fc_pipeline.tool_dialogues.values import Values


class Drawn(NamedTuple):
    """Arguments of a call, the texts that stand for them, and the files that the folder has."""

    arguments: dict[str, Any]
    slots: dict[str, str]
    files: Mapping[str, str] = MappingProxyType({})


Draw = Callable[[Random, Values], Drawn]


@dataclass(frozen=True)
class Missing:
    """Requests that leave out a slot, and how the assistant asks for it."""

    slot: str
    requests: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True)
class Topic:
    """Templates with {slots}; those of answers have the fields of the result, too (`slots_of`).

    Attributes:
        shown: slots of the answer that a result and the slots of the request make, beside its fields.
    """

    tool: str
    requests: tuple[str, ...]
    answers: tuple[str, ...]
    draw: Draw
    missing: Missing | None = None
    shown: Callable[[Any, Mapping[str, str]], dict[str, Any]] = lambda result, slots: {}


@dataclass(frozen=True)
class Chain:
    """Two calls, the second with what the first returned. Slots of the first result begin with `first_`.

    Attributes:
        then: arguments of the second call, from those of the first and its result.
    """

    tools: tuple[str, str]
    requests: tuple[str, ...]
    answers: tuple[str, ...]
    draw: Draw
    then: Callable[[Drawn, Any], dict[str, Any]]


def slots_of(result: Any, prefix: str = "") -> dict[str, str]:
    """The fields of a result as texts: of an object each by its key, of anything else `result`."""
    fields = result if isinstance(result, dict) else {"result": result}
    return {prefix + key: told(value) for key, value in fields.items()}


def told(value: Any) -> str:
    """A value in an answer."""
    if isinstance(value, list):
        return ", ".join(map(told, value))
    return value if isinstance(value, str) else to_json(value)


def spelled(random: Random, value: Any, parameter: str = "") -> str:
    """One of the ways to write a value."""
    return random.choice(spellings(value, parameter))


def listed(random: Random, items: Sequence[Any]) -> str:
    """Items as people list them."""
    texts = list(map(told, items))
    if random.random() < 0.5:
        return ", ".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"
