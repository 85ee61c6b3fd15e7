"""Sentence templates of voice assistants, drawn from and never expanded: a line may stand for billions of sentences.

The language is that of Home Assistant's hassil (https://github.com/OHF-Voice/hassil), of which that of OpenVoiceOS's
padatious is a part: `(a|b)` one of them, `[a]` or nothing, `(a;b)` all in any order, `{list}` or `{list:slot}` a value,
`<rule>` a template of that name.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import NamedTuple

_MAX_CHARS = 4_000
"""Of a template, and of a sentence."""
_MAX_DEPTH = 12
"""Of brackets, and of rules in rules."""
_MAX_STEPS = 2_000
"""Parts that a sentence is put together from."""
_TOKEN = re.compile(r"[()\[\]|;]|\{[^{}]*\}|<[^<>]*>|[^()\[\]{}<>|;]+|.", re.DOTALL)


class BadTemplate(Exception):
    """No template, or one that is too deep or too long."""


class Slot(NamedTuple):
    """A value of a list, under the name of a slot."""

    list: str
    name: str


@dataclass(frozen=True)
class Rule:
    """A template by name."""

    name: str


@dataclass(frozen=True)
class Choice:
    """One of its sequences, or where `is_permutation` all of them in any order."""

    sequences: tuple["Sequence_", ...]
    is_permutation: bool = False


Sequence_ = tuple["str | Slot | Rule | Choice", ...]
Fill = Callable[[Slot, Random], str]
"""The words for a value that it draws. Raises BadTemplate where it has none."""


@lru_cache(maxsize=10_000)
def parse(template: str) -> Choice:
    """Raises BadTemplate."""
    if len(template) > _MAX_CHARS:
        raise BadTemplate(f"a template of {len(template)} characters")
    tokens = _TOKEN.findall(template)
    choice, end = _choice(tokens, 0, "", 0)
    if end != len(tokens):
        raise BadTemplate(f"{tokens[end]!r} closes nothing")
    return choice


def slots(template: str, rules: Mapping[str, str]) -> Iterator[tuple[Slot, bool]]:
    """Every slot of a template, and whether every sentence has it. Raises BadTemplate."""
    yield from _slots(parse(template), rules, (), iter(range(_MAX_STEPS)), always=True)


def sentence(template: str, rules: Mapping[str, str], fill: Fill, random: Random) -> str:
    """A sentence, its white space single. Raises BadTemplate."""
    text = " ".join(_Drawing(rules, fill, random).draw(template).split())
    if not text or len(text) > _MAX_CHARS:
        raise BadTemplate(f"a sentence of {len(text)} characters")
    return text


def no_slots(slot: Slot, random: Random) -> str:
    """A `Fill` for templates without slots, as those of a list's values."""
    raise BadTemplate(f"{{{slot.list}}} stands in a value")


def _choice(tokens: list[str], place: int, end: str, depth: int) -> tuple[Choice, int]:
    """The alternatives from `place` up to the bracket `end`, and the place of that bracket."""
    if depth > _MAX_DEPTH:
        raise BadTemplate(f"brackets deeper than {_MAX_DEPTH}")
    sequences: list[list[str | Slot | Rule | Choice]] = [[]]
    marks = set()
    while place < len(tokens) and tokens[place] not in (")", "]"):
        token = tokens[place]
        if token in "|;":
            marks.add(token)
            sequences.append([])
        elif token in "([":
            inner, place = _choice(tokens, place + 1, ")" if token == "(" else "]", depth + 1)
            sequences[-1].append(inner if token == "(" else Choice(((), (inner,))))
        elif token in "{}<>":
            raise BadTemplate(f"{token!r} stands alone")
        elif token.startswith("{"):
            list_, _, name = token[1:-1].strip().partition(":")
            sequences[-1].append(Slot(list_, name or list_))
        else:
            sequences[-1].append(Rule(token[1:-1].strip()) if token.startswith("<") else token)
        place += 1
    if end and (place == len(tokens) or tokens[place] != end):
        raise BadTemplate(f"no {end!r} where it should be")
    if len(marks) > 1:
        raise BadTemplate("| and ; stand in one bracket")
    return Choice(tuple(map(tuple, sequences)), is_permutation=";" in marks), place


def _slots(
    choice: Choice, rules: Mapping[str, str], inside: tuple[str, ...], steps: Iterator[int], *, always: bool
) -> Iterator[tuple[Slot, bool]]:
    kept = always and (choice.is_permutation or len(choice.sequences) == 1)
    for part in (part for sequence in choice.sequences for part in sequence):
        if next(steps, None) is None:
            raise BadTemplate(f"more than {_MAX_STEPS} parts")
        if isinstance(part, Slot):
            yield part, kept
        elif isinstance(part, Choice):
            yield from _slots(part, rules, inside, steps, always=kept)
        elif isinstance(part, Rule) and part.name not in inside and part.name in rules:
            yield from _slots(parse(rules[part.name]), rules, (*inside, part.name), steps, always=kept)


class _Drawing:
    """One sentence on its way."""

    def __init__(self, rules: Mapping[str, str], fill: Fill, random: Random) -> None:
        self._rules, self._fill, self._random = rules, fill, random
        self._steps = 0

    def draw(self, template: str, depth: int = 0) -> str:
        if depth > _MAX_DEPTH:
            raise BadTemplate(f"rules in rules deeper than {_MAX_DEPTH}")
        return "".join(self._choice(parse(template), depth))

    def _choice(self, choice: Choice, depth: int) -> Iterator[str]:
        if choice.is_permutation:
            order = self._random.sample(choice.sequences, len(choice.sequences))
            chosen: Sequence_ = tuple(part for sequence in order for part in (" ", *sequence, " "))
        else:
            chosen = self._random.choice(choice.sequences)
        for part in chosen:
            self._steps += 1
            if self._steps > _MAX_STEPS:
                raise BadTemplate(f"a sentence of more than {_MAX_STEPS} parts")
            if isinstance(part, str):
                yield part
            elif isinstance(part, Slot):
                yield self._fill(part, self._random)
            elif isinstance(part, Choice):
                yield from self._choice(part, depth)
            elif part.name not in self._rules:
                raise BadTemplate(f"no rule <{part.name}>")
            else:
                yield self.draw(self._rules[part.name], depth + 1)
