"""What texts state: numbers, lists of them, dates and times."""

import pytest

from fc_model.chat.statements import Statements


def stated(*texts: str) -> Statements:
    return Statements(texts)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("12 and 1,234,567.5 and 0.5", [12, 1234567.5, 0.5]),
        ("1,2,3", [1, 2, 3]),
        ("between 3-5, or (-2)", [3, 5, -2]),
        ("version 1.2.3", []),
        ("twenty-five thousand, 3.5 million, three hundred and five", [25_000, 3_500_000, 305]),
        ("one more: another one for 7", [7]),
        ("one hundred and twenty-one", [121]),
        ("5% of it squared", [5, 100, 2]),
        ("hexadecimal 9 in binary", [9, 16, 2]),
        ("May 1843", [5, 1843]),
        ("5 days before", [5, -5]),
        ("the 4th", [4]),
        ("1e5 and 6.5e-3, not 5eV", [100_000, 0.0065, 5]),
        ("–33, −22.4, －7 and -.5", [-33, -22.4, -7, -0.5]),
        ("12 345 or 12'345", [12_345]),
        ("the sixth one", [6]),
        ("٣ apples", [3]),
        ("nothing at all", []),
    ],
)
def test_numbers_in_figures_and_in_words(text: str, numbers: list[float]) -> None:
    values = stated(text).numbers
    assert set(numbers) <= set(values), values
    parts = {3.5, 1000, 1_000_000, 300, 100, 2, 12, 345}
    assert set(values) - set(numbers) <= parts, "a part of what was meant at most"


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("2024-05-03T10:00", ["2024-05-03"]),
        ("28 April 1843, May 3rd, 2024 and 1 Sept. 2001", ["1843-04-28", "2024-05-03", "2001-09-01"]),
        ("the 3rd of May 2024", ["2024-05-03"]),
        ("3/4/2025", ["2025-03-04", "2025-04-03"]),
        ("24.12.2025", ["2025-12-24"]),
        ("2010-04-37", ["2010-04-37"]),  # the tool says that there is no such day
        ("March 2024, 20240503, 12-05-03", []),
    ],
)
def test_dates_as_people_write_them(text: str, dates: list[str]) -> None:
    assert sorted(stated(text).dates) == sorted(dates)


def test_clocks_of_12_and_24_hours() -> None:
    assert stated("12:05 am, 3:30 p.m. and 23:59:01").clocks == ("00:05", "15:30", "23:59:01")


def test_numbers_that_stand_together_are_a_list() -> None:
    assert stated("Of 3, 4; 5 and 6 take 9.").lists == ((3, 4, 5, 6), (9,))
    assert stated("the gcd of 12, of 18 and of 30").lists == ((12,), (18,), (30,), (12, 18, 30))
    assert stated('{"numbers": [1, 2.5], "factor": 7}').lists == ((1, 2.5), (7,))
