"""Numbers as they are written: exact, rounded half away from zero as at school, with or without commas."""

from fractions import Fraction
from random import Random

MAX_DECIMALS = 6
"""Of an exact number that is written out."""


def written(value: Fraction) -> str:
    """All decimals of a number that has at most MAX_DECIMALS. Raises ValueError for any other."""
    text = rounded(value, MAX_DECIMALS)
    if Fraction(text) != value:
        raise ValueError(f"{value} has more than {MAX_DECIMALS} decimals")
    return text


def is_short(value: Fraction, decimals: int = MAX_DECIMALS) -> bool:
    """Whether a number has at most so many decimals."""
    return (value * 10**decimals).denominator == 1


def rounded(value: Fraction, decimals: int) -> str:
    """Without zeros at its end."""
    scaled = abs(value) * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    digits = str(whole).rjust(decimals + 1, "0")
    text = f"{digits[: len(digits) - decimals]}.{digits[len(digits) - decimals :]}".rstrip("0").rstrip(".")
    return f"-{text}" if value < 0 and whole else text


def with_commas(text: str) -> str:
    """1234.5 as 1,234.5."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, dot, decimals = digits.partition(".")
    return f"{sign}{int(whole):,}{dot}{decimals}"


def spelled(random: Random, text: str) -> str:
    """As people write it: now and then with commas."""
    return with_commas(text) if len(text.partition(".")[0]) > 3 and random.random() < 0.4 else text
