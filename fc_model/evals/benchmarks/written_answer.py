"""Scores of a number that a model writes behind its reasoning: GSM8K's exact match, as lm-evaluation-harness 0.4.13
filters and compares it.
"""

import re

from fc_model.evals.benchmarks.item import Item

STOPS = ("Question:", "</s>", "<|im_end|>")
"""What ends an answer: it is cut in front of the first of these."""

_STRICT = re.compile(r"#### (\-?[0-9\.\,]+)")
_FLEXIBLE = re.compile(r"(-?[$0-9.,]{2,})|(-?[0-9]+)")
_IGNORED = (re.compile(","), re.compile(r"\$"), re.compile(r"(?s).*#### "), re.compile(r"\.$"))
"""Taken out of both sides before they are compared, in this order."""


def cut_at_stop(text: str) -> str:
    """The text in front of the first stop."""
    return min((text.split(stop, 1)[0] for stop in STOPS), key=len)


def strict_match(text: str) -> str | None:
    """The first number behind `#### `, the form that the examples show."""
    match = _STRICT.search(text)
    return match[1].strip() if match else None


def flexible_extract(text: str) -> str | None:
    """The last number of the text, wherever it stands."""
    numbers = [match[0] for match in _FLEXIBLE.finditer(text)]
    return numbers[-1].strip() if numbers else None


def number_scores(item: Item, text: str) -> dict[str, float]:
    """{"accuracy", "accuracy_flexible"}, 1 or 0 each: by `strict_match` and by `flexible_extract`."""
    extracted = {"accuracy": strict_match(text), "accuracy_flexible": flexible_extract(text)}
    right = _comparable(item.target)
    return {name: float(value is not None and _comparable(value) == right) for name, value in extracted.items()}


def _comparable(text: str) -> str:
    for ignored in _IGNORED:
        text = ignored.sub("", text)
    return text.lower()
