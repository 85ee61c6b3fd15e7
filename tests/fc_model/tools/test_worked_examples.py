"""Each tool on examples whose results stand elsewhere, through the sandbox, and in the form that it promises."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fc_model.tools.call import run_call
from fc_model.tools.registry import TOOLS
from fc_model.tools.sandbox import Sandbox

FOOLS_MATE = ["f3", "e5", "g4", "Qh4#"]
EXAMPLES: list[tuple[str, dict[str, Any], Any]] = [
    ("calculate", {"expression": "(3 + 4) * 2^10 / 7"}, 1024),
    ("calculate", {"expression": "0.1 + 0.2"}, 0.3),
    ("calculate", {"expression": "-2^2 + 2**3**2"}, 508),
    ("calculate", {"expression": "-7 // 2 + 7 % -3"}, -6),
    ("calculate", {"expression": "round(2.5) + sqrt(16) − min(3, 1) × 2"}, 5),
    ("calculate", {"expression": "1200 * (1 + 0.05/12)^360"}, 5361.29317680736),  # interest of 30 years, by bc
    ("calculate", {"expression": "2^128"}, 340282366920938463463374607431768211456),
    ("calculate", {"expression": "8^(1/3)"}, 2),
    ("convert_base", {"number": "DEADBEEF", "from_base": 16, "to_base": 10}, "3735928559"),
    ("convert_base", {"number": "-255", "from_base": 10, "to_base": 2}, "-11111111"),
    ("prime_factors", {"number": 600851475143}, [71, 839, 1471, 6857]),  # Project Euler, problem 3
    ("common_divisor", {"numbers": [48, 180]}, {"greatest_common_divisor": 12, "least_common_multiple": 720}),
    ("roman_numeral", {"value": "MCMXCIV"}, {"number": 1994, "numeral": "MCMXCIV"}),
    ("roman_numeral", {"value": "3999"}, {"number": 3999, "numeral": "MMMCMXCIX"}),
    ("check_number", {"kind": "luhn", "number": "4111 1111 1111 1111"}, {"valid": True}),
    ("check_number", {"kind": "isbn", "number": "978-0-306-40615-7"}, {"valid": True}),
    ("check_number", {"kind": "iban", "number": "GB82 WEST 1234 5698 7654 32"}, {"valid": True}),
    ("check_number", {"kind": "imei", "number": "490154203237518"}, {"valid": True}),
    ("check_number", {"kind": "ean", "number": "73513537"}, {"valid": True}),
    ("check_number", {"kind": "issn", "number": "0378-5955"}, {"valid": True}),
    (
        "check_number",
        {"kind": "luhn", "number": "4111111111111112"},
        {"valid": False, "reason": "The number's checksum or check digit is invalid."},
    ),
    (
        "list_statistics",
        {"numbers": [2, 4, 4, 4, 5, 5, 7, 9]},
        {"count": 8, "sum": 40, "mean": 5, "median": 4.5, "min": 2, "max": 9, "standard_deviation": 2.1380899352994},
    ),
    ("sort_list", {"items": [3, 1, 2.5, 1], "unique": True}, [1, 2.5, 3]),
    ("sort_list", {"items": ["pear", "apple"], "order": "descending"}, ["pear", "apple"]),
    ("convert_units", {"value": 1, "from_unit": "mile", "to_unit": "kilometre"}, 1.609344),
    ("convert_units", {"value": 32, "from_unit": "fahrenheit", "to_unit": "celsius"}, 0),
    ("convert_units", {"value": 22.5, "from_unit": "celsius", "to_unit": "fahrenheit"}, 72.5),
    ("convert_units", {"value": -40, "from_unit": "celsius", "to_unit": "fahrenheit"}, -40),
    ("convert_units", {"value": 1, "from_unit": "acre", "to_unit": "square_metre"}, 4046.8564224),
    ("convert_units", {"value": 1, "from_unit": "pound_per_square_inch", "to_unit": "pascal"}, 6894.75729316836),
    ("convert_units", {"value": 1, "from_unit": "us_gallon", "to_unit": "litre"}, 3.785411784),
    ("current_time", {}, {"time": "2026-11-30T09:45:00+00:00", "weekday": "Monday"}),
    (
        "date_difference",
        {"start": "1969-07-20", "end": "2019-07-20"},
        {"days": 18262, "full_weeks": 2608, "remaining_days": 6},
    ),
    ("add_to_date", {"date": "2024-01-31", "months": 1}, {"date": "2024-02-29", "weekday": "Thursday"}),
    ("add_to_date", {"date": "2024-02-29", "years": -1, "days": 1}, {"date": "2023-03-01", "weekday": "Wednesday"}),
    ("weekday", {"date": "1969-07-20"}, {"weekday": "Sunday", "week": 29, "week_year": 1969}),
    ("weekday", {"date": "2010-01-03"}, {"weekday": "Sunday", "week": 53, "week_year": 2009}),  # of ISO 8601
    (
        "month_calendar",
        {"year": 2015, "month": 2},
        {
            "first_weekday": "Sunday",
            "days": 28,
            "weeks": [
                [None] * 6 + [1],
                [2, 3, 4, 5, 6, 7, 8],
                [9, 10, 11, 12, 13, 14, 15],
                [16, 17, 18, 19, 20, 21, 22],
                [23, 24, 25, 26, 27, 28, None],
            ],
        },
    ),
    (
        "convert_time_zone",
        {"time": "2024-01-15T12:00", "from_zone": "America/New_York", "to_zone": "Asia/Kolkata"},
        {"time": "2024-01-15T22:30:00+05:30", "zone": "Asia/Kolkata", "ambiguous": False},
    ),
    (
        "convert_time_zone",  # the clock shows it twice: the first is summer time
        {"time": "2024-11-03T01:30", "from_zone": "America/New_York", "to_zone": "UTC"},
        {"time": "2024-11-03T05:30:00+00:00", "zone": "UTC", "ambiguous": True},
    ),
    ("text_statistics", {"text": "strawberry", "count": "r"},
     {"characters": 10, "words": 1, "lines": 1, "occurrences": 3}),
    ("text_statistics", {"text": "e\u0301 \U0001f468\u200d\U0001f469"}, {"characters": 3, "words": 2, "lines": 1}),
    ("transform_text", {"text": "cafe\u0301!", "operation": "reverse"}, "!e\u0301fac"),
    ("transform_text", {"text": "straße", "operation": "uppercase"}, "STRASSE"),
    ("find_pattern", {"text": "a1 b22", "pattern": "[a-z]\\d+"}, {"count": 2, "matches": ["a1", "b22"]}),
    # RFC 6901, section 5.
    ("query_json", {"document": {"foo": ["bar", "baz"], "a/b": 1, "m~n": 8}, "pointer": "/foo/0"}, "bar"),
    ("query_json", {"document": {"foo": ["bar", "baz"], "a/b": 1, "m~n": 8}, "pointer": "/a~1b"}, 1),
    ("query_json", {"document": {"": 0, "m~n": 8}, "pointer": "/"}, 0),
    (
        "query_json",
        {"document": [{"n": 1}, {"n": 3}, {"n": "3"}, 7], "field": "n", "operator": ">", "value": 1.5},
        [{"n": 3}],
    ),
    (
        "table_statistics",
        {"file": "anscombe.csv", "column": "x", "group_by": "set"},
        {
            "groups": {
                name: {"count": 11, "sum": 99, "mean": 9, "median": 9, "min": 4, "max": 14}
                | {"standard_deviation": 3.3166247903554}  # the root of 11
                for name in ("I", "II")
            }
        },
    ),
    (
        "filter_table",
        {"file": "anscombe.csv", "column": "y", "operator": ">=", "value": 9.96, "columns": ["x"]},
        {"count": 2, "rows": [{"x": "14"}, {"x": "12"}]},
    ),
    (
        "read_file",
        {"path": "notes/poem.txt", "first_line": 2, "max_lines": 1},
        {"text": "In the forests of the night;\n", "complete": True},
    ),
    ("write_file", {"path": "new/a.txt", "text": "naïve\n"}, {"bytes": 7}),
    ("write_file", {"path": "new/a.txt", "text": "b", "append": True}, {"bytes": 8}),
    (
        "list_files",
        {},
        {
            "count": 3,
            "files": [
                {"path": "anscombe.csv", "bytes": 228},
                {"path": "new/a.txt", "bytes": 8},
                {"path": "notes/poem.txt", "bytes": 58},
            ],
        },
    ),
    (
        "search_files",
        {"text": "FOREST"},
        {
            "count": 1,
            "hits": [{"path": "notes/poem.txt", "line": 2, "text": "In the forests of the night;"}],
            "files_not_searched": 0,
        },
    ),
    ("chess_play_moves", {"moves": FOOLS_MATE}, {
        "fen": "rnb1kbnr/pppp1ppp/8/4p3/6Pq/5P2/PPPPP2P/RNBQKBNR w KQkq - 1 3", "to_move": "white",
        "state": "checkmate",
    }),
    ("chess_check_move", {"move": "Nf3"}, {"legal": True, "uci": "g1f3", "san": "Nf3"}),
    ("chess_legal_moves", {"fen": "7k/5Q2/6K1/8/8/8/8/8 b - - 0 1"}, {"moves": [], "count": 0, "state": "stalemate"}),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "arguments", "value"), EXAMPLES, ids=[example[0] for example in EXAMPLES])
def test_examples(tool: str, arguments: dict[str, Any], value: Any, sandbox: Sandbox) -> None:
    outcome = run_call(json.dumps({"name": tool, "arguments": arguments}), sandbox)
    assert outcome.error is None and outcome.value == value
    assert json.loads(outcome.text()) == value
    Draft202012Validator(TOOLS[tool].result).validate(outcome.value)


def test_every_tool_has_an_example() -> None:
    """search_corpus and read_image have tests of their own."""
    assert TOOLS.keys() - {tool for tool, _, _ in EXAMPLES} == {"search_corpus", "read_image"}


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS.keys())
def test_schemas(tool: Any) -> None:
    schema = tool.schema()
    assert schema["type"] == "function" and schema["function"].keys() == {"name", "description", "parameters"}
    for part in (tool.parameters, tool.result):
        Draft202012Validator.check_schema(part)
    assert tool.parameters["additionalProperties"] is False
