"""JSON Schema: what takes long does not match, and decimals are multiples of decimals."""

from time import monotonic

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


def test_a_pattern_that_takes_for_ever_does_not_match() -> None:
    began = monotonic()
    assert not validator_of(to_json({"pattern": "^(a|aa)+$"})).is_valid("a" * 60 + "!")
    assert monotonic() - began < 10
