"""A setting that is one line of text, as a name or a reason."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_WITHIN_WORDS = "\u00a0\u202f\u200c\u200d"
"""Spaces that do not break, and what parts or joins letters: Persian and Hindi names are written with them."""


def _printable(text: str) -> str:
    hidden = [letter for letter in text if not letter.isprintable()]
    if len(hidden) == len(text) or not set(hidden) <= set(_WITHIN_WORDS):
        named = next((letter for letter in hidden if letter not in _WITHIN_WORDS), hidden[0])
        raise ValueError(f"write it on one line, without control characters (it has U+{ord(named):04X})")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_printable)]
"""Text that is not blank, on one line."""
