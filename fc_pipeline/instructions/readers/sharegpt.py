"""ShareGPT: `conversations`, a list of {`from`, `value`}; with tools as LLaMA-Factory has them.

A `function_call` is a message whose value is the JSON of a call, or of a list of calls; `observation` is what the tool
gave. `tools` is the JSON of their schemas. Turns of the assistant in a row, as a word before a call, are one message.
"""

from typing import Any

from fc_pipeline.instructions.readers.columns import Columns, arguments, as_text, from_json, listed, result_text
from fc_pipeline.instructions.validate import Invalid

_ROLES = {
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant",
    "system": "system", "function_call": "call", "tool_call": "call",
    "observation": "tool", "tool": "tool", "function_response": "tool", "tool_response": "tool",
}  # fmt: skip


def read(row: Columns) -> dict[str, Any]:
    """`system` may be a column as well as the first turn."""
    messages: list[dict[str, Any]] = []
    if system := row.text("system"):
        messages.append({"role": "system", "content": system})
    for number, turn in enumerate(listed(row.require("conversations"), "conversations")):
        _add(messages, turn, f"conversations[{number}]")
    return {"messages": messages, "tools": row.tools()}


def _add(messages: list[dict[str, Any]], turn: dict[str, Any], where: str) -> None:
    speaker, value = turn.get("from", turn.get("role")), turn.get("value", turn.get("content"))
    role = _ROLES.get(speaker) if isinstance(speaker, str) else None
    if role is None:
        raise Invalid("unknown_role", f"{where}: {speaker!r} is none of {', '.join(_ROLES)}")
    if role == "tool":
        messages.append({"role": "tool", "content": result_text(value)})
    elif role == "call":
        calls = _calls(value, where)
        if not messages or messages[-1]["role"] != "assistant":
            messages.append({"role": "assistant", "content": ""})
        messages[-1].setdefault("tool_calls", []).extend(calls)
    else:
        messages.append({"role": role, "content": as_text(value, where)})


def _calls(value: Any, where: str) -> list[dict[str, Any]]:
    parsed = from_json(value, where) if isinstance(value, str) else value
    calls = parsed if isinstance(parsed, list) else [parsed]
    if not all(isinstance(call, dict) and "name" in call for call in calls):
        raise Invalid("invalid_arguments", f'{where}: a call is {{"name", "arguments"}}')
    return [{"function": {"name": call["name"], "arguments": arguments(call)}} for call in calls]
