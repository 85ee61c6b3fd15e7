"""Instructions that a program checks, scored as IFEval does (Zhou et al. 2023, arXiv:2311.07911).

Strict: the reply as it is. Loose: any of eight variants of it, without its first line, its last line, both, and each of
these without asterisks. An empty reply follows nothing.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from fc_model.strict_json import parse_json

_WORD = re.compile(r"\w+")
_BULLET = re.compile(r"^[^\S\n]*(?:\*[^*]|-).*$", re.MULTILINE)
_FENCE = re.compile(r"\A```(?:json)?(.*)```\Z", re.DOTALL | re.IGNORECASE)
"""One way to match each, so that a reply of white space alone costs no more than its length."""
_LEAST_KEYWORD = 4


@dataclass(frozen=True)
class Instruction:
    """One condition: its name in KINDS, and what it is about (a number, a word; None where it needs neither)."""

    kind: str
    about: int | str | None = None

    @property
    def wording(self) -> str:
        """The sentence that asks for it."""
        return KINDS[self.kind].wording.format(self.about)

    def followed_by(self, text: str) -> bool:
        """Whether a text does it; an empty one does not."""
        return bool(text.strip()) and KINDS[self.kind].holds(text, self.about)

    def loosely_followed_by(self, text: str) -> bool:
        """Whether any of the variants does it."""
        return any(map(self.followed_by, variants(text)))


@dataclass(frozen=True)
class InstructionKind:
    """How a condition is asked for and checked."""

    wording: str
    holds: Callable[[str, Any], bool]
    draw: Callable[[Random, Sequence[str]], int | str | None]
    """What it is about, drawn with the words of the text that is written about."""


def _is_json(text: str, _: None) -> bool:
    fenced = _FENCE.match(text.strip())
    try:
        return isinstance(parse_json(fenced[1] if fenced else text), dict | list)
    except ValueError:
        return False


def _names(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


def _number(*choices: int) -> Callable[[Random, Sequence[str]], int]:
    return lambda random, words: random.choice(choices)


def _keyword(random: Random, words: Sequence[str]) -> str:
    return random.choice(sorted({word.lower() for word in words if len(word) >= _LEAST_KEYWORD}) or ["text"])


def _nothing(random: Random, words: Sequence[str]) -> None:
    return None


KINDS = {
    "at_least_words": InstructionKind(
        "Use at least {} words.", lambda text, number: len(_WORD.findall(text)) >= number, _number(5, 10, 20)
    ),
    "at_most_words": InstructionKind(
        "Use at most {} words.", lambda text, number: len(_WORD.findall(text)) <= number, _number(10, 20, 40)
    ),
    "contains": InstructionKind("Use the word {}.", _names, _keyword),
    "avoids": InstructionKind("Do not use the word {}.", lambda text, word: not _names(text, word), _keyword),
    "starts_with": InstructionKind(
        "Begin with the word {}.",
        lambda text, word: re.match(rf"\s*{re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None,
        _keyword,
    ),
    "ends_with": InstructionKind(
        "End with the word {}.",
        lambda text, word: re.search(rf"(?<!\w){re.escape(word)}[\s\".!?]*\Z", text, re.IGNORECASE) is not None,
        _keyword,
    ),
    "lower_case": InstructionKind("Use lower case letters only.", lambda text, _: text.islower(), _nothing),
    "no_commas": InstructionKind("Do not use any commas.", lambda text, _: "," not in text, _nothing),
    "json_only": InstructionKind("Answer with a JSON object and nothing else.", _is_json, _nothing),
    "bullets": InstructionKind(
        "Answer in exactly {} bullet points that begin with a dash.",
        lambda text, number: len(_BULLET.findall(text)) == number,
        _number(2, 3, 4),
    ),
    "lines": InstructionKind(
        "Answer in exactly {} lines.",
        lambda text, number: sum(bool(line.strip()) for line in text.splitlines()) == number,
        _number(2, 3, 4),
    ),
}
_SHAPES, _COMPATIBLE = ("bullets", "lines"), ("contains", "avoids", "lower_case", "no_commas")
"""One of each makes two instructions that don't contradict each other."""


def draw_instructions(random: Random, text: str) -> tuple[Instruction, ...]:
    """One instruction, or two that can both be followed, about a text."""
    words = _WORD.findall(text)
    kinds = [random.choice(list(KINDS))]
    if random.random() < 0.5:
        kinds = [random.choice(_SHAPES), random.choice(_COMPATIBLE)]
    return tuple(Instruction(kind, KINDS[kind].draw(random, words)) for kind in kinds)


def instruction_prompt(text: str, instructions: Sequence[Instruction]) -> str:
    """What the user says."""
    return " ".join(["Write about this text.", *(one.wording for one in instructions)]) + f"\n\n{text}"


def variants(text: str) -> list[str]:
    """The eight texts of which a loose check takes any."""
    lines = text.split("\n")
    cut = [text, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return [*cut, *(one.replace("*", "") for one in cut)]
