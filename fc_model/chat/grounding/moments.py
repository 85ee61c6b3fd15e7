"""Dates and times of day in English texts, in the usual spellings."""

import re
from collections.abc import Iterable, Sequence
from itertools import product

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
"""In English whatever the locale, which `calendar` asks."""
_MONTH = "|".join((*MONTHS, *(name[:3] for name in MONTHS), "sept"))
MONTH_NAME = re.compile(rf"\b(?:{_MONTH})\b", re.IGNORECASE)
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


def dates_in(texts: Iterable[str]) -> list[str]:
    """As YYYY-MM-DD, whether the calendar has them or not; 3/4/2025 is in March and in April. The last ones.

    A date without a year is of each year that dates, or words such as `in 2024`, state.
    """
    days, years, without_year = list[str](), dict[str, None](), list[re.Match[str]]()
    for text in texts:
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
    return list(dict.fromkeys(days))[-_MOST_DATES:]


def clocks_in(texts: Iterable[str]) -> list[str]:
    """As HH:MM of 24 hours, or HH:MM:SS. The last ones."""
    clocks = []
    for text in texts:
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
    return list(dict.fromkeys(clocks))[-_MOST_DATES:]


def date_times_in(texts: Iterable[str], *, dates: Sequence[str], clocks: Sequence[str]) -> list[str]:
    """As YYYY-MM-DDTHH:MM, or to the second: of the last dates and times, and, with zone and fractions, as written."""
    written = [match[0].replace(" ", "T") for match in _matches([_DATE_TIME], "\n".join(texts))]
    pairs = product(dates[-_MOST_DATE_TIMES:], clocks[-_MOST_DATE_TIMES:])
    return list(dict.fromkeys((*written[-_MOST_DATES:], *map("T".join, pairs))))


def month_number(name: str) -> int:
    return next(number for number, month in enumerate(MONTHS, start=1) if month.startswith(name[:3].title()))


def _matches(forms: Iterable[re.Pattern[str]], text: str) -> list[re.Match[str]]:
    """In the order of the text."""
    return sorted((match for form in forms for match in form.finditer(text)), key=lambda match: match.start())


def _days(match: re.Match[str]) -> list[str]:
    """As MM-DD; two for `May 3-5`."""
    month = int(match["month"]) if match["month"].isdecimal() else month_number(match["month"])
    groups = match.groupdict()
    return [f"{month:02}-{int(day):02}" for day in (groups.get("first"), groups["day"]) if day]


def _year(match: re.Match[str]) -> str:
    """Of four digits: 24 is 2024, and 87 is 1987."""
    year = int(match["year"] or match["short"])
    return str(year if year > 99 else year + (2000 if year < 69 else 1900)).zfill(4)
