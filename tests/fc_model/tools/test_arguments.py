"""JSON that parsers understand differently is refused; all other JSON is what it was."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fc_model.strict_json import to_json
from fc_model.tools.arguments import MAX_CHARACTERS, parse
from fc_model.tools.tool import ToolError

HOSTILE = [
    ("[" * 100_000, "the JSON has 100000 characters"),
    ("[" * 50_000, "nested deeper than 16"),
    ('{"a":' * 10_000 + "1" + "}" * 10_000, "nested deeper than 16"),
    ('{"a": 1, "a": 2}', "key 'a' comes twice in one object"),
    ('{"a": {"b": 1, "\\u0062": 2}}', "key 'b' comes twice in one object"),
    ('{"a": NaN}', "NaN is not JSON"),
    ('{"a": -Infinity}', "-Infinity is not JSON"),
    ('{"a": 1e999}', "1e999 is beyond a float"),
    ('{"a": ' + "9" * 5000 + "}", "5000 digits"),
    ('{"a": ' + "9" * 101 + "}", "a number has more than 100 digits"),
    ('{"a": "\\ud800"}', "half of a surrogate pair"),
    ('{"\\udfff": 1}', "half of a surrogate pair"),
    ('{"a": "\ud800"}', "half of a surrogate pair"),
    ('{"a": "\x00"}', "no valid JSON: Invalid control character at"),
    ('{"a": 1,}', "no valid JSON"),
    ("{'a': 1}", "no valid JSON"),
    ('{"a": 1} x', "no valid JSON: Extra data"),
    ('"' * 60_001, "no valid JSON"),
    ('"\\' * 30_000, "no valid JSON"),
    ("\ufeff{}", "no valid JSON"),
    ("", "no valid JSON"),
]


@pytest.mark.parametrize(("text", "line"), HOSTILE, ids=[line[:30] for _, line in HOSTILE])
def test_hostile(text: str, line: str) -> None:
    with pytest.raises(ToolError) as caught:
        parse(text)
    assert line in str(caught.value) and str(caught.value).isprintable()


def test_brackets_in_strings_are_no_depth() -> None:
    assert parse(to_json({"a": "[" * 1000 + '"\\' + "{" * 1000})) == {"a": "[" * 1000 + '"\\' + "{" * 1000}


def test_a_pair_of_escapes_is_one_character() -> None:
    """agent0ai/agent-zero#1773"""
    assert parse('"\\ud83c\\udf78"') == "\U0001f378"


def test_whole_numbers_are_ints_however_they_are_written() -> None:
    """JSON Schema counts 3.0 as an integer (ml-explore/mlx-lm#1417, sierra-research/tau2-bench#516)."""
    for text in ("3", "3.0", "30e-1", "0.3e1"):
        assert repr(parse(text)) == "3"
    assert repr(parse("1.5")) == "1.5" and repr(parse("1e300")) == "1e+300"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**98), 10**98) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_round_trip(value: Any) -> None:
    text = to_json(value)
    if _depth(value) <= 16:
        assert parse(text) == value == json.loads(text)


@given(st.text(max_size=300) | st.text(alphabet='{}[]",:\\ue+-.0123456789 ntfalsr', max_size=300))
def test_any_text_is_a_value_or_a_refusal(text: str) -> None:
    try:
        value = parse(text)
    except ToolError:
        return
    assert json.loads(text) == value or math.isnan(value)


def test_the_longest_is_read() -> None:
    assert parse('"' + "a" * (MAX_CHARACTERS - 2) + '"') == "a" * (MAX_CHARACTERS - 2)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)
