"""The licences of all that went into an artifact, by what it was for."""

from collections.abc import Iterable
from typing import Any

USES = {"trained": "trained on", "checked": "only checked against", "drew": "only drew images"}
_USE_OF_FOLDER = {"evalsets": "checked", "tokenizers": "checked", "fonts": "drew"}


def use_of(source: str) -> str:
    """Which of USES a source of a manifest's licences is for, by its first part; without one of these it is data."""
    return _USE_OF_FOLDER.get(source.split("/")[0], "trained")


def licence_names(entries: Iterable[dict[str, Any]], *, use: str = "trained") -> list[str]:
    """The licences of one use, sorted, each once; of an expression (`MIT AND PSF-2.0`) every name."""
    from license_expression import ExpressionError, Licensing, ParseError

    names: set[str] = set()
    for expression in {entry["licence"] for entry in entries if use_of(entry["source"]) == use}:
        try:
            names.update(Licensing().license_keys(expression))
        except (ExpressionError, ParseError):  # words that are no expression, as a source states them
            names.add(expression)
    return sorted(names)
