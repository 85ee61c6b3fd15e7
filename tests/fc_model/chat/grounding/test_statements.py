"""What texts state: numbers, lists of them, dates and times."""

from time import process_time

import pytest

from fc_model.chat.grounding.statements import Statements


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
        ("nineteen eighty-four, twenty twenty-four", [1984, 2024, 19, 84, 20, 24]),
        ("two and a half, 1½ cups, 2 1/4 and three quarters", [2.5, 1.5, 2.25, 0.75, 1, 4, 3]),
        ("three point one four", [3.14]),
        ("half a million, one and a half thousand", [500_000, 1500, 1]),
        ("20 24 and 12 15", [20, 24, 12, 15]),
        ("a thousand and one, a hundred and one, two hundred one", [1001, 101, 201]),
        ("one, two and three", [1, 2, 3]),
        ("in one hour", [1]),
        ("set it to zero", [0]),
        ("$5k or 3M, not 5km", [5000, 3_000_000, 5, 3]),
        ("-$5", [-5, 5]),
        ("turn it down by 10", [10, -10]),
        ("1.299,99 € and 1.000.000", [1299.99, 1_000_000, 1.299, 99]),
        ("12,50", [12.5, 12, 50]),
        ("5.0", [5]),
        ("1,000, 2,000", [1000, 2000]),
        ("gcd(100,250)", [100, 250, 100_250]),
        ("a quarter of 90", [4, 0.25, 90]),
        ("111 " * 2000 + "1", [1, 111]),
    ],
)
def test_numbers_in_figures_and_in_words(text: str, numbers: list[float]) -> None:
    values = stated(text).numbers
    assert set(numbers) <= set(values), values
    parts = {3.5, 1000, 1_000_000, 300, 100, 2, 12, 345, 0.5}
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
        (
            "2024/05/03, 5-May-2024, 2024.05.04 and Jan. 5th '24",
            ["2024-05-03", "2024-05-05", "2024-05-04", "2024-01-05"],
        ),
        ("03-05-2024", ["2024-05-03", "2024-03-05"]),
        ("05/03/87", ["1987-03-05", "1987-05-03"]),
        ("May 3-5, 2024 and 6 to 7 June 2024", ["2024-05-03", "2024-05-05", "2024-06-06", "2024-06-07"]),
        ("between May 3 and May 7, 2024", ["2024-05-03", "2024-05-07"]),
        ("Today is 2024-03-01. Book the 5th of May.", ["2024-03-01", "2024-05-05"]),
        ("28 April 1843 or 3 May 2024", ["1843-04-28", "2024-05-03"]),
        ("on May the 3rd, 2024", ["2024-05-03"]),
        ("the fifth of May two thousand twenty-four", ["2024-05-05"]),
        ("May 5", []),
        ("٢٠٢٤-٠٥-٠٣", ["2024-05-03"]),
        ("March 2024, 20240503, 12-05-03", []),
    ],
)
def test_dates_as_people_write_them(text: str, dates: list[str]) -> None:
    assert sorted(stated(text).dates) == sorted(dates)


@pytest.mark.parametrize(
    ("text", "clocks"),
    [
        ("12:05 am, 3:30 p.m. and 23:59:01", ["00:05", "15:30", "23:59:01"]),
        ("7pm, 8 AM, 19h30 and 7.30pm", ["19:00", "08:00", "19:30"]),
        ("from 3 to 4pm", ["15:00", "16:00"]),
        ("at noon or midnight", ["12:00", "00:00"]),
        ("seven thirty pm", ["19:30"]),
        ("at 7 o'clock", ["07:00"]),
        ("at 7:30 in the evening", ["07:30", "19:30"]),
        ("5 pm2 and 3.14, 12 amps", []),
    ],
)
def test_clocks_of_12_and_24_hours(text: str, clocks: list[str]) -> None:
    assert sorted(stated(text).clocks) == sorted(clocks)


def test_the_hours_of_clocks_are_numbers() -> None:
    assert {15, 30} <= set(stated("at 3:30 pm").numbers)


def test_date_times_are_quoted_whole() -> None:
    written = "2026-07-29T22:59:00.5+02:00"
    assert written in stated(f"from {written} on").date_times
    assert stated("29 July 2026 at 10pm").date_times == ("2026-07-29T22:00",)


def test_a_calendar_that_a_tool_returns_makes_no_endless_choice() -> None:
    rows = [f"{year}-{month:02}-01T{year % 24:02}:{month:02}" for year in range(1900, 2100) for month in range(1, 13)]
    moments = stated("\n".join(rows), "May 5 and " * 2000)
    assert len(moments.dates) <= 100 and len(moments.date_times) <= 1_000 and rows[-1] in moments.date_times


def test_numbers_that_stand_together_are_a_list() -> None:
    assert stated("Of 3, 4; 5 and 6 take 9.").lists == ((3, 4, 5, 6), (9,))
    assert stated("2, 4 & 8").lists == ((2, 4, 8),)
    assert (100, 200, 300) in stated("mean of 100,200,300").lists
    assert stated("the gcd of 12, of 18 and of 30").lists == ((12,), (18,), (30,), (12, 18, 30))
    assert stated('{"numbers": [1, 2.5], "factor": 7}').lists == ((1, 2.5), (7,))


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("call +1 (555) 123-4567", "15551234567"),
        ("call 555-123-4567", "5551234567"),
        ("card 4111 1111 1111 1111", "4111111111111111"),
        (".5", "0.5"),
        ("1.50", "1.5"),
        ("5e3", "5000"),
        ("192.168.0.1", "192.168.0.1"),
        ("7pm", "19"),
    ],
)
def test_figures_that_a_text_may_hold(text: str, figures: str) -> None:
    assert figures in stated(text).figures


def test_integers_are_whole_numbers_of_json() -> None:
    assert all(isinstance(value, int) for value in stated("5.0, 1e3 and 1,299.00").numbers)


@pytest.mark.parametrize(
    "text",
    [
        "1" * 20_000,
        "1 111" * 4_000,
        "5k 1/2 " * 3_000,
        "+1 2 (" * 3_000,
        "9" * 400 + " million" + "9" * 400 + "k " + "9" * 400 + " and a half",
        "0.1," * 5_000,
    ],
)
def test_long_texts_are_read_in_time(text: str) -> None:
    began = process_time()
    assert len(stated(text).figures) < 1_000
    assert process_time() - began < 2
