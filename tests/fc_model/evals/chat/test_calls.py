"""What is a valid call, an exact one, and one that matches by the rules of BFCL's AST checker."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fc_model.chat.messages import ToolCall
from fc_model.errors import UserError
from fc_model.evals.chat.calls import ast_match, canonical, name_chance, read_call, same_calls, same_names, schemas_of
from fc_model.strict_json import parse_json, to_json

PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "number"},
        "unit": {"type": "string", "default": "celsius"},
        "exact": {"type": "boolean"},
    },
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}
SCHEMAS = schemas_of([TOOL, {"type": "function", "function": {"name": "clock"}}])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def weather(**arguments: Any) -> ToolCall:
    return ToolCall("weather", {"city": "Bonn", "days": 2, **arguments})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"name":"weather"}',
        '{"name":"weather","arguments":{"city":"Bonn"}}',
        '{"name":"weather","arguments":{"city":"Bonn","days":"2"}}',
        '{"name":"weather","arguments":{"city":"Bonn","days":2,"extra":1}}',
        '{"name":"weather","arguments":{"city":"Bonn","days":NaN}}',
        '{"name":"weather","arguments":{"city":"Bonn","city":"Bonn","days":2}}',
        '{"name":"wether","arguments":{"city":"Bonn","days":2}}',
        '{"name":"clock","arguments":[]}',
        '{"name":["clock"],"arguments":{}}',
        '{"name":"clock","arguments":{},"id":1}',
        '{"name":"clock","arguments":' + '{"a":' * 99 + "1" + "}" * 100,
        '{"name":"clock","arguments":{"a":"\\ud800"}}',
        'clock({"a": 1})',
    ],
)
def test_what_is_no_valid_call(text: str) -> None:
    assert read_call(text, SCHEMAS) is None


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}])
def test_no_call_is_valid_by_a_schema_that_is_nothing_but_itself(schema: dict[str, Any]) -> None:
    assert read_call('{"name":"a","arguments":{}}', {"a": schema}) is None


def test_a_valid_call() -> None:
    text = '{"arguments": {"days": 2.0, "city": "Bonn"}, "name": "weather"}'
    assert read_call(text, SCHEMAS) == weather()
    assert read_call('{"name":"clock","arguments":{}}', SCHEMAS) == ToolCall("clock", {})


@pytest.mark.parametrize(
    ("schema", "message"),
    [({"type": "objekt"}, "are no JSON Schema"), ({"$ref": "http://127.0.0.1:1/a.json"}, "is another document")],
)
def test_schemas_that_cannot_be_checked(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        schemas_of([{"type": "function", "function": {"name": "a", "parameters": schema}}])


def test_values_are_compared_as_json() -> None:
    assert same_calls([weather(days=2.0)], [weather()])
    assert same_calls([ToolCall("a", {"x": [1, {"b": 1, "c": 2}]})], [ToolCall("a", {"x": [1.0, {"c": 2, "b": 1}]})])
    for one, other in ((1, True), (0, False), ("1", 1), (None, False), ([1, 2], [2, 1]), (2**53, float(2**53) + 2)):
        assert not same_calls([ToolCall("a", {"x": one})], [ToolCall("a", {"x": other})])


@given(VALUES)
def test_a_value_is_itself_after_a_round_through_json(value: Any) -> None:
    try:
        text = to_json(value)
    except ValueError:  # a lone surrogate
        return
    assert canonical(parse_json(text)) == canonical(value)


def test_parallel_calls_are_a_set_with_repeats() -> None:
    one, other = weather(), weather(city="Ulm")
    assert same_calls([other, one], [one, other]) and ast_match([other, one], [one, other], SCHEMAS)
    for calls in ([one], [one, one], [one, other, other], []):
        assert not same_calls(calls, [one, other]) and not ast_match(calls, [one, other], SCHEMAS)
    assert same_names([one, one], [one, other]) and not same_names([one], [one, other])


@pytest.mark.parametrize(
    ("call", "matches"),
    [
        (weather(city="bonn"), True),
        (weather(city="B-o. nn"), True),
        (weather(days=2.0), True),
        (weather(unit="celsius"), True),
        (weather(unit="kelvin"), False),
        (weather(exact=True), False),
        (weather(city="Berlin"), False),
        (weather(days=True), False),
        (ToolCall("weather", {"city": "Bonn"}), False),
        (ToolCall("Weather", {"city": "Bonn", "days": 2}), False),
    ],
)
def test_ast_match(call: ToolCall, matches: bool) -> None:
    assert ast_match([call], [weather()], SCHEMAS) == matches


def test_a_scalar_that_is_wrong_does_not_match() -> None:
    """https://github.com/ServiceNow/AU-Harness/issues/31: base=999 passed for base=10."""
    assert not ast_match([weather(days=999)], [weather(days=10)], SCHEMAS)


def test_a_default_may_be_left_out() -> None:
    """https://github.com/ShishirPatil/gorilla/issues/1133: the answer insisted on a parameter's default."""
    assert ast_match([weather()], [weather(unit="celsius")], SCHEMAS)
    assert not same_calls([weather()], [weather(unit="celsius")])


def test_chance_of_the_names() -> None:
    assert name_chance([weather()], 4) == 0.25
    assert name_chance([weather(), ToolCall("clock", {})], 4) == pytest.approx(2 / 16)
    assert name_chance([weather(), weather()], 4) == pytest.approx(1 / 16)


def test_a_pattern_that_goes_back_and_forth_holds_nothing_up() -> None:
    text = {"type": "string", "pattern": "^(a|aa)+$"}
    tool = {"type": "object", "properties": {"text": text}, "required": ["text"]}
    schemas = schemas_of([{"type": "function", "function": {"name": "echo", "parameters": tool}}])
    for value, is_valid in (("a" * 50, True), ("b", False), ("a" * 60 + "b", False)):
        call = read_call(to_json({"name": "echo", "arguments": {"text": value}}), schemas)
        assert (call is not None) is is_valid
