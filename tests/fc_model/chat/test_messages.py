"""Conversations are checked as they are made, and every error names the place."""

import re
from typing import Any

import pytest
from factories.conversations import TALK, WEATHER

from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_model.errors import UserError

CALL = ToolCall("weather", {"place": "Bern"})
USER, ASSISTANT, RESULT = Message("user", "a"), Message("assistant", "b"), Message("tool", "c")
CALLING = Message("assistant", tool_calls=(CALL,))
NESTED: Any = {}
for _ in range(100_000):
    NESTED = {"a": NESTED}


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ((), "messages: a conversation has at least one"),
        ((ASSISTANT,), "messages[0]: assistant cannot begin a conversation"),
        ((USER, USER), "messages[1]: user cannot follow user"),
        ((USER, ASSISTANT, ASSISTANT), "messages[2]: assistant cannot follow assistant"),
        ((USER, Message("system", "s")), "messages[1]: system cannot follow user"),
        ((Message("system", "s"), ASSISTANT), "messages[1]: assistant cannot follow system"),
        ((USER, RESULT), "messages[1]: tool cannot follow user"),
        ((USER, ASSISTANT, RESULT), "messages[2]: a result without a call; the assistant has called no more tools"),
        (
            (USER, CALLING, RESULT, RESULT),
            "messages[3]: a result without a call; the assistant has called no more tools",
        ),
        ((USER, CALLING, USER), "messages[2]: user cannot follow calls; their results come first"),
        (
            (Message("bot", "b"),),  # type: ignore[arg-type]
            "messages[0].role: 'bot' is none; the roles are system, user, assistant, tool",
        ),
        ((Message("user", "a", "why"),), "messages[0]: only the assistant reasons and calls tools, not user"),
        (
            (Message("user", ["a"]),),  # type: ignore[arg-type]
            "messages[0].content: text is expected, not a list",
        ),
        (
            (USER, Message("assistant", "b\ud800")),
            "messages[1].content: a lone surrogate is no character; decode the text as UTF-8",
        ),
        (
            (USER, Message("assistant", tool_calls=(CALL, ToolCall("", {})))),
            "messages[1].tool_calls[1].name: the name of a tool is expected, not ''",
        ),
        (
            (USER, Message("assistant", tool_calls=(ToolCall("weather", ["Bern"]),))),  # type: ignore[arg-type]
            "messages[1].tool_calls[0].arguments: an object is expected, not a list",
        ),
        (
            (USER, Message("assistant", tool_calls=(ToolCall("f", {"x": float("nan")}),))),
            "messages[1].tool_calls[0].arguments: not JSON (Out of range float values are not JSON compliant",
        ),
        (
            (USER, Message("assistant", tool_calls=(ToolCall("f", {"x": "\udc00"}),))),
            "messages[1].tool_calls[0].arguments: not JSON (a lone surrogate is no character)",
        ),
    ],
)
def test_errors_of_messages(messages: tuple[Message, ...], error: str) -> None:
    with pytest.raises(UserError, match="^" + re.escape(error)):
        Conversation(messages)


def test_nesting_that_python_cannot_write() -> None:
    with pytest.raises(UserError, match=r"^messages\[1\]\.tool_calls\[0\]\.arguments: not JSON \(maximum recursion"):
        Conversation((USER, Message("assistant", tool_calls=(ToolCall("f", NESTED),))))


@pytest.mark.parametrize(
    ("tool", "error"),
    [
        ("weather", 'tools[0]: {"type": "function", "function": {"name", "parameters"}} is expected'),
        ({"name": "weather"}, 'tools[0]: {"type": "function", "function": {"name", "parameters"}} is expected'),
        ({"type": "function", "function": {}}, "tools[0].function.name: a name is expected, not None"),
        (
            {"type": "function", "function": {"name": "f", "parameters": []}},
            "tools[0].function.parameters: an object is expected, not a list",
        ),
        (
            {"type": "function", "function": {"name": "f", "description": 1}},
            "tools[0].function.description: text is expected, not a number",
        ),
    ],
)
def test_errors_of_tools(tool: Any, error: str) -> None:
    with pytest.raises(UserError) as refusal:
        Conversation((USER,), (tool,))
    assert str(refusal.value) == error


def test_a_name_belongs_to_one_tool() -> None:
    with pytest.raises(UserError, match=r"^tools\[1\]\.function\.name: 'weather' is the name of an earlier tool$"):
        Conversation((USER,), (WEATHER, WEATHER))


def test_any_beginning_of_a_conversation_is_one() -> None:
    for length in range(1, len(TALK.messages) + 1):
        Conversation(TALK.messages[:length], TALK.tools)
