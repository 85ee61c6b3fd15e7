"""YAML as plain values, by the fast parser where PyYAML has it: all tracks and catalogues are read at every start."""

import copy
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from fc_model.errors import UserError

_MERGE = "tag:yaml.org,2002:merge"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Says where a day is that the calendar has not."""

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> Any:
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError as error:
            raise ValueError(f"{node.value!r} in line {node.start_mark.line + 1}: {error}") from error


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_yaml_timestamp)


def read_yaml(path: Path) -> Any:
    """The values of a file, the caller's own.

    Raises UserError for what is not YAML, and for a key that stands twice in a mapping: only one value could be kept.
    """
    try:
        return copy.deepcopy(_parsed(path.read_text("utf-8")))  # parsing costs more, and a track is read once and again
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, no date of the calendar
        why = " ".join(str(error).split()).replace('in "<unicode string>", ', "in ")  # a text has no name
        raise UserError(f"{path}: not YAML: {why}") from error


@lru_cache(maxsize=512)
def _parsed(text: str) -> Any:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        # Before anything is constructed: merges (`<<`) put keys of other mappings beside a mapping's own.
        for mapping in _mappings(root):
            _refuse_repeated_keys(loader, mapping)
        return loader.construct_document(root)
    finally:
        loader.dispose()


def _mappings(root: yaml.Node) -> Iterator[yaml.MappingNode]:
    """Every mapping of a document once, also where aliases lead in circles."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node, yaml.CollectionNode):
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield node
        waiting += (child for entry in node.value for child in (entry if isinstance(entry, tuple) else (entry,)))


def _refuse_repeated_keys(loader: Any, mapping: yaml.MappingNode) -> None:
    """Keys are compared as values: `yes` is `true`, and 0x10 is 16."""
    lines: dict[Any, int] = {}
    for node, _ in mapping.value:
        if isinstance(node, yaml.ScalarNode) and node.tag != _MERGE:
            key, line = loader.construct_object(node), node.start_mark.line + 1
            if key in lines:
                raise UserError(f"{node.value!r} stands twice, in lines {lines[key]} and {line}: keep one of the two")
            lines[key] = line
