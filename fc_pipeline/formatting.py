"""Figures, tables and lines for people: one way to write each, on the terminal, in reports and in Dagster's pages."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Line = tuple[str, str]
"""(style as rich names it, empty for none; text)."""

UNKNOWN = "–"


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


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False))


def columns(rows: list[list[str]]) -> list[str]:
    """The rows with their cells, except the last one, padded to equal width."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)] if rows else []
    return ["  ".join([*map(str.ljust, row[:-1], widths), row[-1]]).rstrip() for row in rows]


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table whose cells cannot break it."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: Any) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return " ".join(text.replace("|", "\\|").replace("`", "'").replace("<", "&lt;").split())


def visible(text: str) -> str:
    """One line that a terminal shows as it is: control and format characters (also bidi) and newlines as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def size(num_bytes: float | None) -> str:
    """Bytes as `3.2 MB`; `–` for an unknown size."""
    if num_bytes is None:
        return UNKNOWN
    for unit in ("B", "kB", "MB", "GB"):
        if num_bytes < 1000:
            return f"{num_bytes:.0f} B" if unit == "B" else f"{num_bytes:.1f} {unit}"
        num_bytes /= 1000
    return f"{num_bytes:.1f} TB"


def duration(seconds: float | None) -> str:
    """`2.5 s`, `4 min 10 s`, `3 h 5 min`; `–` for an unknown time."""
    if seconds is None:
        return UNKNOWN
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s"


def date(timestamp: float | None) -> str:
    """`2026-11-29 20:10 UTC`, of seconds since 1970; `–` for an unknown time."""
    if timestamp is None:
        return UNKNOWN
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M UTC")


def count(number: float) -> str:
    """Many things in a few digits: `950`, `12.5k`, `416.2M`, `3B` (1e9)."""
    for limit, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "k")):
        if abs(number) >= limit:
            return f"{number / (1e3 if unit == 'k' else limit):.1f}".removesuffix(".0") + unit
    return f"{number:.4g}"


def amount(value: float | None) -> str:
    """Whole numbers in full, others with four digits: `1,234,567`, `2.306`, `1.2e+15`; `–` for an unknown one."""
    if value is None:
        return UNKNOWN
    if float(value).is_integer() and abs(value) < 1e10:
        return f"{int(value):,}"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e10 else f"{value:.4g}"


def signed(value: float) -> str:
    """A difference as `amount` writes it, with its sign: `+0.12`, `-3`, `0`."""
    return f"+{amount(value)}" if value > 0 else amount(value)


def percent(share: float | None) -> str:
    """A share of one as per cent with one decimal; `–` for an unknown one."""
    return UNKNOWN if share is None else f"{share:.1%}"


def training_progress(metrics: Mapping[str, Any]) -> str:
    """`step 120/400  loss 3.412  1,234 tokens/s  1 min 5 s left`, of the metrics that are known."""
    parts = []
    if metrics.get("step") is not None:
        steps = metrics.get("steps")
        parts.append(f"step {metrics['step']:,}" + (f"/{steps:,}" if steps else ""))
    if metrics.get("loss") is not None:
        parts.append(f"loss {metrics['loss']:.3f}")
    if metrics.get("tokens_per_second"):
        parts.append(f"{metrics['tokens_per_second']:,.0f} tokens/s")
    if metrics.get("eta_seconds") is not None:
        parts.append(f"{duration(metrics['eta_seconds'])} left")
    return "  ".join(parts)
