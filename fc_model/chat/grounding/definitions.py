"""References within a JSON Schema, and the definitions that they lead to."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

_TO_DEFINITION = re.compile(r"#|#/(?:\$defs|definitions)/[^/]+")


def with_definitions(schema: Any) -> Any:
    """The schema whose references lead to definitions: any other place may be elsewhere once it is narrowed."""
    definitions, moved = dict[str, Any](), dict[str, Any]()
    for number, reference in enumerate(sorted(references_of(schema))):
        target = target_of(schema, reference)
        if isinstance(target, Mapping) and not _TO_DEFINITION.fullmatch(reference):
            definitions[f"_{number}"], moved[reference] = target, {"$ref": f"#/$defs/_{number}"}
    return replaced({**schema, "$defs": {**schema.get("$defs", {}), **definitions}}, moved) if moved else schema


def target_of(schema: Any, reference: str) -> Any:
    """None where a reference leads nowhere."""
    for name in map(unquote, reference.removeprefix("#").split("/")[1:]):
        if isinstance(schema, list):
            schema = schema[int(name)] if name.isdecimal() and int(name) < len(schema) else None
        else:
            schema = schema.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(schema, Mapping) else None
    return schema


def references_of(schema: Any) -> set[str]:
    items = schema.values() if isinstance(schema, Mapping) else schema if isinstance(schema, list) else ()
    own = schema.get("$ref") if isinstance(schema, Mapping) else None
    return set[str]().union(*map(references_of, items), [own] if isinstance(own, str) and own.startswith("#") else [])


def replaced(schema: Any, by: Mapping[str, Any]) -> Any:
    """The schema with others in place of its references."""
    if isinstance(schema, list):
        return [replaced(item, by) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference in by:
        return by[reference]
    return {key: replaced(item, by) for key, item in schema.items()}
