"""What counts as stated, and what does not."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fc_pipeline.tool_dialogues.spelling import is_stated, spellings


@pytest.mark.parametrize(
    ("value", "parameter", "context"),
    [
        ("2024-03-05", "date", "on 5 March 2024"),
        ("2024-03-05", "date", "on March 5, 2024."),
        ("2024-03-05", "start", '{"time":"2024-03-05T10:00:00"}'),
        ("2024-03-05T14:30", "time", "at 2:30 pm on 5 Mar 2024"),
        (12_000, "number", "factor 12,000"),
        (12_000, "number", "factor 12000."),
        (-45, "days", "45 days before"),
        (16, "from_base", "the hexadecimal number"),
        (3, "month", "in March"),
        ("kilometre", "from_unit", "5 km"),
        (">", "operator", "greater than 5"),
        ("Europe/Berlin", "from_zone", "in Berlin"),
        ("54654 * 190", "expression", '{"days":54654} times 190'),
        ([3, 4.5], "numbers", "3 and 4.5"),
        ({"a": {"b": 1}}, "document", 'in {"a":{"b":1}}'),
        (True, "append", "append it"),
    ],
)
def test_stated(value, parameter, context):
    assert is_stated(value, context, parameter)


@pytest.mark.parametrize(
    ("value", "parameter", "context"),
    [
        ("2024-03-05", "date", "on 6 March 2024"),
        ("2024-03-05", "date", "on 15 March 2024"),
        (12, "number", "factor 120"),
        (12, "number", "factor 12.5"),
        (-45, "days", "45 days after"),
        ("metre", "from_unit", "5 km"),
        ("54654 * 190", "expression", '{"days":54655} times 190'),
        ([3, 4.5], "numbers", "3 and 4"),
        ("ab", "text", "abc"),
        ({"a": {"b": 2}}, "document", 'in {"a":{"b":1}}'),
        (True, "append", "write it"),
        (None, "value", "nothing"),
    ],
)
def test_not_stated(value, parameter, context):
    assert not is_stated(value, context, parameter)


@settings(max_examples=50, deadline=None)
@given(st.dates(min_value=date(1000, 1, 1)), st.data())
def test_each_spelling_states_its_date(day, data):
    text = data.draw(st.sampled_from(spellings(day.isoformat(), "date")))
    assert is_stated(day.isoformat(), f"What about {text}?", "date")
