"""Text for images out of a corpus, and what of it some faces can draw."""

import copy
import json
import random
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fc_model.data.images.record import Split
from fc_model.errors import UserError
from fc_pipeline.images.strings import string_key, string_split
from fc_pipeline.images.synthesis.face import Face, Faces, NotDrawn
from fc_pipeline.images.synthesis.page import TextPool
from fc_pipeline.images.synthesis_config import StringsConfig

_TRIES = 200
_TITLE_CHARS, _TITLE_WORDS = 40, 6
_DRAWABLE_TRIES = 30
_STRETCHES = 8
_SAME_BEGINNING, _SAME_SHARE = 3, 0.01
"""Titles that begin with the same two words: at most so many, or that share of all, are kept."""
_RARE_SHARE = 0.1
"""Draws that may have characters which few faces cover; else a long text would always be set in those few."""
_SENTENCE_END = re.compile(r"[.!?][\"”’)]?(?= |$)")


class Passage(NamedTuple):
    """A document of the sample."""

    id: str
    licence: str


class _Prose:
    """Texts of documents, every character as likely to be drawn."""

    def __init__(self) -> None:
        self.texts: list[tuple[int, str]] = []
        """(document, text)."""
        self._starts: list[int] = []
        """Number in all of each text's first character."""
        self._size = 0

    def add(self, document: int, text: str) -> None:
        self.texts.append((document, text))
        self._starts.append(self._size)
        self._size += len(text)

    def place(self, rng: random.Random) -> tuple[int, str, int]:
        """(document, its text, start of a word in it)."""
        position = rng.randrange(self._size)
        number = bisect_right(self._starts, position) - 1
        owner, text = self.texts[number]
        end = position - self._starts[number]
        line = text.rfind("\n", 0, end) + 1
        return owner, text, max(text.rfind(" ", 0, end) + 1, line)


class CorpusText:
    """Implements TextPool (page.py); NotDrawn when no words are so short. `taken()` tells what documents gave them.

    `plain` is the same pool without mark-up, talk's speakers, formulas and tables.

    Short strings are those of the split, and common ones are drawn less often than they stand in the sample: a line
    of one word is otherwise "the" once in twenty times.
    """

    def __init__(
        self, passages: Iterable[dict[str, Any]], faces: Faces, *, split: Split, strings: StringsConfig
    ) -> None:
        """Raises UserError when the sample has no prose."""
        self._documents: list[Passage] = []
        self._prose, running = _Prose(), _Prose()
        self._code: list[tuple[int, list[str]]] = []
        self._titles: list[tuple[int, str]] = []
        self._taken: set[int] = set()
        for raw in passages:
            number = len(self._documents)
            self._documents.append(Passage(raw["id"], raw["licence"]))
            self._titles += [
                (number, title) for title in raw["titles"] if string_split(title, strings) in (None, split)
            ]
            if raw["code"]:
                self._code.append((number, raw["text"].split("\n")))
            else:
                self._prose.add(number, raw["text"])
                if raw["plain"]:
                    running.add(number, raw["plain"])
        if not self._prose.texts:
            raise UserError(f"the corpus has no prose for the text of {split} images; add a source that is no code")
        self._titles = _of_many_beginnings(self._titles)
        counts = Counter(character for face in faces.faces for character in face.characters)
        self._common = frozenset(c for c, count in counts.items() if 4 * count >= 3 * len(faces.faces))
        """Characters that at least three faces of four cover."""
        self._split, self._strings = split, strings
        self._counts = _common_strings((text for _, text in self._prose.texts), strings)
        self.plain = copy.copy(self)
        self.plain._prose = running if running.texts else self._prose

    def sentence(self, rng: random.Random, *, max_chars: int) -> str:
        return self._fitting(rng, lambda: self._run(rng, max_chars))

    def paragraph(self, rng: random.Random, *, max_chars: int) -> str:
        return self._fitting(rng, lambda: self._sentences(rng, max_chars))

    def title(self, rng: random.Random) -> str:
        """A heading of the corpus; when the split has none, a few words of a sentence."""
        if not self._titles:
            return self._fitting(rng, lambda: self._first_words(rng))
        return self._fitting(rng, lambda: rng.choice(self._titles))

    def code(self, rng: random.Random, *, max_lines: int, max_columns: int) -> list[str]:
        """Consecutive lines of code, or of prose's words broken anew when the corpus has no code."""
        if not self._code:
            count = rng.randint((max_lines + 1) // 2, max_lines)
            return [self.sentence(rng, max_chars=max_columns) for _ in range(count)]
        text = self._fitting(rng, lambda: self._listing(rng, max_lines, max_columns))
        return text.split("\n")

    def taken(self) -> list[Passage]:
        """The documents that text was taken from since the last call, by id."""
        passages = sorted(self._documents[number] for number in self._taken)
        self._taken.clear()
        return passages

    def _fitting(self, rng: random.Random, draw: Callable[[], tuple[int, str]]) -> str:
        """Draws until the text is not empty and most faces cover it."""
        rare = rng.random() < _RARE_SHARE
        last = -1, ""
        for _ in range(_TRIES):
            owner, text = draw()
            if text and self._is_drawn(rng, text):
                last = owner, text
                if rare or self._common.issuperset(text.replace("\n", " ")):
                    break
        if not last[1]:
            raise NotDrawn("no_text")
        self._taken.add(last[0])
        return last[1]

    def _is_drawn(self, rng: random.Random, text: str) -> bool:
        """Whether the split may show the string, by chance for a common one."""
        if string_split(text, self._strings) not in (None, self._split):
            return False
        count = self._counts.get(string_key(text))
        return count is None or rng.random() < (self._strings.common / count) ** self._strings.temper

    def _run(self, rng: random.Random, max_chars: int) -> tuple[int, str]:
        owner, text, start = self._prose.place(rng)
        end = text.find("\n", start)
        return owner, _whole_words(text[start : None if end < 0 else end], max_chars)

    def _first_words(self, rng: random.Random) -> tuple[int, str]:
        owner, text = self._run(rng, _TITLE_CHARS)
        return owner, " ".join(text.split()[:_TITLE_WORDS])

    def _sentences(self, rng: random.Random, max_chars: int) -> tuple[int, str]:
        owner, text, start = self._prose.place(rng)
        line = text.rfind("\n", 0, start) + 1
        before = max(text.rfind(mark, line, start) for mark in (". ", "! ", "? "))
        words = _whole_words(text[line if before < 0 else before + 2 :].replace("\n", " "), max_chars)
        last = max((match.end() for match in _SENTENCE_END.finditer(words)), default=0)
        return owner, words[:last] if 2 * last >= max_chars else words

    def _listing(self, rng: random.Random, max_lines: int, max_columns: int) -> tuple[int, str]:
        """The longest of a few stretches of lines that are narrow enough."""
        best = 0, ""
        for _ in range(_STRETCHES):
            owner, lines = self._code[rng.randrange(len(self._code))]
            start = rng.randrange(len(lines))
            narrow = takewhile(lambda line: len(line) <= max_columns, lines[start : start + max_lines])
            text = "\n".join(narrow).strip("\n")
            if text.count("\n") > best[1].count("\n") or not best[1]:
                best = owner, text
        return best


def _of_many_beginnings(titles: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The titles, in their order, of which few are made by one pattern, such as `Chess openings of ECO A00`."""
    most = max(_SAME_BEGINNING, round(_SAME_SHARE * len(titles)))
    counts: Counter[tuple[str, ...]] = Counter()
    kept = []
    for number, title in titles:
        beginning = tuple(title.split()[:2])
        counts[beginning] += 1
        if counts[beginning] <= most:
            kept.append((number, title))
    return kept


def _common_strings(texts: Iterable[str], config: StringsConfig) -> dict[str, int]:
    """Key -> count of the single words, and pairs of words, that stand more than `common` times in the sample.

    A million pairs stand there once: counts are summed by hashes of the keys, and only a common key is made.
    """
    words = _Words()
    alone = words[""]
    lines = [np.array([words[word] for word in line.split(" ")]) for text in texts for line in text.split("\n")]
    firsts = np.concatenate([*lines, *(line[:-1] for line in lines)])
    seconds = np.concatenate([*(np.full_like(line, alone) for line in lines), *(line[1:] for line in lines)])
    pairs, counts = np.unique(firsts * len(words) + seconds, return_counts=True)
    firsts, seconds = np.divmod(pairs, len(words))
    of_letters, of_shown = (_hashes(strings, firsts, seconds) for strings in (words.letters, words.shown))
    sized = np.array([bool(letters) for letters in words.letters])
    _, place = np.unique(np.where(sized[firsts] | sized[seconds], of_letters, of_shown), return_inverse=True)
    often = np.bincount(place, weights=counts)[place] > config.common
    totals: Counter[str] = Counter()
    for first, second, count in zip(*(each[often].tolist() for each in (firsts, seconds, counts)), strict=True):
        totals[words.letters[first] + words.letters[second] or words.shown[first] + words.shown[second]] += count
    return {key: count for key, count in totals.items() if count > config.common}


class _Words(dict[str, int]):
    """Numbers of words, with what a word adds to the key of a string: its `letters`, or, if there are none, `shown`."""

    def __init__(self) -> None:
        self.letters: list[str] = []
        self.shown: list[str] = []

    def __missing__(self, word: str) -> int:
        self[word] = len(self.letters)
        letters = string_key(f"0 {word}")[1:]
        self.letters.append(letters)
        self.shown.append("" if letters else "".join(word.split()))
        return self[word]


def _hashes(strings: Sequence[str], firsts: NDArray[np.int64], seconds: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Polynomial hashes of `strings[first] + strings[second]`, mod 2**64."""
    base = np.uint64(0x9E3779B97F4A7C15)
    lengths = np.array([len(string) for string in strings])
    powers = base ** np.arange(lengths.max(initial=0) + 1, dtype=np.uint64)
    characters = np.frombuffer("".join(strings).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    ends = np.cumsum(lengths)
    after = np.repeat(ends, lengths) - np.arange(len(characters)) - 1  # characters that follow in the string
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(characters * powers[after])])
    values = sums[ends] - sums[ends - lengths]
    return values[firsts] * powers[lengths[seconds]] + values[seconds]


def _whole_words(text: str, max_chars: int) -> str:
    """The longest beginning of whole words within `max_chars`; empty when the first word is longer."""
    if len(text) <= max_chars:
        return text
    return text[: text.rfind(" ", 0, max_chars + 1)] if " " in text[: max_chars + 1] else ""


@lru_cache(maxsize=4)
def read_passages(path: Path, digest: str) -> list[dict[str, Any]]:
    """The file that `write_passages` wrote; `digest` is its sha256, so that a rewritten one is read anew."""
    with path.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


@dataclass(frozen=True)
class DrawableText:
    """A pool of text of which only what all of some faces can draw is drawn."""

    pool: TextPool
    faces: tuple[Face, ...]

    def _draws(self, text: str) -> bool:
        return bool(text.strip()) and all(face.covers(text) for face in self.faces)

    def _drawable(self, draw: Callable[[], str]) -> str:
        """What was drawn; after some tries the words of it that can be drawn. Raises NotDrawn when none ever can."""
        for attempt in range(_DRAWABLE_TRIES):
            text = draw()
            if self._draws(text):
                return text
            words = [word for word in text.split() if self._draws(word)]
            if attempt >= 3 and words:
                return " ".join(words)
        raise NotDrawn("no_text")

    def sentence(self, rng: random.Random, *, max_chars: int) -> str:
        return self._drawable(lambda: self.pool.sentence(rng, max_chars=max_chars))

    def paragraph(self, rng: random.Random, *, max_chars: int) -> str:
        return self._drawable(lambda: self.pool.paragraph(rng, max_chars=max_chars))

    def title(self, rng: random.Random) -> str:
        return self._drawable(lambda: self.pool.title(rng))

    def code(self, rng: random.Random, *, max_lines: int, max_columns: int) -> list[str]:
        """As TextPool.code, less the lines that cannot be drawn."""
        for _ in range(_DRAWABLE_TRIES):
            lines = self.pool.code(rng, max_lines=max_lines, max_columns=max_columns)
            kept = [line for line in lines if not line.strip() or self._draws(line)]
            if any(line.strip() for line in kept):
                return kept
        raise NotDrawn("no_text")
