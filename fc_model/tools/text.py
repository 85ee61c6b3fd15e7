"""Text: what is in it, what becomes of it, and where a pattern matches."""

from collections.abc import Callable
from typing import Any

import regex

from fc_model.tools.tool import INTEGER, NAME, TEXT, Tool, ToolError, array, described, one_of, record

_SECONDS = 0.1
"""Of the processor, for a pattern's matches: a pattern may take longer than the universe."""
_MAX_MATCHES = 100
_OPERATIONS: dict[str, Callable[[str], str]] = {
    "uppercase": str.upper,
    "lowercase": str.lower,
    "capitalize": lambda text: text[:1].upper() + text[1:],
    "reverse": lambda text: "".join(reversed(regex.findall(r"\X", text))),  # what a reader sees as one stays one
    "trim": str.strip,
    "collapse_spaces": lambda text: " ".join(text.split()),
    "reverse_words": lambda text: " ".join(reversed(text.split())),
}


def text_statistics(text: str, count: str | None = None) -> dict[str, int]:
    """Characters as a reader sees them, words between spaces, lines; `occurrences` of `count`, not overlapping."""
    numbers = {
        "characters": len(regex.findall(r"\X", text)),
        "words": len(text.split()),
        "lines": len(text.splitlines()),
    }
    return numbers if count is None else {**numbers, "occurrences": text.count(count)}


def transform_text(text: str, operation: str) -> str:
    return _OPERATIONS[operation](text)


def find_pattern(text: str, pattern: str) -> dict[str, Any]:
    """Matches of a regular expression, in order, not overlapping; at most 100 are listed."""
    try:
        compiled = regex.compile(pattern)
        matches = [match.group() for match in compiled.finditer(text, timeout=_SECONDS)]
    except regex.error as error:
        raise ToolError(f"no regular expression: {error}") from error
    except TimeoutError as error:
        raise ToolError(f"the pattern takes more than {_SECONDS} seconds on this text: write a simpler one") from error
    return {"count": len(matches), "matches": matches[:_MAX_MATCHES]}


TOOLS = (
    Tool(
        name="text_statistics",
        description="Counts characters, words and lines of a text, and how often a piece of it occurs.",
        parameters=record({"text": TEXT}, optional={"count": described(NAME, "what to count, such as r")}),
        executor=text_statistics,
        result=record({"characters": INTEGER, "words": INTEGER, "lines": INTEGER}, optional={"occurrences": INTEGER}),
    ),
    Tool(
        name="transform_text",
        description="Changes a text as a whole: upper or lower case, reversed, without extra spaces.",
        parameters=record({"text": TEXT, "operation": one_of(*_OPERATIONS)}),
        executor=transform_text,
        result={"type": "string"},
    ),
    Tool(
        name="find_pattern",
        description="Finds what a regular expression matches in a text.",
        parameters=record({"text": TEXT, "pattern": NAME}),
        executor=find_pattern,
        result=record({"count": INTEGER, "matches": array({"type": "string"})}),
    ),
)
