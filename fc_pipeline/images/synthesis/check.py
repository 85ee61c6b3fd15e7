"""Whether a page's questions have answers, and whether its numbers add up.

`page.meta["arithmetic"]` lists what a reader could compute: `[operation, terms, result]`, all as they are written on
the page. Operations are sum, difference, product, percent (of an amount, half up), largest and smallest.
"""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from fc_pipeline.images.synthesis.page import Page

SHOWN = frozenset({"extractive", "field", "cell", "choice"})
"""Kinds of question whose answers stand on the page."""


class PageError(ValueError):
    """A page contradicts itself: a renderer is wrong."""


def check_page(page: Page, *, kind: str | None = None) -> None:
    """Raises PageError naming the kind (or `page.meta["layout"]`) and the question or the sum that is wrong.

    White space counts as equal, so an answer may run over the end of a line.
    """
    where = kind or str(page.meta.get("layout", "page"))
    shown = _plain(page.text)
    for question in page.questions:
        problem = _problem(question.kind, question.answers, shown)
        if problem:
            raise PageError(f"{where}: {question.question!r}: {problem}")
    for operation, terms, result in page.meta.get("arithmetic", []):
        missing = [term for term in [*terms, result] if _plain(term) not in shown]
        if missing:
            raise PageError(f"{where}: {operation} of {terms}: {missing[0]!r} is not on the page")
        if not _holds(operation, terms, result):
            raise PageError(f"{where}: {operation} of {terms} is not {result!r}")


def _problem(kind: str, answers: list[str], shown: str) -> str | None:
    if not answers or not all(answer.strip() for answer in answers):
        return "has no answer, or an empty one"
    if kind in SHOWN:
        return next((f"{answer!r} is not on the page" for answer in answers if _plain(answer) not in shown), None)
    if kind == "count":
        return None if answers[0].isdigit() else f"{answers[0]!r} is no whole number"
    if kind == "yes_no":
        return None if answers[0] in ("yes", "no") else f"{answers[0]!r} is neither yes nor no"
    if kind == "json":
        return _json_problem(answers, shown)
    return f"kind {kind!r} is unknown to the check"


def _json_problem(answers: list[str], shown: str) -> str | None:
    for answer in answers:
        try:
            value = json.loads(answer)
        except ValueError as error:
            return f"{answer!r} is not JSON ({error})"
        if not isinstance(value, dict) or not value:
            return f"{answer!r} is not a JSON object with keys"
        missing = [leaf for leaf in _leaves(value) if _plain(leaf) not in shown]
        if missing:
            return f"{missing[0]!r} is not on the page"
    return None


def _leaves(value: Any) -> list[str]:
    """Strings of a JSON value; whoever extracts copies, so numbers are strings as written."""
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [str(value)]


def _plain(text: str) -> str:
    return " ".join(text.split())


def _units(written: str) -> int:
    """Digits of an amount as one whole number: its smallest unit, whatever marks thousands and decimals."""
    digits = re.sub(r"\D", "", written)
    return -int(digits) if written.strip().startswith(("-", "−")) else int(digits)


def _holds(operation: str, terms: list[str], result: str) -> bool:
    """The terms of a sum have the decimals of the result; the factors of a product before the last have none."""
    try:
        if operation == "percent":
            part = Decimal(terms[0].strip("%").strip()) * _units(terms[1]) / 100
            return int(part.quantize(Decimal(1), rounding=ROUND_HALF_UP)) == _units(result)
        values, is_ = [_units(term) for term in terms], _units(result)
    except (ValueError, InvalidOperation):
        return False
    if operation == "sum":
        return sum(values) == is_
    if operation == "difference":
        return values[0] - sum(values[1:]) == is_
    if operation == "product":
        product = 1
        for value in values:
            product *= value
        return product == is_
    if operation == "largest":
        return max(values) == is_
    if operation == "smallest":
        return min(values) == is_
    raise PageError(f"arithmetic {operation!r} is unknown to the check")
