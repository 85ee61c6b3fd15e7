"""Answers that a program checks: what a reply says, and whether that is what was expected.

A reply is compared by value, never by tolerance: 1,000, 1000 and 1000.00 are one number, 8.5 and 9 are two. Of several
numbers the last one counts, as in GSM8K's usual rule; what stands in \\boxed{} counts before all else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

AnswerKind = Literal["number", "choice", "word", "factors"]
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(
    rf"(?P<sign>(?<![\w.)])[-+]\s?)?[$€£]?(?<![\w.])(?P<number>{_DIGITS})(?P<power>[eE][-+]?\d{{1,3}})?(?!\d|[eE][-+]?\d)"
    r"(?:\s?/\s?(?P<below>\d+(?:\.\d+)?)(?![\w.]*\w))?(?P<percent>\s?(?:%|percent\b|per cent\b))?"
)
_PRODUCT = re.compile(r"\d+(?:\s*[×*·x]\s*\d+)*")
_BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")
_LATEX = (
    (re.compile(r"\\[dt]?frac\s*\{([^{}]+)\}\s*\{([^{}]+)\}"), r" \1/\2"),
    (re.compile(r"\\[dt]?frac\s*(\d)\s*(\d)"), r" \1/\2"),
    (re.compile(r"\\text\s*\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\times|\\cdot"), "×"),
    (re.compile(r"\\[,;!]"), ""),
    (re.compile(r"\\%"), "%"),
    (re.compile("[−–]"), "-"),
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is expected.

    Attributes:
        value: of a number its digits, as 12.5 or 3/4; of a choice one of the options; of factors as 2 × 2 × 3.
        options: of a choice.
        percent: a number that the question asks for in percent: 28, 28% and 28 percent are it, 0.28 is not.
        chance: how often a guess is right.
    """

    kind: AnswerKind
    value: str
    options: tuple[str, ...] = ()
    percent: bool = False
    chance: float = 0.0

    def to_record(self) -> dict[str, Any]:
        return {**vars(self), "options": list(self.options)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Answer":
        return cls(**{**record, "options": tuple(record["options"])})

    def is_given_by(self, reply: str) -> bool:
        """Whether a reply has this answer."""
        text = _plain(reply)
        if self.kind == "number":
            expected = last_number(self.value)
            assert expected is not None, self.value
            return _is_number(text, expected[0], percent=self.percent)
        if self.kind == "choice":
            return _chosen(text, self.options) == {self.value.casefold()}
        if self.kind == "factors":
            return _factors(text) == _factors(self.value)
        return _last_word(text) == _last_word(self.value)


def last_number(text: str) -> tuple[Fraction, bool] | None:
    """The last number of a text, and whether it is in percent; None where there is none, it divides by zero, or it has
    more digits than Python reads.

    Commas between groups of three digits are part of a number, all others end it, and so does a full stop.
    """
    matches = list(_NUMBER.finditer(text))
    if not matches:
        return None
    match = matches[-1]
    try:
        value = Fraction(match["number"].replace(",", "") + (match["power"] or "")) / Fraction(match["below"] or 1)
    except (ValueError, ZeroDivisionError):
        return None
    return -value if (match["sign"] or "").startswith("-") else value, match["percent"] is not None


def _is_number(text: str, expected: Fraction, *, percent: bool) -> bool:
    read = last_number(text)
    if read is None:
        return False
    value, in_percent = read
    return (value / 100 if in_percent and not percent else value) == expected


def _plain(reply: str) -> str:
    """Without the LaTeX around an answer."""
    boxed = _BOXED.findall(reply)
    text = boxed[-1] if boxed else reply
    for pattern, plain in _LATEX:
        text = pattern.sub(plain, text)
    return text


def _chosen(text: str, options: tuple[str, ...]) -> set[str]:
    """The options that a text names as whole words, in lower case; a longer one hides those inside it."""
    names = sorted(options, key=len, reverse=True)
    return set(
        re.findall(rf"(?<!\w)(?:{'|'.join(re.escape(name.casefold()) for name in names)})(?!\w)", text.casefold())
    )


def _factors(text: str) -> list[int]:
    products = _PRODUCT.findall(text)
    try:
        return sorted(int(number) for number in re.findall(r"\d+", products[-1])) if products else []
    except ValueError:  # more digits than Python reads
        return []


def _last_word(text: str) -> str:
    """Without the punctuation around it; the signs of check and comment of a chess move are punctuation."""
    words = [bare for word in text.split() if (bare := word.strip(".,;:!?+#*_`'\"()$"))]
    return words[-1] if words else ""
