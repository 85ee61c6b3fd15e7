"""Conversations for tests: a real one with tools, and any that the format can hold."""

from typing import Any

from hypothesis import strategies as st

from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_model.special_tokens import SPECIAL_TOKENS

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather at a place.",
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
    },
}

TALK = Conversation(
    (
        Message("system", "Answer in one sentence."),
        Message("user", "Is it warmer in Bern or in Rome?"),
        Message(
            "assistant",
            reasoning="Both places are needed.",
            tool_calls=(ToolCall("weather", {"place": "Bern"}), ToolCall("weather", {"place": "Rome"})),
        ),
        Message("tool", '{"celsius": 12}'),
        Message("tool", '{"celsius": 19}'),
        Message("assistant", "In Rome, by seven degrees."),
        Message("user", "Thank you"),
        Message("assistant", "You are welcome."),
    ),
    (WEATHER,),
)

texts = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.sampled_from(
        [*SPECIAL_TOKENS, "<", "</", "<\\", "im_end>", " ", "\n", "  \n\n", '"', "\\", "▁", "a b", "<0x41>"]
    ),
    max_size=5,
).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, values, max_size=3)
names = texts.filter(bool)
calls = st.builds(ToolCall, names, objects)


@st.composite
def tools(draw: st.DrawFn) -> dict[str, Any]:
    function = {"name": draw(names)}
    function |= draw(st.fixed_dictionaries({}, optional={"description": texts, "parameters": objects}))
    return {"type": "function", "function": function}


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Any conversation that is valid, ended after any message."""
    messages = [Message("system", draw(texts))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        messages.append(Message("user", draw(texts)))
        for _ in range(draw(st.integers(0, 2))):
            called = tuple(draw(st.lists(calls, min_size=1, max_size=2)))
            messages.append(Message("assistant", draw(texts), draw(st.none() | texts), called))
            messages += [Message("tool", draw(texts)) for _ in called]
        messages.append(Message("assistant", draw(texts), draw(st.none() | texts)))
    length = draw(st.integers(1, len(messages)))
    declared = draw(st.lists(tools(), max_size=2, unique_by=lambda tool: tool["function"]["name"]))
    return Conversation(tuple(messages[:length]), tuple(declared))
