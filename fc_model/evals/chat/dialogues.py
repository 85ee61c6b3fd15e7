"""Whole dialogues: the model calls real tools, and its last answer holds the value that they gave, or does not.

What is expected is read off the reference: the values of its results that its last answer names and the user did not.
A reference whose calls bring something else today (they need a file, or the time) is not asked.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fc_model.chat.agent import Agent
from fc_model.chat.messages import Conversation
from fc_model.errors import UserError
from fc_model.evals.chat.calls import canonical
from fc_model.evals.chat.replies import Speaker
from fc_model.inference.decoder_runtime import DecoderRuntime
from fc_model.inference.generate import Sampling
from fc_model.strict_json import parse_json, to_json
from fc_model.tools.call import run_call
from fc_model.tools.registry import TOOLS
from fc_model.tools.sandbox import Sandbox

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][+-]?\d+)?")

Value = str | int | float


@dataclass(frozen=True, kw_only=True)
class Dialogue:
    """What the user says, and what the last answer must hold."""

    id: str
    kinds: tuple[str, ...]
    reference: Conversation
    expected: tuple[Value, ...]


def dialogue_of(conversation: Conversation, sandbox: Sandbox, *, name: str, kinds: tuple[str, ...]) -> Dialogue | None:
    """The dialogue; None where a tool is not ours, no result decides the answer, or results can't be had again."""
    messages = conversation.messages
    offered = [tool["function"]["name"] for tool in conversation.tools]
    if not offered or not all(tool in TOOLS for tool in offered) or messages[-1].role != "assistant":
        return None
    values = list(_values(conversation, sandbox))
    answer, asked = messages[-1].content, "\n".join(message.content for message in messages if message.role == "user")
    named = [value for value in values if value is not None and holds(answer, value) and not holds(asked, value)]
    if not named or None in values:
        return None
    expected = tuple(dict.fromkeys(named))
    return Dialogue(id=name, kinds=kinds, reference=conversation, expected=expected)


def holds(answer: str, value: Value) -> bool:
    """Whether a text names a value: a number by its value, also with commas; a text as whole words, in any case."""
    if isinstance(value, str):
        return re.search(rf"(?<!\w){re.escape(value.casefold())}(?!\w)", answer.casefold()) is not None
    return any(float(match[0].replace(",", "")) == value for match in _NUMBER.finditer(answer))


def play(speaker: Speaker, dialogue: Dialogue, sandbox: Sandbox) -> tuple[float, list[dict[str, Any]]]:
    """(1 where the last answer holds all that is expected, else 0; the messages, as records).

    The model's turns are bounded by the chat format and the schemas. A question that no longer fits the context is 0.
    """
    reference = dialogue.reference
    names = [tool["function"]["name"] for tool in reference.tools]
    agent = Agent(
        DecoderRuntime(speaker.decoder),
        speaker.codec,
        Sampling(temperature=0),
        speaker.max_tokens,
        tools=[TOOLS[name] for name in names],
        sandbox=sandbox,
        grounding=speaker.grounding,
        system=next((message.content for message in reference.messages if message.role == "system"), ""),
    )
    try:
        for message in reference.messages:
            if message.role == "user":
                for _ in agent.ask(message.content):
                    pass
    except UserError:
        return 0.0, _records(agent, reference)
    answer = agent.messages[-1].content
    return float(all(holds(answer, value) for value in dialogue.expected)), _records(agent, reference)


def _values(conversation: Conversation, sandbox: Sandbox) -> Iterator[Value | None]:
    """The numbers and texts in the results; None for a call that brings another one than the reference has."""
    calls: Sequence[Any] = ()
    for message in conversation.messages:
        if message.role == "assistant":
            calls = message.tool_calls
        elif message.role == "tool":
            call, *calls = calls
            outcome = run_call(to_json({"name": call.name, "arguments": call.arguments}), sandbox)
            if outcome.error is not None or not _equal(message.content, outcome.value):
                yield None
            else:
                yield from _leaves(outcome.value)


def _equal(text: str, value: Any) -> bool:
    try:
        return canonical(parse_json(text)) == canonical(value)
    except ValueError:
        return False


def _leaves(value: Any) -> Iterator[Value]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    elif isinstance(value, int | float | str) and not isinstance(value, bool) and value != "":
        yield value


def _records(agent: Agent, reference: Conversation) -> list[dict[str, Any]]:
    if not agent.messages:
        return []
    records: list[dict[str, Any]] = Conversation(tuple(agent.messages), reference.tools).to_record()["messages"]
    return records
