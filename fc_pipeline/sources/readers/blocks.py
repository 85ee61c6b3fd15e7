"""Joins blocks of text as Markdown does: list items and table rows tight, everything else with an empty line."""

import re
from collections.abc import Iterable

_TIGHT = re.compile(r" *(?:(-|\d+\.) |\|)")
_ORDINAL_OR_MARK = re.compile(r"(?:st|nd|rd|th|tm|sm)\Z|\W*\Z|\[", re.IGNORECASE)
_ONE_TERM = re.compile(r"[-+\u2212]?(?:\w+|\d+\.\d+)\Z")


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


def script(words: str, sign: str) -> str:
    """What stands above (`^`) or below (`_`) the line, in TeX's notation: 10^6, x_{i+1}. Ordinals and marks are words.

    Without the sign 10 to the 6th would become 106.
    """
    words = " ".join(words.split())
    if _ORDINAL_OR_MARK.match(words):
        return words
    return sign + (words if _ONE_TERM.match(words) else f"{{{words}}}")


def formula(tex: str, *, display: bool = False) -> str:
    """A formula in TeX between dollars; `display` for one in a line of its own."""
    tex = tex.strip()
    if not tex:
        return ""
    return f"\n\n$$\n{tex}\n$$\n\n" if display else f"${tex}$"
