"""Real values for dialogues: numbers, dates, names, words and sentences of documents, and games of chess."""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from random import Random
from typing import Any

from fc_model.errors import UserError
from fc_model.tools.chess_notation import START, read_fen, san, write_fen

_READ_CHARACTERS = 20_000
"""Of a document: the rest has more of the same."""
_MOST = 5_000
"""Values of a kind."""
_GAMES, _PLIES = 40, 24
_NUMBER = re.compile(r"(?<![\w.,/-])[0-9]{1,6}(?:\.[0-9]{1,3})?(?![\w./-])")
_DATE = re.compile(r"(?<![\w-])(?:1[89]|20)[0-9]{2}-[0-9]{2}-[0-9]{2}(?![\w-])")
_YEAR = range(1800, 2100)
_WORD = re.compile(r"(?<![\w'-])[a-z]{4,12}(?![\w'-])")
_NAME = re.compile(r"(?<=[a-z] )[A-Z][a-z]{3,10}(?![\w'.-])")
_SENTENCE = re.compile(r"(?<![\w.,;:] )(?<!\w)[A-Z][a-z]+(?: [a-zA-Z]+,?){4,11} [a-z]+\.(?=\s)")


@dataclass(frozen=True)
class Values:
    """What dialogues are filled with, each kind without repeats."""

    integers: tuple[int, ...]
    """Ascending."""
    decimals: tuple[float, ...]
    dates: tuple[str, ...]
    """YYYY-MM-DD."""
    words: tuple[str, ...]
    names: tuple[str, ...]
    sentences: tuple[str, ...]
    lengths: tuple[tuple[str, int, int, int], ...]
    """Of documents: source, characters, words, lines."""
    games: tuple[tuple[tuple[str, str], ...], ...]
    """Moves in algebraic notation, each with the position after it as FEN."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Values":
        return cls(**{name: _tuples(values) for name, values in json.loads(text).items()})

    @classmethod
    def of(cls, documents: Iterable[dict[str, Any]], random: Random, *, where: str) -> "Values":
        """Raises UserError where the documents have too little of a kind."""
        kinds: dict[str, dict[Any, None]] = {name: {} for name in ("numbers", "dates", "words", "names", "sentences")}
        lengths: dict[tuple[str, int, int, int], None] = {}
        patterns = {"numbers": _NUMBER, "dates": _DATE, "words": _WORD, "names": _NAME, "sentences": _SENTENCE}
        for document in documents:
            text = document["text"]
            lengths[document["source"], len(text), len(text.split()), len(text.splitlines())] = None
            for name, pattern in patterns.items():
                kinds[name].update(dict.fromkeys(pattern.findall(text[:_READ_CHARACTERS])))
        for name, least in (("numbers", 20), ("words", 50), ("names", 5), ("sentences", 5)):
            if len(kinds[name]) < least:
                raise UserError(
                    f"{where}: the corpus has {len(kinds[name])} {name}, dialogues need {least}: add documents"
                )
        numbers = [text for text in kinds["numbers"] if text == "0" or not text.startswith("00")]
        integers = sorted({int(text) for text in numbers if "." not in text})
        decimals = dict.fromkeys(float(text) for text in numbers if "." in text)
        dates = [text for text in kinds["dates"] if _is_date(text)]
        dates += [_day(year, random).isoformat() for year in integers if year in _YEAR for _ in range(8)]
        dates = dates or [_day(random.choice(_YEAR), random).isoformat() for _ in range(50)]
        return cls(
            integers=tuple(integers),
            decimals=tuple(decimals)[:_MOST] or tuple(value / 10 for value in integers),
            dates=tuple(dict.fromkeys(dates))[:_MOST],
            words=tuple(kinds["words"])[:_MOST],
            names=tuple(kinds["names"])[:_MOST],
            sentences=tuple(kinds["sentences"])[:_MOST],
            lengths=tuple(lengths)[:_MOST],
            games=tuple(_game(random) for _ in range(_GAMES)),
        )

    def integer(self, random: Random, low: int, high: int) -> int:
        """One of the corpus within the bounds, or any where it has none."""
        start, stop = bisect_left(self.integers, low), bisect_right(self.integers, high)
        return self.integers[random.randrange(start, stop)] if start < stop else random.randint(low, high)

    def integer_list(self, random: Random, count: int, low: int, high: int) -> list[int]:
        return [self.integer(random, low, high) for _ in range(count)]

    def number(self, random: Random) -> int | float:
        """Whole or decimal."""
        return random.choice(self.decimals) if random.random() < 0.4 else self.integer(random, 2, 10_000)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _day(year: int, random: Random) -> date:
    return date.fromordinal(date(year, 1, 1).toordinal() + random.randrange(365))


def _game(random: Random) -> tuple[tuple[str, str], ...]:
    """Legal moves drawn at random from the start of a game."""
    position, moves = read_fen(START), list[tuple[str, str]]()
    while len(moves) < _PLIES and (legal := position.legal_moves()):
        move = random.choice(legal)
        name = san(position, move, legal)
        position = position.after(move)
        moves.append((name, write_fen(position)))
    return tuple(moves)
