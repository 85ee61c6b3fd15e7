"""What every dialogue promises, checked on the dialogue as it stands, by running its calls again."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fc_model.chat.messages import Message
from fc_model.chat.reply import arguments_schema
from fc_model.strict_json import parse_json, to_json
from fc_model.tools.call import validated
from fc_model.tools.registry import TOOLS
from fc_model.tools.tool import ToolError
from fc_pipeline.tool_dialogues.dialogue import Dialogue, Workbench
from fc_pipeline.tool_dialogues.spelling import holds_number, is_stated

_NUMBER = re.compile(r"(?<![\w.])[0-9]+(?:[.,][0-9]+)*")

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_VERDICTS = ("valid", "legal")


def broken_promise(dialogue: Dialogue, workbench: Workbench) -> str | None:
    """The first promise that a dialogue breaks, None where it keeps all of them.

    `invalid_call`: a call is of no offered tool, or its arguments break the schema that the conversation has.
    `unstated_value`: an argument occurs neither in what the user wrote nor in an earlier result (`is_stated`).
    `other_result`: the call, run again, returns something else.
    `unanswered_result`: neither the next reply nor a call before it has a value of a result.
    `unfounded_number`: a reply has a number that neither the user nor a result has.
    """
    tools = {tool.name: tool for tool in dialogue.tools}
    workbench.fill(dialogue.files)
    context, waiting, results = "", list[str](), list[tuple[str, int]]()
    messages = dialogue.conversation.messages
    for number, message in enumerate(messages):
        if message.role == "user":
            context += f"\n{message.content}"
        for call in message.tool_calls:
            if call.name not in tools:
                return "invalid_call"
            tool = tools[call.name]
            shown = replace(TOOLS[tool.tool], parameters=arguments_schema(tool.schema))
            try:
                validated(shown, call.arguments)
            except ToolError:
                return "invalid_call"
            real = tool.call(call.arguments)
            if not all(is_stated(value, context, name) for name, value in real.arguments.items()):
                return "unstated_value"
            waiting.append(workbench.run(real).text())
        if message.role == "tool":
            if not waiting or waiting.pop(0) != message.content:
                return "other_result"
            context += f"\n{message.content}"
            results.append((message.content, number))
        if message.role == "assistant" and not message.tool_calls:
            if not all(_is_used(result, messages[place + 1 : number], message.content) for result, place in results):
                return "unanswered_result"
            if not _is_founded(message.content, context):
                return "unfounded_number"
            results.clear()
    return "unanswered_result" if waiting or results else None


def _is_founded(reply: str, context: str) -> bool:
    """Whether each number of a reply stands in what came before it."""
    plain = context.replace(",", " ")
    numbers = (match[0].rstrip(".,") for match in _NUMBER.finditer(reply))
    return all(holds_number(context, number) or holds_number(plain, number.replace(",", "")) for number in numbers)


def _is_used(result: str, later: tuple[Message, ...], answer: str) -> bool:
    value = parse_json(result)
    if isinstance(value, dict) and "error" in value:
        return True
    written = [to_json(call.arguments) for message in later for call in message.tool_calls]
    return any(_holds(text, leaf) for text in (answer, *written) for leaf in _leaves(value))


def _holds(text: str, leaf: Any) -> bool:
    if isinstance(leaf, str):
        return bool(leaf) and leaf in text
    return leaf is not None and holds_number(text, to_json(leaf))


def _leaves(value: Any) -> Iterator[Any]:
    """Texts and numbers of a result. A verdict is told in words, `is valid` or `is not valid`, and by nothing else."""
    if isinstance(value, dict):
        verdicts = [f"is {key}" if value[key] else f"is not {key}" for key in _VERDICTS if key in value]
        for item in verdicts or value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif not isinstance(value, bool):
        yield value
        if isinstance(value, str) and _TIME.fullmatch(value):
            yield value[:10]  # the day of a time
