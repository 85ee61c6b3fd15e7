"""SPDX licence expressions (SPDX specification 2.3, annex D): `MIT`, `MIT OR GPL-2.0-only`, `(A OR B) AND C`."""

import re
from collections.abc import Callable

_MAX_CHARS = 400
_TOKEN = re.compile(r"[()]|[^\s()]+")
_RANK = {"OR": 1, "AND": 2}


def permitted(expression: str, permits: Callable[[str], bool]) -> bool:
    """Does the expression leave a way that is permitted? Of `A OR B` one must be, of `A AND B` both.

    An exception (`A WITH B`) only gives more rights, so A decides. What is no expression is taken for a name; one
    that is cut short or badly bracketed is permitted when every name in it is.

    Args:
        expression: as a source states it, in any case.
        permits: says of one identifier whether it is.
    """
    tokens = _TOKEN.findall(expression[:_MAX_CHARS])
    if not any(token.upper() in _RANK or token in "()" for token in tokens):
        return permits(_name(tokens))
    values: list[bool] = []
    waiting: list[str] = []
    for operand, follower in _parts(tokens):
        if follower == "(":
            waiting.append("(")
        elif operand is not None:
            values.append(permits(operand))
        elif follower == ")":
            while waiting and waiting[-1] != "(":
                _apply(waiting.pop(), values)
            if waiting:
                waiting.pop()
        else:
            while waiting and _RANK.get(waiting[-1], 0) >= _RANK[follower]:
                _apply(waiting.pop(), values)
            waiting.append(follower)
    while waiting:
        _apply(waiting.pop(), values)
    return all(values)


def _parts(tokens: list[str]) -> list[tuple[str | None, str]]:
    """(name, "") and (None, operator or bracket) in order; words without an operator between them are one name."""
    parts: list[tuple[str | None, str]] = []
    name: list[str] = []
    for token in [*tokens, ""]:
        if token and token not in "()" and token.upper() not in _RANK:
            name.append(token)
            continue
        if name:
            parts.append((_name(name), ""))
            name = []
        if token:
            parts.append((None, token.upper()))
    return parts


def _name(words: list[str]) -> str:
    """The identifier, without an exception that is added to it."""
    lower = [word.lower() for word in words]
    return " ".join(words[: lower.index("with")] if "with" in lower[1:] else words)


def _apply(operator: str, values: list[bool]) -> None:
    if operator in _RANK and len(values) >= 2:
        second, first = values.pop(), values.pop()
        values.append(first or second if operator == "OR" else first and second)
