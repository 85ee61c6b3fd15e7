"""A stretch of a text that says something of a person."""

import re
from typing import NamedTuple


class Span(NamedTuple):
    """text[start:end] is of this type."""

    start: int
    end: int
    type: str


_CONTEXT_CHARS = 48


def told_before(text: str, start: int, words: re.Pattern[str]) -> bool:
    """True when one of the words stands shortly before: what a bare number means is said there."""
    return words.search(text, max(0, start - _CONTEXT_CHARS), start) is not None
