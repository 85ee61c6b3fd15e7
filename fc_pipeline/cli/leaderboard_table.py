"""The leaderboard in words."""

from typing import Any

from fc_pipeline.formatting import UNKNOWN, Line, columns, count

_HEAD = ["track", "bits/byte", "perplexity", "parameters", "tokens", "gates", "stage", "report"]


def leaderboard_lines(rows: list[dict[str, Any]]) -> list[Line]:
    """Args: rows: what `fc_pipeline.report.leaderboard.leaderboard` gives, the best first."""
    if not rows:
        return [("", "no report is built yet: fustercluck run TRACK")]
    table = [_HEAD] + [
        [
            row["track"],
            _number(row["bits_per_byte"], ".4f"),
            _number(row["perplexity"], ".2f"),
            count(row["parameters"]),
            count(row["tokens"]),
            ", ".join(f"{number} {state}" for state, number in row["gates"].items() if number) or "none",
            row["stage"] or UNKNOWN,
            row["identity"],
        ]
        for row in rows
    ]
    styles = ["bold", *("red" if row["gates"]["failed"] else "" for row in rows)]
    return list(zip(styles, columns(table), strict=True))


def _number(value: float | None, form: str) -> str:
    return UNKNOWN if value is None else format(value, form)
