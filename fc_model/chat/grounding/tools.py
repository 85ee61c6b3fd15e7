"""Grounded calls: they hold no number and no date that the conversation does not state.

A small model calls the right tool with a digit that it made up. What may stand in a call is therefore read off the
messages (`statements.py`), and the JSON Schema of each tool is narrowed to it, so that any constrained
decoder keeps the model to it. What the assistant wrote states nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from fc_model.chat.grounding.definitions import references_of, replaced, target_of, with_definitions
from fc_model.chat.grounding.mode import Grounding
from fc_model.chat.grounding.schema import STATED, figures_pattern, grounded_choice, grounded_schema
from fc_model.chat.grounding.statements import Statements
from fc_model.chat.messages import Message
from fc_model.chat.reply import arguments_schema
from fc_model.inference.grammar import can_be_satisfied
from fc_model.strict_json import to_json
from fc_model.tools.registry import known_tool

_DEFINITIONS = {"$defs", "definitions"}
_UNSURE = re.compile(r'"(?:\$ref|allOf|anyOf|oneOf|prefixItems|patternProperties)"')
"""What may leave nothing to call with, though each part can be filled."""


def grounded_tools(
    tools: Sequence[dict[str, Any]], messages: Sequence[Message], grounding: Grounding
) -> list[dict[str, Any]]:
    """The tools that can be called with what is stated, their parameters narrowed to it."""
    if grounding == "none":
        return list(tools)
    sources = [Statements.of(messages)]
    if grounding == "request":
        sources.insert(0, Statements.of(_request(messages)))
    narrowed = (next(filter(None, (_narrowed(tool, stated) for stated in sources)), None) for tool in tools)
    return [tool for tool in narrowed if tool is not None]


def answer_pattern(messages: Sequence[Message], grounding: Grounding) -> str | None:
    """Regular expression of answers to a result: they hold no number that was not stated. None where any may stand."""
    if grounding == "none":
        return None
    return figures_pattern(Statements.of(_request(messages) if grounding == "request" else messages).figures)


def _request(messages: Sequence[Message]) -> Sequence[Message]:
    """What follows the last answer to a result: a question of the assistant and its reply belong to one request."""
    answers = [
        place
        for place, (before, message) in enumerate(pairwise(messages), start=1)
        if before.role == "tool" and message.role == "assistant" and not message.tool_calls
    ]
    return messages[answers[-1] + 1 :] if answers else messages


def _narrowed(tool: dict[str, Any], stated: Statements) -> dict[str, Any] | None:
    parameters: Any = with_definitions(arguments_schema(tool))
    while unfillable := dict.fromkeys(_unfillable(parameters, stated), False):
        parameters = replaced(parameters, unfillable)
    narrowed = grounded_schema(parameters, stated)
    if narrowed is None:
        return None
    definitions = {
        key: {name: grounded_choice(one, stated) or False for name, one in narrowed[key].items()}
        for key in _DEFINITIONS & narrowed.keys()
    }
    narrowed |= definitions
    if (ours := known_tool(tool)) is not None and ours.spellings:
        narrowed = _named(narrowed, {name: stated.named(spellings()) for name, spellings in ours.spellings.items()})
    text = to_json(narrowed)
    if STATED in text:
        narrowed["$defs"] = {**narrowed.get("$defs", {}), STATED.rpartition("/")[2]: _any_value(stated)}
    if _UNSURE.search(text) and not can_be_satisfied(narrowed):
        return None
    return {**tool, "function": {**tool["function"], "parameters": narrowed}}


def _named(parameters: dict[str, Any], values: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The parameters whose values texts name, each with another of them, as long as there are enough."""
    first, *others = values
    if not others or len(values[first]) < len(values):
        narrow = {name: {"enum": list(of_name)} for name, of_name in values.items() if of_name}
        return {**parameters, "properties": {**parameters["properties"], **narrow}}
    choices = []
    for value in values[first]:
        chosen = {**parameters, "properties": {**parameters["properties"], first: {"const": value}}}
        choices.append(_named(chosen, {name: [other for other in values[name] if other != value] for name in others}))
    return {"anyOf": choices}


def _any_value(stated: Statements) -> dict[str, Any]:
    scalars = [grounded_schema({"type": kind}, stated) for kind in ("string", "number", "boolean", "null")]
    holders = (
        {"type": "array", "items": {"$ref": STATED}},
        {"type": "object", "additionalProperties": {"$ref": STATED}},
    )
    return {"anyOf": [*filter(None, scalars), *holders]}


def _unfillable(schema: Any, stated: Statements) -> Iterator[str]:
    """References within a schema to what nothing stated fills."""
    for reference in sorted(references_of(schema)):
        target = target_of(schema, reference)
        if isinstance(target, Mapping) and grounded_schema(target, stated) is None:
            yield reference
