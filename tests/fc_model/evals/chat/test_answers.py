"""What a reply answers. The cases are those that public evaluations got wrong, each named."""

from fractions import Fraction

import pytest
from hypothesis import given, strategies

from fc_model.evals.chat.answers import Answer, last_number


def number(value: str, **fields: bool) -> Answer:
    return Answer(kind="number", value=value, **fields)


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ("1,000", "1000"),
        ("The total is 72 clips, altogether.", "72"),  # jundot/omlx#3484: the comma was the last number
        ("The answer is 72, in total, so the farmer earns that much.", "72"),  # stanford-crfm/helm#4337
        ("3 4", "4"),  # the same report: an unescaped full stop joined them
        (r"\boxed{$9{,}500}", "9500"),  # open-compass/opencompass#2647
        (r"\boxed{8,000}", "8000"),
        ("The answer is $9{,}500.", "9500"),
        ("The coordinates are 1,2", "2"),  # AISBench/benchmark#360: these commas separate
        (r"$\frac12$", "1/2"),  # huggingface/Math-Verify#35
        (r"\boxed{\frac{3}{4}}", "3/4"),
        (r"\boxed{7} of 9", "7"),
        ("1000.00", "1000"),
        ("It is −5.", "-5"),
        ("10-5", "5"),
        ("It is 3.14.", "3.14"),
        (".5", "1/2"),
        ("1.5e3", "1500"),
        ("€1,234.50", "1234.5"),
        ("-$5", "-5"),
        ("244/607", "244/607"),
        ("80 km/h", "80"),
        ("It took 5 minutes/day", "5"),
        ("50%", "1/2"),
    ],
)
def test_numbers(reply: str, value: str) -> None:
    assert number(value).is_given_by(reply)


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ("8.5", "9"),  # meta-math/MetaMath#23: it was rounded first
        ("0.34", "0.345"),
        ("1e999999999", "1"),
        ("3/0", "0"),
        ("", "0"),
        ("none", "0"),
        ("12 of 13", "12"),
        ("12x", "1"),
    ],
)
def test_other_numbers(reply: str, value: str) -> None:
    assert not number(value).is_given_by(reply)


@pytest.mark.parametrize("reply", ["28", "28%", "28 percent", "28 %", r"$28\%$", r"\boxed{28 percent}"])
def test_percent(reply: str) -> None:
    """huggingface/Math-Verify#61 and #67."""
    assert number("28", percent=True).is_given_by(reply)
    assert not number("28", percent=True).is_given_by("0.28")


def test_choices() -> None:
    one = Answer(kind="choice", value="white knight", options=("white knight", "knight", "black pawn"))
    assert one.is_given_by("It is a White knight.") and not one.is_given_by("knight")
    assert not one.is_given_by("white knight or black pawn") and not one.is_given_by("")
    no = Answer(kind="choice", value="no", options=("yes", "no"))
    assert no.is_given_by("No, it is not.") and not no.is_given_by("Nothing yes-like") and not no.is_given_by("yes, no")


def test_words_and_factors() -> None:
    move = Answer(kind="word", value="Qg7#")
    assert move.is_given_by("The move is Qg7.") and move.is_given_by("`Qg7#`") and not move.is_given_by("qg7")
    assert not move.is_given_by("Qg7 or Qh7") and not move.is_given_by("")
    factors = Answer(kind="factors", value="2 × 2 × 3")
    assert factors.is_given_by("12 = 2 * 3 * 2.") and factors.is_given_by(r"2 \times 2 \times 3")
    assert not factors.is_given_by("2 × 6") and not factors.is_given_by("") and not factors.is_given_by("2, 2, 3")


def test_a_number_of_more_digits_than_python_reads_is_no_answer() -> None:
    many = "9" * 5000
    for reply in (many, f"1/{many}", f"0.{many}", "1" + ",000" * 5000):
        assert not number("9").is_given_by(reply)
    assert not Answer(kind="factors", value="3 × 3").is_given_by(many)


@given(strategies.fractions(min_value=-(10**9), max_value=10**9, max_denominator=1))
def test_whole_numbers_are_read_as_they_are_written(value: Fraction) -> None:
    assert last_number(f"It is {value.numerator:,}.") == (value, False)


@given(strategies.text())
def test_any_text_is_read(text: str) -> None:
    for one in (number("1"), Answer(kind="word", value="a"), Answer(kind="factors", value="2 × 3")):
        assert one.is_given_by(text) in (True, False)
    assert Answer.from_record(number("1").to_record()) == number("1")
