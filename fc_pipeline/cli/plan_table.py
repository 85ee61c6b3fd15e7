"""A plan in words: one line a key, or with all reasons below it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from fc_pipeline.engine.plan import UNFINISHED, PlanItem, State
from fc_pipeline.formatting import UNKNOWN, Line, columns, count, duration, size

_STYLES: dict[State, str] = {
    "fresh": "dim",
    "rejudge": "cyan",
    "pull": "cyan",
    "maybe": "yellow",
    "build": "bold",
    "damaged": "bold red",
}
_MEANING: dict[State, str] = {
    "rejudge": "to judge again",
    "pull": "to pull from the remote",
    "maybe": "to build unless their inputs come out equal",
    "build": "to build",
    "damaged": "damaged and to build again",
}


def plan_lines(items: list[PlanItem], forecast: dict[str, Any] | None, *, explain: bool) -> Iterator[Line]:
    """Args: forecast: what `fc_pipeline.training.forecast.forecast` says of the unfinished keys; None without any."""
    steps = forecast["steps"] if forecast else {}
    rows = []
    for item in items:
        figures = steps.get(item.key)
        rows.append([item.state, item.key, _cost(figures) if figures else "", "" if explain else _why(item)])
    for item, text in zip(items, columns(rows), strict=True):
        yield "bold red" if item.blocked else _STYLES[item.state], text
        if explain:
            yield from (("", f"           {line}") for line in _details(item, steps.get(item.key)))
    yield "bold", _total(items, forecast)


def _why(item: PlanItem) -> str:
    gates = [item.gates] if item.gates not in ("", "passed") else []
    resumes = ["goes on from half-done work"] if item.resumes else []
    return "; ".join([*item.reasons, *resumes, *gates, *(f"blocked: {line}" for line in item.blocked)])


def _details(item: PlanItem, figures: dict[str, Any] | None) -> Iterator[str]:
    for reason in item.reasons:
        yield reason
        if reason.startswith("code"):
            yield from (f"  {part}" for part in item.parts)
    if item.resumes:
        yield f"goes on from half-done work: {', '.join(item.resumes)}"
    if item.gates:
        yield f"gates: {item.gates}"
    yield from (f"blocked: {line}" for line in item.blocked)
    if figures:
        yield f"estimate: {figures['basis']}"


def _cost(figures: dict[str, Any]) -> str:
    tokens = [f"{count(figures['tokens'])} tokens"] if figures.get("tokens") else []
    if figures["seconds"] is None and not tokens:
        return UNKNOWN if figures["disk_bytes"] is None else f"{UNKNOWN} {size(figures['disk_bytes'])}"
    return " ".join([*tokens, duration(figures["seconds"]), size(figures["disk_bytes"])])


def _total(items: list[PlanItem], forecast: dict[str, Any] | None) -> str:
    states = Counter(item.state for item in items)
    work = [f"{states[state]} {meaning}" for state, meaning in _MEANING.items() if states[state]]
    if not work:
        return f"{len(items)} artifacts, all fresh"
    text = f"{len(items)} artifacts: {', '.join(work)}"
    if states["pull"]:
        text += f"; {size(sum(item.pulled_bytes for item in items))} to download"
    if forecast is not None and any(states[state] for state in UNFINISHED):
        total = forecast["total"]
        tokens = f"{count(total['tokens'])} tokens, " if total["tokens"] else ""
        unknown = f", not counting {len(total['unknown'])} never built" if total["unknown"] else ""
        text += f"; about {tokens}{duration(total['seconds'])}, {size(total['disk_bytes'])}{unknown}"
        if total["download_bytes"]:
            text += f"; {size(total['download_bytes'])} to download, {len(total['unsized'])} of unknown size"
    return text
