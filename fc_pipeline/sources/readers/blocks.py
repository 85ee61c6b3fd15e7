"""Joins blocks of text as Markdown does: list items and table rows tight, everything else with an empty line."""

import re
from collections.abc import Iterable

_TIGHT = re.compile(r" *(?:(-|\d+\.) |\|)")


def join(blocks: Iterable[str]) -> str:
    """Blocks in order, empty ones left out."""
    parts: list[str] = []
    previous_tight = False
    for block in blocks:
        if not block.strip():
            continue
        tight = _TIGHT.match(block) is not None
        if parts:
            parts.append("\n" if tight and previous_tight else "\n\n")
        parts.append(block.rstrip())
        previous_tight = tight
    return "".join(parts)


def fence(code: str, language: str) -> str:
    """Code between fences that are longer than any inside it."""
    longest = max((len(run) for run in re.findall(r"`{3,}", code)), default=2)
    ticks = "`" * (longest + 1)
    return f"{ticks}{language}\n{code.strip(chr(10)).rstrip()}\n{ticks}"
