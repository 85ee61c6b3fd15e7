"""JSON Schema, draft 2020-12, whose patterns end in time: a schema may have come with data."""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import regex

from fc_model.strict_json import parse_json

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

_PATTERN_SECONDS = 0.5
"""`^(a+)+$` would need hours for a hundred letters. What takes longer than this does not match."""


@lru_cache(maxsize=1024)
def validator_of(schema: str) -> "Draft202012Validator":
    """Of a schema as JSON. Nothing in it is fetched: a reference leads into the schema or is an error when followed."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    validator: type[Draft202012Validator] = extend(Draft202012Validator, {"pattern": _pattern})
    return validator(parse_json(schema))


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> "Iterator[ValidationError]":
    from jsonschema import ValidationError

    if not validator.is_type(instance, "string"):
        return
    try:
        matches = regex.search(pattern, instance, timeout=_PATTERN_SECONDS) is not None
    except TimeoutError:
        matches = False
    if not matches:
        yield ValidationError(f"the text does not match {pattern!r}")
