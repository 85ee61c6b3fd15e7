"""How a value of a call may be written in what the user wrote: the only normalisations that a dialogue may ask for."""

import re
from datetime import date
from typing import Any

from fc_model.chat.grounding.moments import MONTHS
from fc_model.strict_json import to_json
from fc_model.tools.units import UNIT_SPELLINGS

_N = r"([0-9]+(?:\.[0-9]+)?)"
_EXPRESSIONS = (
    (rf"{_N} \+ {_N}", ("{0} plus {1}", "the sum of {0} and {1}")),
    (rf"{_N} - {_N}", ("{0} minus {1}", "the difference between {0} and {1}")),
    (rf"{_N} \* {_N}", ("{0} times {1}", "{0} multiplied by {1}", "the product of {0} and {1}")),
    (rf"{_N} / {_N}", ("{0} divided by {1}", "{0} over {1}")),
    (rf"{_N}\^2", ("{0} squared", "the square of {0}")),
    (rf"sqrt\({_N}\)", ("the square root of {0}",)),
    (rf"{_N} \* {_N} / 100", ("{0} percent of {1}", "{0}% of {1}")),
)
"""Of the calculator."""
_WORDS: dict[str, tuple[str, ...]] = {
    **UNIT_SPELLINGS,
    "uppercase": ("upper case", "capital letters"),
    "lowercase": ("lower case", "small letters"),
    "collapse_spaces": ("extra spaces", "spaces"),
    "reverse": ("backwards", "reversed"),
    "reverse_words": ("words in reverse order", "last word first"),
    "ascending": ("ascending", "smallest first"),
    "descending": ("descending", "largest first"),
    "isbn": ("ISBN",),
    "ean": ("EAN", "barcode"),
    "issn": ("ISSN",),
    ">": ("above", "greater than", "more than"),
    "<": ("below", "less than", "under"),
    "==": ("equal to", "exactly"),
    r"\d+": ("numbers",),
    r"\b[A-Z]\w*": ("capitalised words",),
    r"\b\w{4}\b": ("four-letter words",),
    r"\b\w+ing\b": ("words that end in ing",),
    r"\b[aeiou]\w*": ("words that begin with a vowel",),
}
"""Of enumerations, and of regular expressions, which a user names and does not write."""
_BASES = {2: ("binary",), 8: ("octal",), 10: ("decimal",), 16: ("hexadecimal", "hex")}
_TRUE = {"append": ("append", "to the end"), "unique": ("without repetitions", "without duplicates")}


def spellings(value: Any, parameter: str = "") -> list[str]:
    """The texts that mean this value of a parameter, as it is first."""
    if value is True:
        return list(_TRUE.get(parameter, ()))
    if isinstance(value, int | float):
        plain = to_json(abs(value))
        words = _BASES.get(int(value), ()) if parameter.endswith("_base") else ()
        months = (MONTHS[int(value) - 1],) if parameter == "month" else ()
        grouped = (f"{abs(value):,}",) if isinstance(value, int) and abs(value) >= 10_000 else ()
        return [plain, *grouped, *words, *months]
    text = str(value)
    if parameter.endswith("_zone"):
        return [text, text.rpartition("/")[2].replace("_", " ")]
    return [text, *_WORDS.get(text, ()), *_date_spellings(text), *_expression_spellings(text)]


def is_stated(value: Any, context: str, parameter: str = "") -> bool:
    """Whether a value of a call occurs in the texts before it, as it is or in one of its spellings.

    Of a list every item, of an object every key and value, of a time its day and its clock, of an expression its
    numbers. A negative number is stated by its absolute value beside a word for what lies before.
    """
    if isinstance(value, list):
        return all(is_stated(item, context, parameter) for item in value)
    if isinstance(value, dict):
        return to_json(value) in context or all(
            is_stated(key, context) and is_stated(item, context) for key, item in value.items()
        )
    if parameter == "expression" and not _occurs(value, context):
        numbers = re.findall(r"[0-9]+(?:\.[0-9]+)?", value)
        return any(_occurs(text, context) for text in spellings(value)) or all(
            _occurs(number, context) for number in numbers
        )
    if isinstance(value, str) and parameter == "pointer":
        return all(_occurs(part, context) for part in value.split("/")[1:])
    if isinstance(value, str) and (match := re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)", value)):
        return is_stated(match[1], context) and any(_occurs(text, context) for text in clock_spellings(match[2]))
    if isinstance(value, int | float) and value < 0:
        before = f"-{to_json(abs(value))}" in context or re.search(r"\b(?:before|earlier|ago|minus)\b", context)
        return bool(before) and is_stated(-value, context, parameter)
    return any(_occurs(text, context) for text in spellings(value, parameter))


def clock_spellings(clock: str) -> list[str]:
    """Of HH:MM, in 24 and in 12 hours."""
    hour, minute = map(int, clock.split(":"))
    return [clock, f"{(hour - 1) % 12 + 1}:{minute:02} {'am' if hour < 12 else 'pm'}"]


def holds_number(text: str, number: str) -> bool:
    """Whether a number stands in a text, and is no part of a longer one."""
    return re.search(rf"(?<![0-9])(?<![0-9][.,]){re.escape(number)}(?![0-9]|[.,][0-9])", text) is not None


def _occurs(text: str, context: str) -> bool:
    if re.fullmatch(r"[0-9.,]+", text):
        return holds_number(context, text)
    start = r"(?<!\w)" if text[:1].isalnum() else ""
    end = r"(?!\w)" if text[-1:].isalnum() else ""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        end = r"(?![0-9])"  # a time goes on with T
    return re.search(f"{start}{re.escape(text)}{end}", context) is not None


def _date_spellings(text: str) -> list[str]:
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return []
    if day is None:
        return []
    month, short = MONTHS[day.month - 1], MONTHS[day.month - 1][:3]
    return [f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}", f"{day.day} {short} {day.year}"]


def _expression_spellings(text: str) -> list[str]:
    texts: list[str] = []
    for pattern, forms in _EXPRESSIONS:
        if match := re.fullmatch(pattern, text):
            texts += [form.format(*match.groups()) for form in forms]
    return texts
