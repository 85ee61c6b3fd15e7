"""What a reader of calls yields: a request, the call that answers it, and the tool that is called."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from fc_model.chat.messages import ToolCall
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.files import File
from fc_pipeline.instructions.calls.schema import CallFile
from fc_pipeline.sources.readers.item import decode

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A request and its call."""

    key: str
    """Tells it apart within its source."""
    group: str
    """A path, as `service` or `skill/intent/template`: examples of one path are on one side of the split."""
    kind: str
    request: str
    call: ToolCall
    tool: Json
    """In OpenAI's format."""
    system: str = ""
    is_apart: bool = True
    """Whether no tool of another skill (the first part of the path) can do what is asked."""

    @property
    def skill(self) -> str:
        return self.group.partition("/")[0]


class Refused(NamedTuple):
    """What is no example, and why."""

    key: str
    reason: str
    text: str


class Unread(NamedTuple):
    """A file that cannot be read."""

    path: str
    bad: BadInput


Read = Iterator[Example | Refused | Unread]


def text_of(file: File[CallFile]) -> str:
    """A whole file as text. Raises BadInput."""
    if isinstance(file.content, BadInput):
        raise file.content
    assert isinstance(file.content, bytes), "no file is streamed"
    return decode(file.content)


def function_tool(name: str, description: str, properties: Mapping[str, Json], required: list[str]) -> Json:
    """A tool in OpenAI's format that takes these parameters and no others."""
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": object_schema(properties, required)},
    }


def object_schema(properties: Mapping[str, Json], required: list[str]) -> Json:
    """JSON Schema of an object with these members and no others."""
    needed = {"required": required} if required else {}
    return {"type": "object", "properties": dict(properties), **needed, "additionalProperties": False}


def shortened(text: str, limit: int) -> str:
    """The first sentence of a text, at most so many characters, whole words."""
    sentence = " ".join(text.split()).split(". ")[0].rstrip(".")
    if len(sentence) <= limit:
        return sentence
    return sentence[: limit + 1].rpartition(" ")[0].rstrip(",;:")
