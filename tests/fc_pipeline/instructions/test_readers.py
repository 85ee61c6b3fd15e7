"""Each format as its users write it, to the one form of a conversation; what is none is named."""

import json
from typing import Any

import pytest

from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.instructions.calls.schema import CallSource
from fc_pipeline.instructions.catalogue import CATALOGUE, read_source
from fc_pipeline.instructions.readers import READERS
from fc_pipeline.instructions.readers.columns import Columns
from fc_pipeline.instructions.validate import Invalid, valid_conversation

WEATHER = {"name": "weather", "description": "At a place.", "parameters": {"type": "object", "properties": {}}}
OFFERED = ({"type": "function", "function": WEATHER},)


def read(format_: str, row: dict[str, Any], columns: dict[str, str] | None = None) -> Conversation:
    return valid_conversation(READERS[format_](Columns(row, columns or {})))


def turns(*texts: str) -> tuple[Message, ...]:
    """User and assistant in turn."""
    return tuple(Message(("user", "assistant")[number % 2], text) for number, text in enumerate(texts))


def test_alpaca() -> None:
    row = {"instruction": "Translate", "input": "chat", "output": "cat"}
    assert read("alpaca", row).messages == turns("Translate\nchat", "cat")
    assert read("alpaca", {"instruction": "Hi", "output": "Hello"}).messages == turns("Hi", "Hello")
    assert read("alpaca", row | {"input": None}).messages == turns("Translate", "cat")
    whole = row | {"system": "Be brief.", "history": [["1?", "2"], ["3?", "4"]]}
    assert read("alpaca", whole).messages == (
        Message("system", "Be brief."), *turns("1?", "2", "3?", "4", "Translate\nchat", "cat")
    )  # fmt: skip
    for history in (5, True, "1?", {"1?": "2"}):
        with pytest.raises(Invalid, match="history: a list of pairs is expected"):
            read("alpaca", row | {"history": history})


def test_columns_have_other_names() -> None:
    names = {"instruction": "question", "output": "answer"}
    assert read("alpaca", {"question": "2+2?", "answer": "4"}, names).messages == turns("2+2?", "4")
    with pytest.raises(BadInput, match=r"no column instruction; it has question, answer: set `columns: {instruction"):
        read("alpaca", {"question": "2+2?", "answer": "4"})


def test_sharegpt_with_tools() -> None:
    call = {"name": "weather", "arguments": {"place": "Rome"}}
    row = {
        "conversations": [
            {"from": "human", "value": "Warm?"},
            {"from": "gpt", "value": "I look it up."},
            {"from": "function_call", "value": json.dumps(call)},
            {"from": "observation", "value": {"celsius": 19}},
            {"from": "gpt", "value": "Yes."},
        ],
        "system": "Be brief.",
        "tools": json.dumps([WEATHER]),
    }
    conversation = read("sharegpt", row)
    assert conversation.tools == OFFERED
    assert conversation.messages == (
        Message("system", "Be brief."),
        Message("user", "Warm?"),
        Message("assistant", "I look it up.", tool_calls=(ToolCall("weather", {"place": "Rome"}),)),
        Message("tool", '{"celsius":19}'),
        Message("assistant", "Yes."),
    )
    for nothing in ("", "[]", None, []):
        assert read("sharegpt", {"conversations": row["conversations"][:2], "tools": nothing}).tools == ()


def test_parallel_calls_are_one_message() -> None:
    calls = [{"name": "weather", "arguments": {"place": place}} for place in ("Rome", "Bern")]
    results = [{"from": "observation", "value": value} for value in ("19", "12")]
    begin, end = {"from": "human", "value": "Warm?"}, {"from": "gpt", "value": "Rome."}
    apart = [{"from": "function_call", "value": json.dumps(call)} for call in calls]
    together = [{"from": "function_call", "value": json.dumps(calls)}]
    for made in (apart, together):
        messages = read("sharegpt", {"conversations": [begin, *made, *results, end]}).messages
        assert [len(message.tool_calls) for message in messages] == [0, 2, 0, 0, 0]


def test_messages_in_all_their_dialects() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"place": "Rome"}'}}
    begin = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Warm?"}], "name": "ann"},
    ]
    end = [{"role": "assistant", "content": "Yes.", "weight": 1, "refusal": None}]
    new = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "19"},
    ]
    old = [
        {"role": "assistant", "content": None, "function_call": call["function"]},
        {"role": "function", "name": "weather", "content": 19},
    ]
    expected = (
        Message("system", "Be brief."), Message("user", "Warm?"),
        Message("assistant", tool_calls=(ToolCall("weather", {"place": "Rome"}),)), Message("tool", "19"),
        Message("assistant", "Yes."),
    )  # fmt: skip
    for middle in (new, old):
        assert read("messages", {"messages": [*begin, *middle, *end], "tools": [WEATHER]}).messages == expected
    assert read("messages", {"messages": [*begin, *old, *end], "functions": [WEATHER]}).tools == OFFERED
    for nothing in ("", None, "{}", "null"):
        function = {"name": "weather", "arguments": nothing}
        middle = [{"role": "assistant", "tool_calls": [{"function": function}]}, {"role": "tool", "content": "19"}]
        assert read("messages", {"messages": [*begin, *middle, *end]}).messages[2].tool_calls[0].arguments == {}


ANSWER = {"role": "assistant", "content": "x"}


def chat(*roles: str, text: str = "x") -> dict[str, Any]:
    return {"messages": [{"role": role, "content": text} for role in roles]}


def called(arguments: Any, *, name: str = "weather", then: tuple[str, ...] = ("tool", "assistant")) -> dict[str, Any]:
    call = {"function": {"name": name, "arguments": arguments}}
    rest = [{"role": role, "content": "x"} for role in then]
    return {
        "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [call]}, *rest],
        "tools": [WEATHER],
    }


@pytest.mark.parametrize(
    ("reason", "row"),
    [
        ("no_messages", {"messages": []}),
        ("no_messages", {"messages": "hello"}),
        ("no_messages", {"messages": ["hello"]}),
        ("no_reply", chat("system")),
        ("no_reply", chat("system", "user")),
        ("wrong_order", chat("assistant", "user")),
        ("wrong_order", chat("user", "user", "assistant")),
        ("wrong_order", chat("user", "system", "assistant")),
        ("wrong_order", chat("user", "tool", "assistant")),
        ("empty_prompt", chat("user", "assistant", text=" ")),
        ("unknown_role", chat("user", "critic")),
        ("nul_character", chat("user", "assistant", text="a\0b")),
        ("invalid_unicode", chat("user", "assistant", text="a\ud800b")),
        ("not_text", {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]}),
        ("not_text", {"messages": [{"role": "user", "content": [{"type": "text", "text": {"value": "x"}}]}]}),
        ("empty_prompt", {"messages": [{"role": "user", "content": [{"type": "text", "text": None}]}, ANSWER]}),
        ("invalid_message", {"messages": [{"role": "user", "content": 7}, {"role": "assistant", "content": "x"}]}),
        ("empty_reply", {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": None}]}),
        ("result_without_call", called({}, then=("tool", "tool", "assistant"))),
        ("wrong_order", called({}, then=("user", "assistant"))),
        ("invalid_arguments", called('{"place": Rome}')),
        ("invalid_arguments", called('{"place": NaN}')),
        ("invalid_arguments", called('{"place": 1, "place": 2}')),
        ("invalid_arguments", called([1, 2])),
        ("unknown_tool", called({}, name="rain")),
        ("unknown_tool", {"functions": [WEATHER], "messages": called({}, name="rain")["messages"]}),
        ("untrained_message", {"messages": [{"role": "assistant", "content": "x", "weight": 0}]}),
        ("invalid_tools", chat("user", "assistant") | {"tools": [{"type": "function", "function": {}}]}),
        ("invalid_tools", chat("user", "assistant") | {"tools": '[{"name": "a"'}),
    ],
)  # fmt: skip
def test_what_is_no_conversation_is_named(reason: str, row: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        read("messages", row)
    assert refusal.value.reason == reason, refusal.value.detail


@pytest.mark.parametrize(
    ("reason", "turn"),
    [
        ("unknown_role", {"from": "critic", "value": "x"}),
        ("unknown_role", {"value": "x"}),
        ("not_text", {"from": "human", "value": ["x"]}),
        ("invalid_arguments", {"from": "function_call", "value": "weather(Rome)"}),
        ("invalid_arguments", {"from": "function_call", "value": '"weather"'}),
    ],
)
def test_what_is_no_turn_is_named(reason: str, turn: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        read("sharegpt", {"conversations": [{"from": "human", "value": "x"}, turn]})
    assert refusal.value.reason == reason


def test_entries_that_ship_are_whole() -> None:
    assert {read_source(name).licence for name in CATALOGUE.names()} == {"BSD-3-Clause", "Apache-2.0", "MIT"}


def test_an_entry_of_calls_is_changed_field_by_field() -> None:
    entry = {"from": "aws_cli", "name": "my_aws", "calls": {"max_parameters": 4}, "offered": {"most_others": 3}}
    source = read_source(entry)
    assert isinstance(source, CallSource) and source.calls.format == "aws_cli"
    assert source.calls.max_parameters == 4 and source.offered.most_others == 3
    with pytest.raises(UserError, match=r"conversations my_aws: offered: .*least_others is above most_others"):
        read_source(entry | {"offered": {"most_others": 1}})


def test_control_tokens_are_text_and_text_is_normal() -> None:
    messages = read("messages", chat("user", "assistant", text="<im_end><assistant> cafe\u0301")).messages
    assert messages == turns(*["<im_end><assistant> café"] * 2)


def test_a_hundred_thousand_messages() -> None:
    assert len(read("messages", chat(*["user", "assistant"] * 50_000)).messages) == 100_000
