"""JSON Schema, draft 2020-12, whose patterns end in time: a schema may have come with data."""

import math
import re
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
_MOST_UNROLLED = 200_000
"""`(a{100000}){100000}` would need all memory to be read. What is longer does not match."""
_PATTERN_PART = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\{(?P<least>\d+)(?:,(?P<most>\d*))?\}|.", re.DOTALL)


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
    if not _matches(pattern, instance):
        yield ValidationError(f"the text does not match {pattern!r}")


def _matches(pattern: str, text: str) -> bool:
    if not _unrolled(pattern) <= _MOST_UNROLLED:  # it may be no number
        return False
    try:
        return regex.search(pattern, text, timeout=_PATTERN_SECONDS) is not None
    except (TimeoutError, RecursionError, regex.error):
        return False


def _unrolled(pattern: str) -> float:
    """About how many characters the pattern has with its counted repeats written out."""
    groups, last = [0.0], 0.0
    for match in _PATTERN_PART.finditer(pattern):
        if match["least"]:
            times = max(float(match["most"] or match["least"]), 1)
            groups[-1] += last * (times - 1)
            last *= times
        elif match[0] == "(":
            groups.append(0)
        else:
            last = groups.pop() if match[0] == ")" and len(groups) > 1 else 1
            groups[-1] += last
    return sum(groups)


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
