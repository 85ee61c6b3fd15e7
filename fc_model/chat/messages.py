"""Conversations: messages, tool calls and tools, checked as they are made.

An image would be a part of a message's content, beside its text; so far content is text alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fc_model.errors import UserError
from fc_model.strict_json import to_json

Role = Literal["system", "user", "assistant", "tool"]

_BEFORE: dict[str, tuple[str | None, ...]] = {
    "system": (None,),
    "user": (None, "system", "assistant"),
    "assistant": ("user", "tool"),
    "tool": ("assistant", "tool"),
}
"""The roles that each role may follow; None is the beginning."""

Reason = Literal[
    "invalid_arguments",
    "invalid_message",
    "invalid_tools",
    "invalid_unicode",
    "no_messages",
    "result_without_call",
    "unknown_role",
    "wrong_order",
]


class InvalidConversation(UserError):
    """What is no conversation: one line that names the message or the tool, and the kind of fault, for who counts."""

    def __init__(self, reason: Reason, line: str) -> None:
        super().__init__(line)
        self.reason = reason


@dataclass(frozen=True)
class ToolCall:
    """A call that the assistant makes; `arguments` is a JSON object."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Message:
    """One message. `reasoning` and `tool_calls` are the assistant's; a `tool` message is the result of one call."""

    role: Role
    content: str = ""
    reasoning: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True)
class Conversation:
    """Messages in their order, and the tools that the assistant may call.

    A tool is OpenAI's `{"type": "function", "function": {"name", "description", "parameters"}}`, parameters in JSON
    Schema. A conversation may begin with the user and end after any message. Results stand in the order of the calls,
    at most one a call. Raises InvalidConversation, which names the message or the tool, for what cannot be rendered.
    """

    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if not self.messages:
            raise InvalidConversation("no_messages", "messages: a conversation has at least one")
        previous: Message | None = None
        open_calls = 0
        for number, message in enumerate(self.messages):
            _check_message(message, f"messages[{number}]")
            _check_order(message, previous, open_calls, f"messages[{number}]")
            open_calls = open_calls - 1 if message.role == "tool" else len(message.tool_calls)
            previous = message
        names: set[str] = set()
        for number, tool in enumerate(self.tools):
            name = _checked_name(tool, f"tools[{number}]")
            if name in names:
                raise InvalidConversation(
                    "invalid_tools", f"tools[{number}].function.name: {name!r} is the name of an earlier tool"
                )
            names.add(name)

    @classmethod
    def from_record(cls, record: Any) -> "Conversation":
        """Read OpenAI's format (openai_format.py). Raises InvalidConversation, which names the message or the tool."""
        from fc_model.chat.openai_format import read_conversation

        return read_conversation(record)

    def to_record(self) -> dict[str, Any]:
        """The inverse of `from_record`."""
        from fc_model.chat.openai_format import conversation_record

        return conversation_record(self)


def kind(value: Any) -> str:
    """The JSON type of a value, for an error."""
    names = {dict: "an object", list: "a list", str: "text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)


def _check_message(message: Message, place: str) -> None:
    if not isinstance(message.role, str) or message.role not in _BEFORE:
        raise InvalidConversation(
            "unknown_role", f"{place}.role: {message.role!r} is none; the roles are {', '.join(_BEFORE)}"
        )
    if message.role != "assistant" and (message.reasoning is not None or message.tool_calls):
        raise InvalidConversation(
            "invalid_message", f"{place}: only the assistant reasons and calls tools, not {message.role}"
        )
    _check_text(message.content, f"{place}.content")
    if message.reasoning is not None:
        _check_text(message.reasoning, f"{place}.reasoning_content")
    for number, call in enumerate(message.tool_calls):
        if not isinstance(call.name, str) or not call.name:
            raise InvalidConversation(
                "invalid_message",
                f"{place}.tool_calls[{number}].name: the name of a tool is expected, not {call.name!r}",
            )
        _check_object(call.arguments, f"{place}.tool_calls[{number}].arguments", "invalid_arguments")


def _check_order(message: Message, previous: Message | None, open_calls: int, place: str) -> None:
    """`open_calls` is the number of calls that have no result before this message."""
    before = previous.role if previous else None
    if before not in _BEFORE[message.role]:
        raise InvalidConversation(
            "wrong_order", f"{place}: {message.role} cannot {f'follow {before}' if before else 'begin a conversation'}"
        )
    if message.role == "tool" and open_calls < 1:
        raise InvalidConversation(
            "result_without_call", f"{place}: a result without a call; the assistant has called no more tools"
        )
    if message.role == "user" and open_calls > 0:
        raise InvalidConversation("wrong_order", f"{place}: user cannot follow calls; their results come first")


def _checked_name(tool: Any, place: str) -> str:
    """The name of a tool that has all that a tool needs."""
    function = tool.get("function") if isinstance(tool, Mapping) else None
    if not isinstance(function, Mapping) or tool.get("type") != "function":
        raise InvalidConversation(
            "invalid_tools", f'{place}: {{"type": "function", "function": {{"name", "parameters"}}}} is expected'
        )
    name = function.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidConversation("invalid_tools", f"{place}.function.name: a name is expected, not {name!r}")
    if function.get("description") is not None:
        _check_text(function["description"], f"{place}.function.description", "invalid_tools")
    if function.get("parameters") is not None:
        _check_object(function["parameters"], f"{place}.function.parameters", "invalid_tools")
    return name


def _check_text(text: Any, place: str, reason: Reason = "invalid_message") -> None:
    if not isinstance(text, str):
        raise InvalidConversation(reason, f"{place}: text is expected, not {kind(text)}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidConversation(
            "invalid_unicode", f"{place}: a lone surrogate is no character; decode the text as UTF-8"
        ) from None


def _check_object(value: Any, place: str, reason: Reason) -> None:
    if not isinstance(value, dict):
        raise InvalidConversation(reason, f"{place}: an object is expected, not {kind(value)}")
    try:
        to_json(value)
    except ValueError as error:
        raise InvalidConversation(reason, f"{place}: not JSON ({error})") from None
