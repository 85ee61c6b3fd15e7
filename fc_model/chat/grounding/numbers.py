"""Numbers in texts: in figures, and in English words."""

import re
from collections.abc import Iterator, Sequence

from fc_model.strict_json import to_json
from fc_model.tools.arguments import MAX_DIGITS

Number = int | float

MINUS = "-−–－"
_NUMBER = re.compile(
    rf"(?:(?<![\w.)\]])[{MINUS}])?"  # a sign, not the hyphen of 3-5
    r"(?:(?<![\d.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!,?\d)|\d+(?:\.\d+)*|(?<![\d.])\.\d+)"
    r"(?:[eE][-+]?\d{1,2}(?!\w))?"
)
_UNSPACED = re.compile(r"(?<![\w.,$€£¥])\d{3}(?:,\d{3})+(?![\w.]|,\d)")
"""100,250 may be two numbers."""
_GROUPED = re.compile(r"(?<![\w.,])\d{1,3}(?:[ \u00a0\u2009\u202f'’_]\d{3})+(?![\w.,]?\d)")
"""12 345 and 12'345, which may be several numbers, too."""
_TIMES = r"1(0{2}|0{3}|0{6}|0{9})\b"
_SCALED = re.compile(rf"(?<![\d.])(\d{{1,30}}(?:\.\d{{1,30}})?) {_TIMES}")
"""How the reader of number words leaves `3 million`."""
_SCALE = "hundred|thousand|million|billion"
_AMOUNT = r"point|half|and a half|percent|per cent|o'clock|(?:second|minute|hour|day|week|month|year)s?"
_ONE = re.compile(
    rf"(?<![\w-])(?<!ty )(?<!point )(?<!hundred )(?<!thousand )(?<!hundred and )(?<!thousand and )one\b"
    rf"(?![- ](?:{_SCALE}|{_AMOUNT})\b)"
    rf"(?!,?(?: (?:and|or|to))? (?:two|three|four|five|six|seven|eight|nine|ten|\d))",
    re.IGNORECASE,
)
"""More often a pronoun than a number, as in `another one`; where no amount or other number follows it states none."""
_HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])", re.IGNORECASE)
_MOST_FIGURES = 2_000
"""Characters of all numbers that are looked at: a table that a tool returns may have any number of them, and a grammar
grows with each."""
BETWEEN = re.compile(r"[\s,;]*(?:(?:and|or|&)\s+)?", re.IGNORECASE)
"""What stands between the numbers of a list."""
_IMPLIED = {
    "0": r"zero",
    "2": r"squared?|half|halve[sd]?|twice|double|binary",
    "3": r"cubed?|thrice|triple",
    "4": r"quarter(?:s|ed)?|quadruple[sd]?",
    "8": r"octal",
    "10": r"decimal",
    "12": r"dozen",
    "16": r"hex|hexadecimal",
    "100": r"per ?cent",
}
"""Words that mean a number where they stand for no amount of things."""
_IMPLIED_WORDS = [(re.compile(rf"\b(?:{words})\b", re.IGNORECASE), figure) for figure, words in _IMPLIED.items()]
LESS = re.compile(
    r"\b(?:before|earlier|ago|back|minus|negative|less|below|under|subtract|down|lower|reduce|decrease)\b"
    rf"|[{MINUS}] ?[$€£¥]",
    re.IGNORECASE,
)
_POINTED = re.compile(r"(?<![\w.,])\d{1,3}(?:\.\d{3}){2,}(?![\w.])")
"""1.000.000"""
DIALLED = re.compile(
    r"(?<![\w.,])(?:\+\d{1,3}[ .-]?\(?\d{1,5}\)?|\(\d{2,5}\)|\d{3}(?=[ .-]\d{3}[ .-]\d{4})|\d{4}(?=(?:[ -]\d{4}){3}))"
    r"(?:[ .-]?\d{2,5}){1,5}(?!\w)"
)
"""Telephone numbers, and those of cards, which a call may need in one piece."""
_YEAR_IN_WORDS = re.compile(r"(?<![\d.,])(1\d|20) ([1-9]\d)(?!\d|[.,]\d)")
"""How the reader of number words leaves `nineteen eighty-four`."""
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})+|\d+),(\d{1,2})(?!\d|,\d)")
_FRACTIONS = {
    "25": r"¼|(?<![\d.,/])1/4|\ba quarter",
    "5": r"½|(?<![\d.,/])1/2|\b(?:an? )?half",
    "75": r"¾|(?<![\d.,/])3/4|\b3 quarters",
}
_MIXED = [
    (
        re.compile(
            rf"(?:(?<![\d.,/])(\d{{1,30}})(?: and |[ -])?)?(?:{words})(?![\w/])(?: (?:an? )?{_TIMES})?", re.IGNORECASE
        ),
        fraction,
    )
    for fraction, words in _FRACTIONS.items()
]
"""Two and a half, 2 1/2 and 2½; half a million as the reader of number words leaves it."""
_SUFFIXED = re.compile(r"(?<![\w.,])(\d{1,30}(?:\.\d{1,30})?)(k|K|M|bn)\b")
_POWERS = {"k": 3, "K": 3, "M": 6, "bn": 9}


def read(texts: Sequence[str]) -> list[tuple[str, list[re.Match[str]]]]:
    """The texts, and each with its words for numbers in figures, with the numbers of both; of all the last ones."""
    from text_to_num import alpha2digit

    readings, room = [], _MOST_FIGURES
    for text in reversed(texts):
        words = _ONE.sub("a", _HYPHEN.sub(" ", text.replace("%", " percent ")))
        counted = _SCALED.sub(_multiplied, alpha2digit(words, "en", threshold=1))
        spaced = _UNSPACED.sub(lambda match: match[0].replace(",", ", "), text)
        for reading in (text, counted, spaced) if spaced != text else (text, counted):
            matches = [match for match in _NUMBER.finditer(reading) if len(match[0]) <= MAX_DIGITS]
            kept = list[re.Match[str]]()
            while matches and (room := room - len(matches[-1][0])) > 0:
                kept.append(matches.pop())
            readings.append((reading, kept[::-1]))
    return readings[::-1]


def implied(texts: Sequence[str], readings: Sequence[str]) -> Iterator[str]:
    """What words mean, and what figures are in another way of writing; `readings` are the texts of `read`."""
    for text in texts:
        for form in (_GROUPED, _POINTED):
            yield from (re.sub(r"\D", "", match[0]) for match in form.finditer(text))
        for match in _DECIMAL_COMMA.finditer(text):
            yield f"{match[1].replace('.', '')}.{match[2]}"
        for match in _SUFFIXED.finditer(text):
            yield _scaled(match[1], _POWERS[match[2]])
    for text in readings:
        yield from (figure for words, figure in _IMPLIED_WORDS if words.search(text))
        in_words = (match for match in _YEAR_IN_WORDS.finditer(text) if not any(match[0] in one for one in texts))
        yield from ("".join(match.groups()) for match in in_words)
        for form, fraction in _MIXED:
            for match in form.finditer(text):
                yield _scaled(f"{match[1] or 0}.{fraction}", len(match[2] or ""))


def value_of(figures: str) -> Number | None:
    """Of a number in figures; None for 1.2.3."""
    plain = re.sub(f"^[{MINUS}]", "-", figures.replace(",", ""))
    if plain.count(".") > 1:
        return None
    if plain.lstrip("-").isdecimal():
        return int(plain)
    value = float(plain)
    return int(value) if value.is_integer() else value


def _multiplied(match: re.Match[str]) -> str:
    return _scaled(match[1], len(match[2]))


def _scaled(figures: str, power: int) -> str:
    value = float(figures) * 10**power
    return to_json(int(value) if value.is_integer() else value)
