"""Conversations in OpenAI's format, as data sets and servers have them."""

import json
import re
from typing import Any

import pytest
from factories.conversations import TALK, conversations
from hypothesis import given

from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_model.errors import UserError

ASK = {"role": "user", "content": "a"}


def called(*calls: tuple[str, Any]) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": name, "function": {"name": name, "arguments": value}} for name, value in calls],
    }


@given(conversations())
def test_round_trip(conversation: Conversation) -> None:
    assert Conversation.from_record(json.loads(json.dumps(conversation.to_record()))) == conversation


def test_a_record_has_what_other_programs_read() -> None:
    record = TALK.to_record()
    assert [message["role"] for message in record["messages"]] == [message.role for message in TALK.messages]
    first, second = record["messages"][2]["tool_calls"]
    assert first == {
        "id": "call_0",
        "type": "function",
        "function": {"name": "weather", "arguments": '{"place":"Bern"}'},
    }
    assert [record["messages"][place]["tool_call_id"] for place in (3, 4)] == [first["id"], second["id"]]
    assert record["messages"][2]["reasoning_content"] == "Both places are needed."
    assert record["tools"] == list(TALK.tools)


def test_what_data_sets_differ_in() -> None:
    """Arguments as an object or as text, no content, fields that nobody renders, null for nothing."""
    for arguments in ({"x": 1}, '{"x": 1}', ' {"x":1}\n'):
        record = {"messages": [{**ASK, "name": "Ann"}, {**called(("f", arguments)), "refusal": None}], "tools": None}
        assert Conversation.from_record(record) == Conversation(
            (Message("user", "a"), Message("assistant", tool_calls=(ToolCall("f", {"x": 1}),)))
        )
    plain = {"role": "assistant", "content": "b", "tool_calls": None, "reasoning_content": None}
    assert Conversation.from_record({"messages": [ASK, plain]}).messages[1] == Message("assistant", "b")


def test_results_stand_in_the_order_of_the_calls() -> None:
    results = [{"role": "tool", "content": f"of {name}", "tool_call_id": name} for name in "ba"]
    answer = {"role": "assistant", "content": "c"}
    read = Conversation.from_record({"messages": [ASK, called(("a", {}), ("b", {})), *results, answer]})
    assert [message.content for message in read.messages[2:]] == ["of a", "of b", "c"]
    numbered = [{**result, "tool_call_id": number} for number, result in zip((1, 0), results, strict=True)]
    caller = called(("a", {}), ("b", {}))
    for number, call in enumerate(caller["tool_calls"]):
        call["id"] = number
    read = Conversation.from_record({"messages": [ASK, caller, *numbered, answer]})
    assert [message.content for message in read.messages[2:]] == ["of a", "of b", "c"]
    for result in results:
        del result["tool_call_id"]
    read = Conversation.from_record({"messages": [ASK, called(("a", {}), ("b", {})), *results, answer]})
    assert [message.content for message in read.messages[2:]] == ["of b", "of a", "c"]


@pytest.mark.parametrize(
    ("record", "error"),
    [
        ([], "a conversation is an object with messages, not a list"),
        ({}, "messages: a list is expected, not null"),
        ({"messages": "hello"}, "messages: a list is expected, not text"),
        ({"messages": [ASK, "b"]}, "messages[1]: an object is expected, not text"),
        ({"messages": [{"content": "a"}]}, "messages[0].role: None is none; the roles are system, user,"),
        ({"messages": [{"role": ["user"]}]}, "messages[0].role: ['user'] is none; the roles are"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content: text is expected, not a list",
        ),
        ({"messages": [ASK], "tools": {}}, "tools: a list is expected, not an object"),
        (
            {"messages": [ASK, {"role": "assistant", "tool_calls": {}}]},
            "messages[1].tool_calls: a list is expected, not an object",
        ),
        (
            {"messages": [ASK, {"role": "assistant", "tool_calls": [{"name": "f"}]}]},
            'messages[1].tool_calls[0]: {"function": {"name", "arguments"}} is expected',
        ),
        (
            {"messages": [ASK, called(("f", "{"))]},
            "messages[1].tool_calls[0].arguments: not JSON (Expecting property name",
        ),
        (
            {"messages": [ASK, called(("f", '{"x": NaN}'))]},
            "messages[1].tool_calls[0].arguments: not JSON (NaN is not JSON)",
        ),
        (
            {"messages": [ASK, called(("f", '{"x": 1, "x": 2}'))]},
            "messages[1].tool_calls[0].arguments: not JSON (key 'x' comes twice in one object)",
        ),
        (
            {"messages": [ASK, called(("f", '{"x":' * 100_000))]},
            "messages[1].tool_calls[0].arguments: not JSON (nested deeper than 64)",
        ),
        (
            {"messages": [ASK, called(("f", '{"x":' + "9" * 5000 + "}"))]},
            "messages[1].tool_calls[0].arguments: not JSON (Exceeds the limit",
        ),
        ({"messages": [ASK, called(("f", None))]}, "messages[1].tool_calls[0].arguments: an object is expected, not"),
        ({"messages": [ASK, called(("f", "[1]"))]}, "messages[1].tool_calls[0].arguments: an object is expected, not"),
        (
            {"messages": [ASK, called(("f", {})), {"role": "tool", "content": "c", "tool_call_id": "g"}]},
            "messages[2].tool_call_id: the calls before it are f, not 'g'",
        ),
        (
            {"messages": [ASK, called(("f", {}), ("g", {})), *[{"role": "tool", "tool_call_id": "f"}] * 2]},
            "messages[3].tool_call_id: 'f' has a result already",
        ),
        (
            {"messages": [ASK, called(("f", {}), ("g", {})), {"role": "tool", "content": "c", "tool_call_id": "g"}]},
            "messages[1]: a call has a result, and one before it has none",
        ),
    ],
)
def test_errors_name_the_place(record: Any, error: str) -> None:
    with pytest.raises(UserError, match="^" + re.escape(error)):
        Conversation.from_record(record)
