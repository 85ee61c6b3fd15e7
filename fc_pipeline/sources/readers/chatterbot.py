"""Dialogues of the chatterbot corpus: YAML with `conversations`, each a list of turns."""

from collections.abc import Iterator
from typing import Any

import yaml

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.item import Item, decode
from fc_pipeline.sources.schema import FileSpec

_SPEAKERS = ("User", "Assistant")


class _Loader(yaml.SafeLoader):
    """Without aliases: a few lines of them stand for billions of turns."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)


def read(data: bytes, spec: FileSpec) -> Iterator[Item]:
    """One document a conversation, the speakers by turns."""
    categories, conversations = _content(data)
    for number, turns in enumerate(conversations):
        if isinstance(turns, list) and len(turns) > 1:
            lines = [f"{_SPEAKERS[position % 2]}: {str(turn).strip()}" for position, turn in enumerate(turns)]
            yield Item(str(number), "\n".join(lines), {"categories": categories})


def read_dialogues(data: bytes) -> list[Any]:
    """The conversations, each a list of turns of which the user has the first."""
    return _content(data)[1]


def _content(data: bytes) -> tuple[Any, list[Any]]:
    """(categories, conversations)."""
    try:
        content = yaml.load(decode(data), Loader=_Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise BadInput("invalid_yaml", str(error).replace("\n", " ")) from error
    if not isinstance(content, dict) or not isinstance(content.get("conversations"), list):
        raise BadInput("invalid_yaml", "has no list of conversations")
    return content.get("categories", []), content["conversations"]
