"""What goes wrong in the assistant's turns, counted by kind of conversation and by tool."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fc_model.evals.chat.calls import Schemas, read_call, same_calls, same_names
from fc_model.evals.chat.replies import Written
from fc_model.evals.chat.turns import Turn

ERRORS = {
    "missed_call": "no call where one is due",
    "needless_call": "a call where none is due",
    "invalid_call": "a call that is not valid",
    "wrong_tool": "valid calls, not of the right tools",
    "wrong_argument": "the right tools, other arguments",
    "silent": "neither a call nor text",
}


def error_of(turn: Turn, reply: Written, schemas: Schemas) -> str | None:
    """The first of ERRORS that a reply has; None where the calls are exact, or none is due and text is there."""
    expected = turn.expected.tool_calls
    if not reply.calls and not reply.text.strip():
        return "silent" if not expected else "missed_call"
    if not expected:
        return "needless_call" if reply.calls else None
    if not reply.calls:
        return "missed_call"
    calls = [read_call(text, schemas) for text in reply.calls]
    valid = [call for call in calls if call is not None]
    if len(valid) < len(calls):
        return "invalid_call"
    if not same_names(valid, expected):
        return "wrong_tool"
    return None if same_calls(valid, expected) else "wrong_argument"


@dataclass
class Count:
    """Turns that were asked, and those of them that went wrong, by error."""

    items: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, error: str | None) -> None:
        self.items += 1
        if error is not None:
            self.errors[error] += 1

    def to_record(self) -> dict[str, Any]:
        """{"items", "failed", "errors": {error: n}}, the most frequent error first."""
        return {"items": self.items, "failed": self.errors.total(), "errors": dict(self.errors.most_common())}


@dataclass
class Failures:
    """Counts by source of the conversations, and in it by kind and by tool."""

    sources: dict[str, dict[str, dict[str, Count]]] = field(default_factory=dict)

    def add(self, error: str | None, *, source: str, kind: str | None, tools: Iterable[str]) -> None:
        """One turn. It counts for each tool that it should call."""
        groups = self.sources.setdefault(source, {"kinds": {}, "tools": {}})
        for group, names in (("kinds", () if kind is None else (kind,)), ("tools", sorted(set(tools)))):
            for name in names:
                groups[group].setdefault(name, Count()).add(error)

    def to_record(self) -> dict[str, Any]:
        """{source: {"kinds": {kind: `Count.to_record`}, "tools": {tool: the same}}}, sorted by name."""
        return {
            source: {
                group: {name: counts[name].to_record() for name in sorted(counts)} for group, counts in groups.items()
            }
            for source, groups in sorted(self.sources.items())
        }
