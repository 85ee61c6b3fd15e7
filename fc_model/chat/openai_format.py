"""Conversations in OpenAI's format: `{"messages": [...], "tools": [...]}`.

https://platform.openai.com/docs/api-reference/chat, with `reasoning_content` as DeepSeek, vLLM and llama.cpp have it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from fc_model.chat.messages import Conversation, InvalidConversation, Message, Reason, ToolCall, kind
from fc_model.strict_json import parse_json, to_json


def read_conversation(record: Any) -> Conversation:
    """A record's conversation. Fields that are not rendered, such as `name` and `refusal`, are left out.

    `arguments` may be an object or its JSON text; `content` may be null. Results that name their calls
    (`tool_call_id`) are put into the order of the calls. Raises InvalidConversation, which names the message or tool.
    """
    if not isinstance(record, Mapping):
        raise InvalidConversation("invalid_message", f"a conversation is an object with messages, not {kind(record)}")
    messages = _objects(record.get("messages"), "messages", whole="no_messages")
    read = [_read_message(message, f"messages[{number}]") for number, message in enumerate(messages)]
    tools = () if record.get("tools") is None else tuple(_objects(record["tools"], "tools", "invalid_tools"))
    return Conversation(tuple(read[number] for number in _order_of_calls(messages)), tools)


def conversation_record(conversation: Conversation) -> dict[str, Any]:
    """The inverse: `arguments` as JSON text, and ids that join calls and results."""
    messages: list[dict[str, Any]] = []
    ids: list[str] = []  # of the calls that have no result yet
    num_calls = 0
    for message in conversation.messages:
        record: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.reasoning is not None:
            record["reasoning_content"] = message.reasoning
        if message.role == "tool":
            record["tool_call_id"] = ids.pop(0)
        if message.tool_calls:
            ids = [f"call_{num_calls + place}" for place in range(len(message.tool_calls))]
            num_calls += len(ids)
            record["tool_calls"] = [
                {"id": name, "type": "function", "function": {"name": call.name, "arguments": to_json(call.arguments)}}
                for name, call in zip(ids, message.tool_calls, strict=True)
            ]
        messages.append(record)
    return {"messages": messages, **({"tools": list(conversation.tools)} if conversation.tools else {})}


def _objects(
    value: Any, place: str, reason: Reason = "invalid_message", *, whole: Reason | None = None
) -> list[dict[str, Any]]:
    """A list of objects; `whole` is the reason where it is no list, if that is another one."""
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise InvalidConversation(whole or reason, f"{place}: a list is expected, not {kind(value)}")
    for number, item in enumerate(value):
        if not isinstance(item, dict):
            raise InvalidConversation(reason, f"{place}[{number}]: an object is expected, not {kind(item)}")
    return list(value)


def _calls(message: Mapping[str, Any], place: str) -> list[dict[str, Any]]:
    calls = message.get("tool_calls")
    return [] if calls is None else _objects(calls, f"{place}.tool_calls")


def _read_message(record: Mapping[str, Any], place: str) -> Message:
    content = record.get("content")
    calls = [_read_call(call, f"{place}.tool_calls[{n}]") for n, call in enumerate(_calls(record, place))]
    return Message(
        role=record.get("role"),  # type: ignore[arg-type]  # any value: the conversation checks it
        content="" if content is None else content,
        reasoning=record.get("reasoning_content"),
        tool_calls=tuple(calls),
    )


def _read_call(record: Mapping[str, Any], place: str) -> ToolCall:
    function = record.get("function")
    if not isinstance(function, Mapping):
        raise InvalidConversation("invalid_message", f'{place}: {{"function": {{"name", "arguments"}}}} is expected')
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = parse_json(arguments)
        except ValueError as error:
            raise InvalidConversation("invalid_arguments", f"{place}.arguments: not JSON ({error})") from None
    return ToolCall(name=function.get("name"), arguments=arguments)  # type: ignore[arg-type]  # checked as above


def _order_of_calls(messages: Sequence[Mapping[str, Any]]) -> list[int]:
    """The numbers of the messages; results that name their calls stand in the calls' order.

    Raises InvalidConversation for a name of no call, one that comes twice, and where a call has a result and one before
    it has none: rendered results are told apart by their order alone.
    """
    keys: list[tuple[int, int]] = []
    caller = 0
    ids: dict[str | int, int] = {}
    answered: dict[int, set[int]] = {}
    """Of each caller, the places of its calls whose results name them."""
    for number, message in enumerate(messages):
        if message.get("role") != "tool":
            caller = number
            calls = _calls(message, f"messages[{number}]")
            ids = {call["id"]: place for place, call in enumerate(calls) if isinstance(call.get("id"), str | int)}
            keys.append((number, -1))
            continue
        name = message.get("tool_call_id")
        if name is None or not ids:
            keys.append((caller, number - caller))
            continue
        if not isinstance(name, str | int) or name not in ids:
            raise InvalidConversation(
                "result_without_call",
                f"messages[{number}].tool_call_id: the calls before it are {', '.join(map(str, ids))}, not {name!r}",
            )
        places = answered.setdefault(caller, set())
        if ids[name] in places:
            raise InvalidConversation(
                "result_without_call", f"messages[{number}].tool_call_id: {name!r} has a result already"
            )
        places.add(ids[name])
        keys.append((caller, ids[name]))
    num_results = Counter(caller for caller, place in keys if place >= 0)
    for caller, places in answered.items():
        if max(places) >= num_results[caller]:
            raise InvalidConversation(
                "wrong_order", f"messages[{caller}]: a call has a result, and one before it has none"
            )
    return sorted(range(len(messages)), key=keys.__getitem__)
