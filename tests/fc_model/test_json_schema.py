"""JSON Schema: what takes long does not match, and decimals are multiples of decimals."""

from time import process_time

import pytest

from fc_model.json_schema import validator_of
from fc_model.strict_json import to_json


@pytest.mark.parametrize(
    ("value", "unit", "is_valid"),
    [
        (19.99, 0.01, True),
        (0.3, 0.1, True),
        (19.995, 0.01, False),
        (12, 5, False),
        (10, 5, True),
        (10**60, 7, False),
        (1e308, 1e-300, True),
        (7, 0.5, True),
        ("no number", 5, True),
    ],
)
def test_multiples_are_of_decimals(value: object, unit: float, is_valid: bool) -> None:
    assert validator_of(to_json({"multipleOf": unit})).is_valid(value) == is_valid


@pytest.mark.parametrize(
    "pattern",
    [
        "^(a|aa)+$",
        "(a{100000}){100000}",
        "((a{1,1000}){1,1000}){2}",
        "{99999999}" * 40,
        "(a{%s}){0}" % ("9" * 400),
        "(" * 5_000,
        "[^]",
        "\\x{41}",
    ],
)
def test_a_pattern_that_takes_for_ever_or_is_none_does_not_match(pattern: str) -> None:
    began = process_time()
    assert not validator_of(to_json({"pattern": pattern})).is_valid("a" * 60 + "!")
    assert process_time() - began < 5


@pytest.mark.parametrize(
    "pattern", ["^\\d{4}-\\d{2}$", "^[0-9{}]{4}-..$", "^([0-9]{1,2}){2}-\\d\\d$", "^.{1,65535}$", "\\{?", "^\\S{7}$"]
)
def test_usual_patterns_match(pattern: str) -> None:
    assert validator_of(to_json({"pattern": pattern})).is_valid("2024-05")
