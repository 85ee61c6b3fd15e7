"""What texts state: numbers in figures and in English words, lists of them, dates and times in the usual spellings."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from fc_model.chat.messages import Message
from fc_model.strict_json import to_json
from fc_model.tools.arguments import MAX_DIGITS

Number = int | float

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = "|".join((*_MONTHS, *(name[:3] for name in _MONTHS), "sept"))
_MONTH_NAME = re.compile(rf"\b(?:{_MONTH})\b", re.IGNORECASE)
_MINUS = "-−–－"
_NUMBER = re.compile(
    rf"(?:(?<![\w.)\]])[{_MINUS}])?"  # a sign, not the hyphen of 3-5
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
_SHORT = 3
_MOST_FIGURES = 2_000
"""Characters of all numbers that are looked at: a table that a tool returns may have any number of them, and a grammar
grows with each."""
_MOST_IMPLIED = 200
_BETWEEN = re.compile(r"[\s,;]*(?:(?:and|or|&)\s+)?", re.IGNORECASE)
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
_LESS = re.compile(
    r"\b(?:before|earlier|ago|back|minus|negative|less|below|under|subtract|down|lower|reduce|decrease)\b"
    rf"|[{_MINUS}] ?[$€£¥]",
    re.IGNORECASE,
)
_POINTED = re.compile(r"(?<![\w.,])\d{1,3}(?:\.\d{3}){2,}(?![\w.])")
"""1.000.000"""
_DIALLED = re.compile(
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
_YEAR, _SHORT_YEAR = r"(?P<year>\d{4})(?!\d)", r"(?P<year>\d{4}|\d\d)(?!\d)"
_NAMED_YEAR = r"(?:['’](?P<short>\d\d)|(?P<year>\d{4}))(?!\d)"
_TH = r"(?:st|nd|rd|th)?"
_DAY = rf"(?<!\d)(?:(?P<first>\d\d?){_TH}(?: ?[-–—&] ?| (?:and|or|to) ))?(?P<day>\d\d?){_TH}"
"""One day, or two as in `May 3-5`."""
_DATES = (
    re.compile(rf"(?<!\d){_YEAR}(?P<sep>[-/.])(?P<month>\d\d?)(?P=sep)(?P<day>\d\d?)(?!\d)"),
    re.compile(rf"{_DAY}[\s-](?:of )?(?P<month>{_MONTH})\b\.?,?[\s-]{_NAMED_YEAR}", re.IGNORECASE),
    re.compile(rf"\b(?P<month>{_MONTH})\.?[\s-](?:the )?{_DAY},?[\s-]{_NAMED_YEAR}", re.IGNORECASE),
    re.compile(rf"(?<!\d)(?P<day>\d\d?)(?P<sep>[-.])(?P<month>\d\d?)(?P=sep){_YEAR}"),
    re.compile(rf"(?<!\d)(?P<month>\d\d?)-(?P<day>\d\d?)-{_YEAR}"),
    re.compile(rf"(?<!\d)(?P<day>\d\d?)/(?P<month>\d\d?)/{_SHORT_YEAR}"),
    re.compile(rf"(?<!\d)(?P<month>\d\d?)/(?P<day>\d\d?)/{_SHORT_YEAR}"),
)
_DAYS = (
    re.compile(rf"{_DAY}[\s-](?:of )?(?P<month>{_MONTH})\b", re.IGNORECASE),
    re.compile(rf"\b(?P<month>{_MONTH})\.?[\s-](?:the )?{_DAY}(?!\w)", re.IGNORECASE),
)
"""Dates without a year, which is one that stands elsewhere."""
_YEAR_ALONE = re.compile(rf"\b(?:in|of|for|year|{_MONTH})\.?,? (?P<year>[12]\d{{3}})(?!\w)", re.IGNORECASE)
_CLOCKS = (
    re.compile(r"(?<![\d:.+])(?P<hour>\d\d?)[:h](?P<rest>\d\d(?::\d\d)?)(?:\s?(?P<half>[ap])\.?m\b)?", re.IGNORECASE),
    re.compile(
        r"(?<![\w:.])(?:(?P<first>\d\d?)(?: ?[-–—] ?| (?:to|till|until|and|or) ))?"
        r"(?P<hour>\d\d?)(?:[. ](?P<rest>\d\d))?\s?(?:(?P<half>[ap])\.?m\b|o['’ ]?clock\b)",
        re.IGNORECASE,
    ),
)
_NAMED_CLOCKS = {"noon": "12:00", "midday": "12:00", "midnight": "00:00"}
_LATE = re.compile(r"\b(?:afternoon|evening|night|tonight)\b", re.IGNORECASE)
_DATE_TIME = re.compile(
    r"(?<!\d)\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[-+]\d\d:?\d\d)?(?![\d:])", re.ASCII
)
_MOST_DATES, _MOST_YEARS = 100, 3
_MOST_DATE_TIMES = 30
"""Of the dates, and of the clocks, that make date-times with each other."""


@dataclass(frozen=True)
class Statements:
    """What texts state: numbers, lists of them, dates and times."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, messages: Iterable[Message]) -> "Statements":
        """What all say but the assistant."""
        return cls(tuple(message.content for message in messages if message.role != "assistant"))

    @cached_property
    def lists(self) -> tuple[tuple[Number, ...], ...]:
        """Numbers that stand together; where none do, all of a text, too."""
        lists: list[tuple[Number, ...]] = []
        for text, matches in self._readings:
            together, end = list[list[Number]](), 0
            for match in matches:
                if (value := _value(match[0])) is None:
                    continue
                if not together or not _BETWEEN.fullmatch(text[end : match.start()]):
                    together.append([])
                together[-1].append(value)
                end = match.end()
            if len(together) > 1 and all(len(one) == 1 for one in together):
                together.append([one[0] for one in together])
            lists += map(tuple, together)
        return tuple(dict.fromkeys(lists))

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """Without repeats; also the negative ones of `5 days before`."""
        values = map(_value, (*self._written, *self._implied))
        stated = dict.fromkeys(value for value in values if value is not None)
        if any(_LESS.search(text) for text in self.texts):
            stated |= dict.fromkeys(-value for value in stated if value)
        return tuple(stated)

    @cached_property
    def figures(self) -> tuple[str, ...]:
        """Numbers as texts, without signs: whole, and the parts between separators."""
        figures = [*self._implied]
        for text in self._written:
            unsigned = text.lstrip(_MINUS)
            figures += [unsigned.replace(",", ""), *re.findall(r"[\d.]+", unsigned)]
        dialled = [re.sub(r"\D", "", match[0]) for text in self.texts for match in _DIALLED.finditer(text)]
        figures += dialled[-_MOST_IMPLIED:]
        figures += [to_json(value) for value in map(_value, figures) if value is not None]  # 04 is 4, and .5 is 0.5
        return tuple(dict.fromkeys(figures))

    @cached_property
    def dates(self) -> tuple[str, ...]:
        """As YYYY-MM-DD, whether the calendar has them or not; 3/4/2025 is in March and in April. The last ones.

        A date without a year is of each year that dates, or words such as `in 2024`, state.
        """
        days, years, without_year = list[str](), dict[str, None](), list[re.Match[str]]()
        for text in dict.fromkeys(text for text, _ in self._readings):
            whole = _matches(_DATES, text)
            for match in whole:
                year = _year(match)
                years[year] = None
                days += [f"{year}-{day}" for day in _days(match)]
            years |= dict.fromkeys(match["year"] for match in _YEAR_ALONE.finditer(text))
            rest = text
            for form in _DATES:
                rest = form.sub("|", rest)
            without_year += _matches(_DAYS, rest)
        stated = [day for match in without_year[-_MOST_DATES:] for day in _days(match)]
        days += [f"{year}-{day}" for day, year in product(stated, [*years][-_MOST_YEARS:])]
        return tuple(dict.fromkeys(days))[-_MOST_DATES:]

    @cached_property
    def clocks(self) -> tuple[str, ...]:
        """As HH:MM of 24 hours, or HH:MM:SS. The last ones."""
        clocks = []
        for text, _ in self._readings:
            late = _LATE.search(text)
            for match in _matches(_CLOCKS, text):
                times = [(int(match["hour"]), match["rest"] or "00")]
                if first := match.groupdict().get("first"):
                    times.insert(0, (int(first), "00"))
                for hour, rest in times:
                    if match["half"]:
                        hour = hour % 12 + (12 if match["half"].lower() == "p" else 0)
                    clocks.append(f"{hour:02}:{rest}")
                    if not match["half"] and hour < 12 and late:
                        clocks.append(f"{hour + 12}:{rest}")
            clocks += [clock for name, clock in _NAMED_CLOCKS.items() if re.search(rf"\b{name}\b", text.lower())]
        return tuple(dict.fromkeys(clocks))[-_MOST_DATES:]

    @cached_property
    def date_times(self) -> tuple[str, ...]:
        """As YYYY-MM-DDTHH:MM, or to the second; with a zone and fractions where they were written so."""
        written = [match[0].replace(" ", "T") for match in _matches([_DATE_TIME], "\n".join(self.texts))]
        dates, clocks = self.dates[-_MOST_DATE_TIMES:], self.clocks[-_MOST_DATE_TIMES:]
        return tuple(dict.fromkeys((*written[-_MOST_DATES:], *map("T".join, product(dates, clocks)))))

    def named(self, spellings: Mapping[str, Iterable[str]]) -> list[str]:
        """The values that texts name, as whole words and not as a part of another's name; names up to three letters by
        their case, too, since K is no kilo."""
        text = "\n".join(self.texts)
        folded = text.casefold()
        mentions: dict[str, list[tuple[int, int]]] = {}
        for value, names in spellings.items():
            for name in names:
                if name.casefold() in folded:
                    mentions.setdefault(value, []).extend(match.span() for match in _whole(name).finditer(text))
        spans = [span for of_value in mentions.values() for span in of_value]

        def stands_alone(span: tuple[int, int]) -> bool:
            return not any(low <= span[0] and span[1] <= high and (low, high) != span for low, high in spans)

        return [value for value, of_value in mentions.items() if any(map(stands_alone, of_value))]

    @property
    def _written(self) -> Iterator[str]:
        return (match[0] for _, matches in self._readings for match in matches)

    @cached_property
    def _implied(self) -> tuple[str, ...]:
        implied = (figures for figures in self._implications() if len(figures) <= MAX_DIGITS)
        return tuple(dict.fromkeys(implied))[-_MOST_IMPLIED:]

    def _implications(self) -> Iterator[str]:
        """Months by their numbers, dates and times by their parts, and what words mean."""
        for text in self.texts:
            yield from (str(_month(match[0])) for match in _MONTH_NAME.finditer(text))
            for form in (_GROUPED, _POINTED):
                yield from (re.sub(r"\D", "", match[0]) for match in form.finditer(text))
            for match in _DECIMAL_COMMA.finditer(text):
                yield f"{match[1].replace('.', '')}.{match[2]}"
            for match in _SUFFIXED.finditer(text):
                yield _scaled(match[1], _POWERS[match[2]])
        for text, _ in self._readings:
            yield from (figure for words, figure in _IMPLIED_WORDS if words.search(text))
            in_words = (
                match for match in _YEAR_IN_WORDS.finditer(text) if not any(match[0] in one for one in self.texts)
            )
            yield from ("".join(match.groups()) for match in in_words)
            for form, fraction in _MIXED:
                for match in form.finditer(text):
                    yield _scaled(f"{match[1] or 0}.{fraction}", len(match[2] or ""))
        for moment in (*self.dates, *self.clocks):
            yield from re.split("[-:]", moment)

    @cached_property
    def _readings(self) -> list[tuple[str, list[re.Match[str]]]]:
        """The texts, and each with its words for numbers in figures, with the numbers of both; of all the last ones."""
        from text_to_num import alpha2digit

        readings, room = [], _MOST_FIGURES
        for text in reversed(self.texts):
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


def _whole(name: str) -> re.Pattern[str]:
    """A name as whole words."""
    start, end = (r"(?<![\w'’])" if name[:1].isalnum() else ""), (r"(?!\w)" if name[-1:].isalnum() else "")
    return re.compile(start + re.escape(name) + end, re.NOFLAG if len(name) <= _SHORT else re.IGNORECASE)


def _value(figures: str) -> Number | None:
    """Of a number in figures; None for 1.2.3."""
    plain = re.sub(f"^[{_MINUS}]", "-", figures.replace(",", ""))
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


def _month(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, start=1) if month.startswith(name.lower()[:3]))


def _matches(forms: Iterable[re.Pattern[str]], text: str) -> list[re.Match[str]]:
    """In the order of the text."""
    return sorted((match for form in forms for match in form.finditer(text)), key=lambda match: match.start())


def _days(match: re.Match[str]) -> list[str]:
    """As MM-DD; two for `May 3-5`."""
    month = int(match["month"]) if match["month"].isdecimal() else _month(match["month"])
    groups = match.groupdict()
    return [f"{month:02}-{int(day):02}" for day in (groups.get("first"), groups["day"]) if day]


def _year(match: re.Match[str]) -> str:
    """Of four digits: 24 is 2024, and 87 is 1987."""
    year = int(match["year"] or match["short"])
    return str(year if year > 99 else year + (2000 if year < 69 else 1900)).zfill(4)
