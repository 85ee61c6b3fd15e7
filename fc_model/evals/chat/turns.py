"""The assistant's turns of conversations with tools, and the scores of a reply to each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fc_model.chat.grounding.mode import Grounding
from fc_model.chat.grounding.tools import grounded_tools
from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_model.chat.reply import arguments_schema
from fc_model.evals.chat.calls import (
    Schemas,
    ast_match,
    name_chance,
    read_call,
    same_calls,
    same_names,
)
from fc_model.evals.chat.replies import Written
from fc_model.strict_json import to_json

Scores = dict[str, list[float]]
"""By name the values that a turn has: one, or one of each call."""

CALL_SCORES = {
    "valid_calls": "calls that are valid",
    "right_tools": "right tools called",
    "exact_calls": "name and arguments exact",
    "ast_match": "AST match",
    "missed_calls": "no call where one is due",
    "needless_calls": "a call where none is due",
    "declined": "answered in words where no tool fits",
    "ended": "ended by the token for it",
}


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What the model is given, and what the reference says."""

    id: str
    kinds: tuple[str, ...]
    """Groups that the turn belongs to."""
    before: Conversation
    expected: Message

    @property
    def after_result(self) -> bool:
        return self.before.messages[-1].role == "tool"


def turns_of(
    conversation: Conversation, *, name: str, kinds: tuple[str, ...], requests: Sequence[str] = ()
) -> Iterator[Turn]:
    """Every turn of the assistant, with everything before it; none where no tool is offered.

    `requests` are the kinds of the user's messages, where they are known: a turn is of the kind of the last one.
    """
    if not conversation.tools:
        return
    for place, message in enumerate(conversation.messages):
        if message.role == "assistant":
            before = Conversation(conversation.messages[:place], conversation.tools)
            asked = sum(earlier.role == "user" for earlier in before.messages)
            groups = (
                *kinds,
                *requests[asked - 1 : asked],
                *(("parallel calls",) if len(message.tool_calls) > 1 else ()),
            )
            yield Turn(id=f"{name}@{place}", kinds=groups, before=before, expected=message)


def turn_scores(turn: Turn, reply: Written, schemas: Schemas) -> Scores:
    """CALL_SCORES of a reply; a turn has those that it is asked for.

    `valid_calls`: of each call that was begun. `ended`: by the token that ends a turn, not by the bound on its length
    or the end of the document. Where the reference calls: `right_tools`, `exact_calls` and `ast_match`
    (of the calls as a set, and all of them valid), and `missed_calls`. Where it does not: `needless_calls`, and behind
    a message of the user `declined`, which silence does not earn.
    """
    calls = [read_call(text, schemas) for text in reply.calls]
    valid = [call for call in calls if call is not None]
    scores: Scores = {"valid_calls": [float(call is not None) for call in calls], "ended": [float(reply.ended)]}
    expected = turn.expected.tool_calls
    if not expected:
        scores["needless_calls"] = [float(bool(calls))]
        if not turn.after_result:
            scores["declined"] = [float(not calls and bool(reply.text.strip()))]
        return scores
    whole = len(valid) == len(calls)
    return scores | {
        "right_tools": [float(whole and same_names(valid, expected))],
        "exact_calls": [float(whole and same_calls(valid, expected))],
        "ast_match": [float(whole and ast_match(valid, expected, schemas))],
        "missed_calls": [float(not calls)],
    }


def right_tools_chance(turn: Turn) -> float | None:
    """See `name_chance`; None where no call is expected."""
    expected: tuple[ToolCall, ...] = turn.expected.tool_calls
    return name_chance(expected, len(turn.before.tools)) if expected else None


def rules_out(grounding: Grounding, turn: Turn) -> bool:
    """Whether the reference calls with what may not be quoted, so that no reply can be exact."""
    if not turn.expected.tool_calls:
        return False
    offered = grounded_tools(turn.before.tools, turn.before.messages, grounding)
    schemas = {tool["function"]["name"]: arguments_schema(tool) for tool in offered}
    calls = ({"name": call.name, "arguments": call.arguments} for call in turn.expected.tool_calls)
    return any(read_call(to_json(call), schemas) is None for call in calls)
