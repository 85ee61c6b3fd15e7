"""OpenAI's format for chat and tool calls: `messages`, with `tool_calls` and `tools`.

https://platform.openai.com/docs/guides/fine-tuning. What came before tool calls (`function_call`, `functions`, role
`function`) and content in parts are read too; a part that is no text is refused.
"""

from typing import Any

from fc_pipeline.instructions.readers.columns import Columns, arguments, as_text, listed, result_text
from fc_pipeline.instructions.validate import Invalid

_ROLES = {"developer": "system", "function": "tool"}
"""Other names of roles."""


def read(row: Columns) -> dict[str, Any]:
    """Messages in the form that `Conversation.from_record` takes."""
    messages = listed(row.require("messages"), "messages")
    return {
        "messages": [_message(message, f"messages[{number}]") for number, message in enumerate(messages)],
        "tools": row.tools() or row.tools("functions"),
    }


def _message(message: dict[str, Any], where: str) -> dict[str, Any]:
    if message.get("weight", 1) not in (1, None):
        raise Invalid("untrained_message", f"{where}: weight {message['weight']!r}; every reply is trained on")
    role = message.get("role")
    role = _ROLES.get(role, role) if isinstance(role, str) else role
    read = {**message, "role": role, "content": _content(message.get("content"), where, is_result=role == "tool")}
    calls = message.get("tool_calls")
    if calls is None and message.get("function_call") is not None:
        calls = [{"function": message["function_call"]}]
    if calls is not None:
        read["tool_calls"] = [_call(call) for call in listed(calls, f"{where}.tool_calls")]
    return read


def _content(content: Any, where: str, *, is_result: bool) -> Any:
    if isinstance(content, list) and all(isinstance(part, dict) and "type" in part for part in content):
        others = [part["type"] for part in content if part["type"] != "text"]
        if others:
            raise Invalid("not_text", f"{where}.content: a part is {others[0]!r}, and only text is read")
        return "\n".join(as_text(part.get("text"), f"{where}.content") for part in content)
    return result_text(content) if is_result and content is not None else content


def _call(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    if not isinstance(function, dict):
        return call
    return {**call, "function": {**function, "arguments": arguments(function)}}
