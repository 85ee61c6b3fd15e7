"""Figures and lines for people: the same words on a terminal, where they have colours, and in a pipe."""

import difflib
import sys
from collections.abc import Iterable

Line = tuple[str, str]
"""(style as rich names it, empty for none; text)."""


def print_lines(lines: Iterable[Line]) -> None:
    """Print to standard output, with the styles if that is a terminal."""
    if not sys.stdout.isatty():
        for _, text in lines:
            print(text)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for style, text in lines:
        console.print(Text(text, style=style), soft_wrap=True)


def columns(rows: list[list[str]]) -> list[str]:
    """The rows with their cells, except the last one, padded to equal width."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)] if rows else []
    return ["  ".join([*map(str.ljust, row[:-1], widths), row[-1]]).rstrip() for row in rows]


def size(num_bytes: float | None) -> str:
    """`3.2 MB`; `?` for an unknown size."""
    if num_bytes is None:
        return "?"
    for unit in ("B", "kB", "MB", "GB"):
        if num_bytes < 1000:
            return f"{num_bytes:.0f} B" if unit == "B" else f"{num_bytes:.1f} {unit}"
        num_bytes /= 1000
    return f"{num_bytes:.1f} TB"


def duration(seconds: float | None) -> str:
    """`2.5 s`, `4 min 10 s`, `3 h 5 min`; `?` for an unknown time."""
    if seconds is None:
        return "?"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s"


def count(number: float) -> str:
    """`1.2M` tokens; digits below ten thousand."""
    for limit, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if number >= limit:
            return f"{number / (1e3 if unit == 'k' else limit):.1f}{unit}"
    return f"{number:.0f}"


def suggestion(name: str, known: Iterable[str]) -> str:
    """What a misspelt name may have meant, as the end of a sentence: `; did you mean 'shards'?`"""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else (f"; there are: {', '.join(names)}" if names else "")
