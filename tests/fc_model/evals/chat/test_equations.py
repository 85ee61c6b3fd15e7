"""Equations in chains of thought, and those that public chains get wrong."""

import pytest
from hypothesis import given, strategies

from fc_model.evals.chat.equations import last_value, step_fault


@pytest.mark.parametrize(
    "line",
    [
        "5.1 + 4.9 = 10",
        "6 values: 803 / 6 ≈ 133.83",
        "0.345 / 1 ≈ 0.35",  # half away from zero: Khan/khan-exercises#131708
        "There are 28 x 4 = 112 bananas, so 132 - 112 = 20 remain.",
        "4000 rooms - 800 rooms = 3200 rooms",
        "The fee is $330,000 x 8/100 = $26,400.",
        "On sand it is 14/42 = 1/3 miles per minute.",
        "100% - 50% = 50% of the quiz",
        "1265 % 6 = 5",
        "floor(347 / 23) = 15",
        "0.1 + 0.2 = 0.3",
        "(0.143 - 32) * 5 / 9 + 273.15 ≈ 255.45",
        "We count (2 + 3 = 5) twice.",
        "No equation, e.g. 5 apples.",
        "Nothing answers e8=Q#",
    ],
)
def test_true(line: str) -> None:
    assert step_fault(line) is None


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("meaning they scored 6*3= 24 points", "wrong_step"),  # open-compass/opencompass#1788
        ("it takes her 15÷1/3=45 minutes", "wrong_step"),  # gsm_symbolic of reasoning-gym 0.1.25
        ("10.083333333333332 - 3 - 1/3 = 6.749999999999999", "wrong_step"),  # the same
        ("0.1 + 0.2 = 0.30000000000000004", "wrong_step"),
        ("2 / 3 = 0.67", "wrong_step"),  # it is ≈
        ("2 / 3 ≈ 0.66", "wrong_step"),
        ("1 / 0 = 5", "wrong_step"),
        ("1 + 1 = 2 = 3", "wrong_step"),
        ("9^9^9 = 1", "wrong_step"),
        ("half * 186 = 93", "wrong_step"),  # the same: a sign without its left number
        ("x = 5", "unchecked_step"),
        ("the sum = the total", "unchecked_step"),
    ],
)
def test_faults(line: str, fault: str) -> None:
    assert step_fault(line) == fault


def test_letters_have_their_value() -> None:
    assert step_fault("20*h + 65 = 1485\nh = 1420 / 20 = 71", {"h": "71"}) is None
    assert step_fault("20*h + 65 = 1485", {"h": "72"}) == "wrong_step"
    assert step_fault("the = 2", {"h": "71"}) == "unchecked_step"


def test_the_last_value() -> None:
    assert last_value("1 + 1 = 2\n2 * 3 = 6 in all") == 6 and last_value("none") is None


@given(strategies.text(alphabet="0123456789+-*/=≈%(). x,$a\n"))
def test_any_text_is_read(text: str) -> None:
    assert step_fault(text) in (None, "wrong_step", "unchecked_step")
    last_value(text)
