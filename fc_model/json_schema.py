"""JSON Schema, draft 2020-12, whose patterns end in time: a schema may have come with data."""

import math
from collections.abc import Iterator
from fractions import Fraction
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

    validator: type[Draft202012Validator] = extend(
        Draft202012Validator, {"pattern": _pattern, "multipleOf": _multiple_of}
    )
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


def _multiple_of(validator: Any, unit: float, instance: Any, schema: Any) -> "Iterator[ValidationError]":
    """In decimals: 19.99 is a multiple of 0.01, though 19.99 / 0.01 is no whole number of floats."""
    from jsonschema import ValidationError

    if validator.is_type(instance, "number") and not _is_multiple(instance, unit):
        yield ValidationError(f"{instance!r} is not a multiple of {unit!r}")


def _is_multiple(value: float, unit: float) -> bool:
    if not math.isfinite(value):
        return False
    exact, exact_unit = (Fraction(repr(one)) if isinstance(one, float) else Fraction(one) for one in (value, unit))
    return (exact / exact_unit).denominator == 1
