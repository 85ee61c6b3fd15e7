"""What a model may get wrong: one line that names it, never an exception."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fc_model.tools.call import Outcome, run_call, run_tool
from fc_model.tools.sandbox import Sandbox

CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("calculate", {"expression": "9**9**9"}, "a power becomes too large"),
    ("calculate", {"expression": "(((9**64)**64)**64)**64"}, "a power becomes too large"),
    ("calculate", {"expression": "1/0"}, "division by zero"),
    ("calculate", {"expression": "0^-1"}, "division by zero"),
    ("calculate", {"expression": "__import__('os')"}, "'_' is not part of an expression"),
    ("calculate", {"expression": "9" * 51}, "a number has 51 characters, 50 are allowed"),
    ("calculate", {"expression": "(" * 100}, "brackets are nested deeper than 30"),
    ("calculate", {"expression": "2^" * 100 + "2"}, "powers are nested deeper than 30"),
    ("calculate", {"expression": "٣+1"}, "'٣' is not part of an expression"),
    ("calculate", {"expression": "sqrt(0-1)"}, "the square root of a negative number"),
    ("calculate", {"expression": "2 3"}, "'3' is not expected here"),
    ("calculate", {"expr": "1"}, "no parameter 'expr'; there are: expression"),
    ("calculate", {}, "the parameter expression is missing"),
    ("calculate", {"expression": 7}, "expression must be of type string, not integer"),
    ("calculate", {"expression": True}, "expression must be of type string, not boolean"),
    ("calculate", {"expression": "1+" * 300}, "expression has 600 characters, it must have at most 500"),
    ("convert_base", {"number": "0b1_0", "from_base": 2, "to_base": 10}, "'0b1_0' is no whole number in base 2"),
    ("convert_base", {"number": "1", "from_base": 1, "to_base": 10}, "from_base must be at least 2"),
    ("prime_factors", {"number": 2.5}, "number must be of type integer, not number"),
    ("prime_factors", {"number": True}, "number must be of type integer, not boolean"),
    ("roman_numeral", {"value": "IIII"}, "'IIII' is neither a number from 1 to 3999 nor a Roman numeral"),
    ("check_number", {"kind": "visa", "number": "4"}, "kind must be one of luhn, isbn"),
    ("sort_list", {"items": [1, "a"]}, "items are numbers or texts, not both"),
    ("list_statistics", {"numbers": []}, "numbers has 0 items, it must have at least 1"),
    ("list_statistics", {"numbers": [1, "2"]}, "numbers.1 must be of type number, not string"),
    ("list_statistics", {"numbers": [1.7e308, 1.7e308]}, "a number is larger than 1.8e308"),
    ("convert_units", {"value": 1, "from_unit": "mile", "to_unit": "gram"}, "mile is a unit of length, gram of mass"),
    ("convert_units", {"value": -1, "from_unit": "kelvin", "to_unit": "celsius"}, "is below absolute zero"),
    ("weekday", {"date": "2023-02-29"}, "2023-02-29 is not in the calendar (day is out of range for month)"),
    ("weekday", {"date": "20230228"}, "date has another form than YYYY-MM-DD: '20230228'"),
    ("weekday", {"date": "2023-02-28\n"}, "'2023-02-28\\n' is no date as YYYY-MM-DD"),
    ("add_to_date", {"date": "9999-12-31", "days": 1}, "the date is outside the years 1 to 9999"),
    ("add_to_date", {"date": "0001-01-01", "months": -1}, "the date is outside the years 1 to 9999"),
    (  # modelcontextprotocol/servers#1795: abbreviations are no zones, and several mean three each
        "convert_time_zone",
        {"time": "2024-01-01T12:00", "from_zone": "IST", "to_zone": "UTC"},
        "no time zone 'IST'",
    ),
    (  # a folder of the database, which zoneinfo opens
        "convert_time_zone",
        {"time": "2024-01-01T12:00", "from_zone": "America", "to_zone": "UTC"},
        "no time zone 'America'",
    ),
    (
        "convert_time_zone",
        {"time": "2024-03-10T02:30", "from_zone": "America/New_York", "to_zone": "UTC"},
        "2024-03-10T02:30 does not exist in America/New_York",
    ),
    (
        "convert_time_zone",
        {"time": "0001-01-01T00:00", "from_zone": "Asia/Tokyo", "to_zone": "UTC"},
        "the time is outside the years 1 to 9999",
    ),
    ("find_pattern", {"text": "a", "pattern": "(a"}, "no regular expression: missing )"),
    ("find_pattern", {"text": "a" * 40 + "!", "pattern": "^(a|a)*(b|c)*(a|aa)+$"}, "takes more than 0.1 seconds"),
    ("query_json", {"document": {"a": [1]}, "pointer": "/a/01"}, "nothing is at '01' of '/a/01'"),
    ("query_json", {"document": {"a": [1]}, "pointer": "a"}, "a pointer is empty or begins with /"),
    ("query_json", {"document": {"~": 1}, "pointer": "/~"}, "in a pointer ~ is written ~0"),
    ("table_statistics", {"file": "anscombe.csv", "column": "z"}, "no column 'z'; there are: set, x, y"),
    ("table_statistics", {"file": "anscombe.csv", "column": "set"}, "line 2, column 'set': 'I' is no number"),
    ("read_file", {"path": "notes/poem.txt", "first_line": 3}, "the file has 2 lines, so there is no line 3"),
    ("read_file", {"path": "notes"}, "'notes' is no file"),
    ("read_image", {"path": "anscombe.csv"}, "no PNG, JPEG or WebP that can be read (unknown_format"),
    ("chess_play_moves", {"moves": ["e4", "e4"]}, "move 2: 'e4' is no legal move in rnbqkbnr/"),
    ("chess_legal_moves", {"fen": "8/8/8/8/8/8/8/8 w - - 0 1"}, "a position has one king of each side"),
    ("search_corpus", {"query": "?!"}, "the query has no word"),
]


@pytest.mark.parametrize(("tool", "arguments", "line"), CALLS, ids=[call[0] for call in CALLS])
def test_one_line_that_names_it(tool: str, arguments: dict, line: str, run: Callable[..., Outcome]) -> None:
    error = run(tool, **arguments).error
    assert error is not None and error.startswith(f"{tool}: ") and line in error
    assert len(error) < 400 and error.isprintable()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "no valid JSON: Expecting value: line 1 column 1"),
        ("calculate(1)", "no valid JSON"),
        ("[]", 'a call is {"name": "...", "arguments": {...}}'),
        ('{"name": "calculate"}', "a call is"),
        ('{"name": 1, "arguments": {}}', "a call is"),
        ('{"name": "calculate", "arguments": [], "id": 1}', "a call is"),
        ('{"name": "calculate", "arguments": []}', "calculate: arguments must be of type object, not array"),
        ('{"name": "calculate", "arguments": null}', "calculate: arguments must be of type object, not null"),
        ('{"name": "calculate", "arguments": "{}"}', "calculate: arguments must be of type object, not string"),
        ('{"name": "calculator", "arguments": {}}', "no tool 'calculator'; did you mean 'calculate'?"),
        ('{"name": "\\u0000", "arguments": {}}', "no tool '\\x00'"),
    ],
)
def test_what_is_no_call(text: str, line: str, sandbox: Sandbox) -> None:
    error = run_call(text, sandbox).error
    assert error is not None and line in error and error.isprintable()


def test_error_as_data(sandbox: Sandbox) -> None:
    text = run_call('{"name":"calculate","arguments":{"expression":"1/0"}}', sandbox).text()
    assert json.loads(text) == {"error": "calculate: division by zero"}


def test_without_a_setting() -> None:
    with Sandbox() as bare:
        for tool, arguments, missing in (
            ("read_file", '{"path": "a"}', "folder"),
            ("current_time", "{}", "time"),
            ("search_corpus", '{"query": "a"}', "corpus"),
        ):
            assert run_tool(tool, arguments, bare).error == f"{tool}: this conversation has no {missing}"
