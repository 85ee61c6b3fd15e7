"""Tools under other names, so that a model has to read their schemas: names, parameters and descriptions change."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_model.tools.registry import TOOLS
from fc_model.tools.tool import outline
from fc_pipeline.tool_dialogues.synonyms import SYNONYMS

_LETTERS = "bcdfghjklmnprstvz"


@dataclass(frozen=True)
class MaskedTool:
    """A tool's schema under another name, and what its name and its parameters are called in truth."""

    schema: dict[str, Any]
    tool: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        name: str = self.schema["function"]["name"]
        return name

    def call(self, arguments: Mapping[str, Any]) -> ToolCall:
        """A call of the tool under its real name."""
        return ToolCall(self.tool, {self.parameters.get(key, key): value for key, value in arguments.items()})


def plain_tool(name: str) -> MaskedTool:
    return MaskedTool(TOOLS[name].schema(), name)


def masked_tool(name: str, random: Random, *, taken: Sequence[str]) -> MaskedTool:
    """The tool with another description, and under a synonym or a name that means nothing, as are its parameters.

    Each parameter gets a description of what it means.
    """
    synonyms, outlined = SYNONYMS[name], outline(TOOLS[name].parameters)
    new_name = random.choice(synonyms.names)
    is_opaque = random.random() < 0.5
    while is_opaque or new_name in taken:
        new_name, is_opaque = f"tool_{_code(random)}", False
    opaque = random.random() < 0.5
    real_names: dict[str, str] = {}
    properties: dict[str, Any] = {}
    for parameter, schema in outlined["properties"].items():
        other, meaning = synonyms.parameters[parameter]
        masked = f"{_code(random)}_{len(properties) + 1}" if opaque else other
        hint = schema.get("description")
        properties[masked] = {**schema, "description": f"{meaning}, {hint}" if hint else meaning}
        real_names[masked] = parameter
    masked_names = {real: masked for masked, real in real_names.items()}
    parameters = {
        **outlined,
        "properties": properties,
        "required": [masked_names[parameter] for parameter in outlined["required"]],
    }
    function = {"name": new_name, "description": random.choice(synonyms.descriptions), "parameters": parameters}
    return MaskedTool({"type": "function", "function": function}, name, real_names)


def masked_conversation(conversation: Conversation, tools: Sequence[MaskedTool]) -> Conversation:
    """The conversation with its calls, and the names that reasoning quotes, as the tools are called."""
    by_tool = {tool.tool: tool for tool in tools}

    def masked_call(call: ToolCall) -> ToolCall:
        tool = by_tool[call.name]
        names = {real: masked for masked, real in tool.parameters.items()}
        return ToolCall(tool.name, {names.get(key, key): value for key, value in call.arguments.items()})

    def masked(message: Message) -> Message:
        reasoning = message.reasoning
        if reasoning is not None:
            reasoning = re.sub("`(\\w+)`", lambda match: f"`{by_tool[match[1]].name}`", reasoning)
        return replace(message, reasoning=reasoning, tool_calls=tuple(map(masked_call, message.tool_calls)))

    return Conversation(tuple(map(masked, conversation.messages)), tuple(tool.schema for tool in tools))


def _code(random: Random) -> str:
    return "".join(random.choice(_LETTERS) for _ in range(3))
