"""Whether a page's words and boxes agree, its questions have answers, and its numbers add up.

`page.meta["arithmetic"]` lists what a reader could compute: `[operation, terms, result]`, all as they are written on
the page. Operations are sum, difference, product, percent (of an amount, half up), largest and smallest.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from fc_model.data.images.record import Question
from fc_model.errors import UserError
from fc_pipeline.images.synthesis.page import Page

SHOWN = frozenset({"extractive", "field", "cell", "choice"})
"""Kinds of question whose answers stand on the page."""
_OPERATIONS: dict[str, Callable[[list[int]], int]] = {
    "sum": sum,
    "difference": lambda terms: terms[0] - sum(terms[1:]),
    "product": math.prod,
    "largest": max,
    "smallest": min,
}


def check_page(page: Page, *, where: str) -> None:
    """Raises UserError when the page contradicts itself, naming `where` and the word, question or sum that is wrong.

    White space counts as equal, so an answer may run over the end of a line.
    """
    for problem in _problems(page):
        raise UserError(f"{where}: {problem}; correct its renderer")


def _problems(page: Page) -> Iterator[str]:
    width, height = page.image.size
    by_line: dict[int, list[str]] = {}
    for word in page.words:
        left, top, right, bottom = word.box
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            yield f"the box {word.box} of {word.text!r} is not inside {width}x{height}"
        if not word.text or word.text.split() != [word.text]:
            yield f"{word.text!r} is no word"
        by_line.setdefault(word.line, []).append(word.text)
    if sorted(by_line) != list(range(len(page.lines))):
        yield f"words are of the lines {sorted(by_line)}, but there are {len(page.lines)} lines"
    for number, line in enumerate(page.lines):
        if line.text.split() != by_line[number]:
            yield f"the line {line.text!r} has the words {by_line[number]}"
    shown = _plain(page.text)
    for question in page.questions:
        if problem := _answer_problem(question, shown):
            yield f"{question.question!r}: {problem}"
    for operation, terms, result in page.meta.get("arithmetic", []):
        if problem := _missing([*terms, result], shown):
            yield f"{operation} of {terms}: {problem}"
        if not _holds(operation, terms, result):
            yield f"{operation} of {terms} is not {result!r}"


def _answer_problem(question: Question, shown: str) -> str | None:
    kind, answers = question.kind, question.answers
    if not answers or not all(answer.strip() for answer in answers):
        return "has no answer, or an empty one"
    if kind in SHOWN:
        return _missing(answers, shown)
    if kind == "count":
        return None if answers[0].isdigit() else f"{answers[0]!r} is no whole number"
    if kind == "yes_no":
        return None if answers[0] in ("yes", "no") else f"{answers[0]!r} is neither yes nor no"
    if kind != "json":
        return f"kind {kind!r} is unknown to the check"
    for answer in answers:
        try:
            value = json.loads(answer)
        except ValueError as error:
            return f"{answer!r} is not JSON ({error})"
        if not isinstance(value, dict) or not value:
            return f"{answer!r} is not a JSON object with keys"
        if problem := _missing(_leaves(value), shown):
            return problem
    return None


def _leaves(value: Any) -> list[str]:
    """Strings of a JSON value; whoever extracts copies, so numbers are strings as written."""
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return [leaf for item in items for leaf in _leaves(item)]
    return [str(value)]


def _plain(text: str) -> str:
    return " ".join(text.split())


def _missing(texts: list[str], shown: str) -> str | None:
    return next((f"{text!r} is not on the page" for text in texts if _plain(text) not in shown), None)


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
        return _OPERATIONS[operation]([_units(term) for term in terms]) == _units(result)
    except (ValueError, InvalidOperation):
        return False
