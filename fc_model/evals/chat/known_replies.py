"""Do the scores measure? Replies whose worth is known are scored, too: the reference, silence, and spoilt references.

A score that gives the reference less than 1, silence more than 0, or another argument what the right one gets, measures
nothing of a model either.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fc_model.chat.messages import Message, ToolCall
from fc_model.evals.chat.calls import Schemas
from fc_model.evals.chat.pairwise import Prompt, judge_by_rules, points
from fc_model.evals.chat.replies import Written
from fc_model.evals.chat.turns import Turn, turn_scores
from fc_model.strict_json import to_json

Worth = Mapping[str, float]
"""What every value of a score has to be, where the turn is asked for that score."""

_WRONG = {"right_tools": 0.0, "exact_calls": 0.0, "ast_match": 0.0}
_NO_CALL = {"missed_calls": 1.0, "needless_calls": 0.0}
_SILENT = {**_WRONG, **_NO_CALL, "declined": 0.0, "ended": 0.0}
_RIGHT = {**dict.fromkeys((*_WRONG, "valid_calls", "declined", "ended"), 1.0), **_NO_CALL, "missed_calls": 0.0}
_UNKNOWN = "no_such_"
_PLAIN = ("string", "integer", "number", "boolean")


def turn_faults(turn: Turn, schemas: Schemas) -> list[str]:
    """What is wrong with the scores of a turn (turns.py), one line each."""
    return [
        f"{turn.id}: {name} has {value:g} of {score}, not {worth[score]:g}"
        for name, reply, worth in (
            ("the reference", written(turn.expected), _RIGHT),
            ("silence", Written(), _SILENT),
            *_spoilt(turn.expected, schemas),
        )
        for score, values in turn_scores(turn, reply, schemas).items()
        for value in values
        if score in worth and value != worth[score]
    ]


def prompt_faults(prompt: Prompt) -> list[str]:
    """The same of a prompt's instructions, and of the rules by which replies are compared (pairwise.py)."""
    silence, reply = Written(text=" \n", ended=True), Written(text="A whole sentence.", ended=True)
    faults = [
        f"{prompt.id}: silence follows {one.kind}"
        for one in prompt.instructions
        if one.followed_by(silence.text) or one.loosely_followed_by(silence.text)
    ]
    verdicts = judge_by_rules(prompt, reply, silence), judge_by_rules(prompt, silence, reply)
    if points(prompt, silence) or verdicts != ("first", "second"):
        faults.append(f"{prompt.id}: a reply is no better than silence")
    return faults


def written(message: Message) -> Written:
    """A message of the assistant as a reply."""
    return Written(
        text=message.content, reasoning=message.reasoning or "", calls=_texts(message.tool_calls), ended=True
    )


def _texts(calls: Sequence[ToolCall]) -> tuple[str, ...]:
    return tuple(to_json({"name": call.name, "arguments": call.arguments}) for call in calls)


def _spoilt(expected: Message, schemas: Schemas) -> Iterator[tuple[str, Written, Worth]]:
    """Replies with one fault: its name, the reply, and its worth."""
    reference = written(expected)
    if not expected.tool_calls:
        (needless,) = _texts([ToolCall(_UNKNOWN, {})])
        for name, text in (("a needless call", needless), ("a needless call that is cut", needless[:-1])):
            worth = {"valid_calls": 0.0, "needless_calls": 1.0, "declined": 0.0}
            yield name, replace(reference, calls=(text,)), worth
        return
    first, *others = expected.tool_calls
    unknown = ToolCall(_UNKNOWN + first.name, first.arguments)
    yield "another tool", replace(reference, calls=_texts([unknown, *others])), _WRONG
    yield "one call too many", replace(reference, calls=_texts([first, first, *others])), _WRONG
    cut = tuple(text[:-1] for text in reference.calls)
    yield "a call that is cut", replace(reference, calls=cut), {**_WRONG, "valid_calls": 0.0}
    properties: Mapping[str, Any] = schemas.get(first.name, {}).get("properties", {})
    for name, value in first.arguments.items():
        other = ToolCall(first.name, {**first.arguments, name: _other(value)})
        worth = {"exact_calls": 0.0, "ast_match": 0.0}
        yield f"another {name}", replace(reference, calls=_texts([other, *others])), worth
        if isinstance(schema := properties.get(name), Mapping) and schema.get("type") in _PLAIN:
            broken = ToolCall(first.name, {**first.arguments, name: [value]})
            yield f"a list as {name}", replace(reference, calls=_texts([broken])), {**_WRONG, "valid_calls": 0.0}


def _other(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value / 2 if abs(value) >= 1 else value + 1
    if isinstance(value, list):
        return [*value, None]
    return {**value, _UNKNOWN: None} if isinstance(value, dict) else f"{value}?"
