"""Grounded calls: schemas that are narrowed to what texts state, and replies that quote nothing else."""

import re
from typing import Any

import numpy as np
import pytest
from factories.tiny_exports import Exports
from hypothesis import given, settings
from hypothesis import strategies as st

from fc_model.chat.agent import grounded_form
from fc_model.chat.grounding.schema import figures_pattern, grounded_schema
from fc_model.chat.grounding.statements import Statements
from fc_model.chat.grounding.tools import grounded_tools
from fc_model.chat.messages import Message, ToolCall
from fc_model.chat.reply import Reply, ReplyFormat
from fc_model.chat.text import SentencePieceCodec
from fc_model.inference.generate import Sampler, Sampling
from fc_model.inference.grammar import PatternGrammar
from fc_model.json_schema import validator_of
from fc_model.strict_json import to_json
from fc_model.tools.registry import TOOLS

INTEGER, NUMBERS = {"type": "integer"}, {"type": "array", "items": {"type": "number"}, "minItems": 1}
DATE, TEXT = {"type": "string", "format": "date"}, {"type": "string"}


def stated(*texts: str) -> Statements:
    return Statements(texts)


@pytest.fixture(scope="module")
def codec(exports: Exports) -> SentencePieceCodec:
    return SentencePieceCodec(exports.tokenizer_file, exports.model.config.vocab_size)


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        (INTEGER, [12, 1843], [1, 0.5, "12"]),
        ({"type": "number"}, [0.5, 12], [5]),
        (INTEGER | {"maximum": 12}, [12, 4], [1843]),
        (INTEGER | {"default": 3}, [3, 12], [2]),
        (NUMBERS, [[12, 0.5]], [[12], [0.5], [12, 0.5, 0.5], []]),
        (DATE, ["1843-04-28"], ["1843-04-18", "28 April 1843"]),
        ({"type": "string", "description": "a day, YYYY-MM-DD"}, ["1843-04-28"], ["1843-04-18"]),
        (TEXT, ["12 * 0.5", "", "in 1843.", "words"], ["12 * 0.6", "112", "1"]),
        ({"type": ["integer", "null"]}, [None, 12], [13]),
        ({"anyOf": [INTEGER, {"type": "boolean"}]}, [True, 12], [13]),
        ({"type": "array", "items": TEXT}, [["a", "12"]], [["13"]]),
        ({"enum": [7]}, [7], [12]),
        ({"type": "object", "properties": {"n": INTEGER}}, [{"n": 12}, {}], [{"n": 13}]),
    ],
)
def test_a_schema_is_narrowed(schema: dict[str, Any], right: list[Any], wrong: list[Any]) -> None:
    narrowed = grounded_schema(schema, stated("From 28 April 1843: what is the sum of 12 and 0.5?"))
    assert narrowed is not None
    validator = validator_of(to_json(narrowed))
    assert [value for value in right if not validator.is_valid(value)] == []
    assert [value for value in wrong if validator.is_valid(value)] == []


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"format": "date-time"}, ["2026-07-29T22:59:00+02:00", "2024-05-05T15:30:00Z", "2024-05-05T15:30"], ["", "5"]),
        ({"format": "time"}, ["15:30", "15:30:00"], ["15:31"]),
        ({"description": "YYYY-MM-DD HH:MM:SS"}, ["2024-05-05 15:30:00"], ["2024-05-05", "2024-05-05 15:30"]),
        ({"description": "yyyy-mm-ddThh:mm:ssZ"}, ["2024-05-05T15:30:00Z"], ["2024-05-05T15:30:00"]),
        ({"description": "YYYY-MM-DD or YYYY-MM-DDTHH:MM"}, ["2024-05-05", "2024-05-05T15:30"], ["15:30"]),
        ({"description": "HH:MM:SS"}, ["15:30:00"], ["15:30"]),
        ({"description": 5}, ["words"], ["8"]),
    ],
)
def test_a_moment_is_in_the_form_that_its_schema_asks_for(
    schema: dict[str, Any], right: list[str], wrong: list[str]
) -> None:
    narrowed = grounded_schema(TEXT | schema, stated("after 2026-07-29T22:59:00+02:00", "5 May 2024 at 3:30 pm"))
    assert narrowed is not None
    validator = validator_of(to_json(narrowed))
    assert [value for value in right if not validator.is_valid(value)] == []
    assert [value for value in wrong if validator.is_valid(value)] == []


def test_what_cannot_be_filled_is_left_out() -> None:
    nothing = stated("What day was it?")
    assert grounded_schema(INTEGER, nothing) is None and grounded_schema(NUMBERS, nothing) is None
    optional = {
        "type": "object",
        "properties": {"day": DATE, "note": TEXT},
        "required": ["note"],
        "additionalProperties": False,
    }
    narrowed = grounded_schema(optional, nothing)
    assert narrowed is not None and list(narrowed["properties"]) == ["note"]
    assert grounded_schema(optional | {"required": ["day"]}, nothing) is None
    open_ended = grounded_schema(optional | {"additionalProperties": True}, nothing)
    assert open_ended is not None and not validator_of(to_json(open_ended)).is_valid({"note": "", "day": "2024-05-03"})


def tool(parameters: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "t", "description": "", "parameters": parameters}}


def record(properties: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    } | keywords


COUNTED = record({"n": INTEGER})
POINT = {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}], "items": False, "minItems": 2}


@pytest.mark.parametrize(
    ("value", "keywords", "right", "wrong"),
    [
        (INTEGER | {"anyOf": [{"maximum": 5}, {"minimum": 10}]}, {}, [12], [7, 13]),
        (POINT, {}, [[12, 0.5]], [[12, 0.6], [12]]),
        ({"type": "array", "items": [INTEGER, {"type": "boolean"}]}, {}, [[12, True]], [[13, True]]),
        ({"type": "array", "items": {"type": "integer", "enum": [1, 2]}}, {}, [[1], []], [[3]]),
        (NUMBERS | {"default": [3]}, {}, [[3], [12, 0.5]], [[4]]),
        ({"type": "object", "additionalProperties": INTEGER}, {}, [{"a": 12}], [{"a": 13}]),
        ({"type": "object", "patternProperties": {"^x": INTEGER}}, {}, [{"x": 12}, {"y": "a"}], [{"x": 13}, {"y": 13}]),
        ({"type": "object", "properties": {"n": INTEGER}}, {}, [{"n": 12, "more": [12]}], [{"n": 12, "more": [13]}]),
        ({}, {}, [12, "12", None, {"a": [{"b": 12}]}], [13, "13", {"a": [{"b": 13}]}]),
        ({"description": "any value"}, {}, [12], [13]),
        ({"type": "array"}, {}, [[12, "a"]], [[13]]),
        ({"minimum": 5}, {}, [12], [13, 0.5]),
        ({"properties": {"n": INTEGER}}, {}, [{"n": 12}], [{"n": 13}]),
        (TEXT | {"pattern": "^[0-9]{2}$"}, {}, ["12"], ["13"]),
        (TEXT | {"format": "ipv4"}, {}, ["10.0.0.7"], ["10.0.0.8"]),
        (TEXT | {"default": "v3"}, {}, ["v3", "12"], ["v4"]),
        ({"anyOf": [INTEGER, {"type": "null"}], "default": 3}, {}, [3, 12, None], [4]),
        ({"anyOf": [TEXT, {"type": "null"}], "description": "HH:MM or null"}, {}, ["19:30", None], ["12", "words"]),
        (TEXT, {}, ["12"], ["٤", "９"]),
        ({"type": "number", "multipleOf": 0.01}, {}, [19.99], [19.98]),
        ({"oneOf": [{"type": ["integer", "null"]}, TEXT]}, {}, [12, None, "12"], [13, "13"]),
        ({"$ref": "#/$defs/Counted"}, {"$defs": {"Counted": COUNTED}}, [{"n": 12}], [{"n": 13}]),
        (
            {"allOf": [{"$ref": "#/definitions/Counted"}]},
            {"definitions": {"Counted": COUNTED}},
            [{"n": 12}],
            [{"n": 13}],
        ),
        (
            record(
                {"a": {"oneOf": [INTEGER, {"type": "null"}]}, "b": {"$ref": "#/properties/value/properties/a/oneOf/0"}}
            ),
            {},
            [{"a": None, "b": 12}],
            [{"a": None, "b": 13}, {"a": None, "b": None}],
        ),
        (
            {"$ref": "#/$defs/A%20tree"},
            {
                "$defs": {
                    "A tree": record({"n": INTEGER, "of": {"type": "array", "items": {"$ref": "#/$defs/A%20tree"}}})
                }
            },
            [{"n": 12, "of": [{"n": 12, "of": []}]}],
            [{"n": 12, "of": [{"n": 13, "of": []}]}],
        ),
        (
            {"$ref": "#/$defs/Tree"},
            {"$defs": {"Tree": record({"n": INTEGER, "of": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}})}},
            [{"n": 12, "of": [{"n": 12, "of": []}]}],
            [{"n": 12, "of": [{"n": 13, "of": []}]}],
        ),
    ],
)
def test_schemas_of_real_tools_are_narrowed_to_their_depth(
    codec: SentencePieceCodec, value: dict[str, Any], keywords: dict[str, Any], right: list[Any], wrong: list[Any]
) -> None:
    messages = [Message("user", "Take 12 and 0.5, at 10.0.0.7, for $19.99 at 7:30pm")]
    narrowed = grounded_tools([tool(record({"value": value}, **keywords))], messages, "conversation")
    grammar = ReplyFormat(codec, narrowed).grammar
    assert grammar is not None

    def can_be_drawn(value: Any) -> bool:
        constraint = grammar.begin()
        for token in codec.tokenize([to_json({"name": "t", "arguments": {"value": value}})])[0]:
            if not constraint.allowed()[token]:
                return False
            constraint.accept(token)
        return constraint.is_complete

    assert [value for value in right if not can_be_drawn(value)] == []
    assert [value for value in wrong if can_be_drawn(value)] == []
    validator = validator_of(to_json(narrowed[0]["function"]["parameters"]))
    assert [value for value in right if not validator.is_valid({"value": value})] == []
    assert [value for value in wrong if validator.is_valid({"value": value})] == []


@pytest.mark.parametrize(
    "parameters",
    [
        record({"a": {"$ref": "#/$defs/Counted"}}, **{"$defs": {"Counted": COUNTED}}),
        record({"a": TEXT | {"format": "ipv4"}}),
        record({"a": TEXT | {"pattern": "^[0-9]{5}$"}}),
        record({"a": INTEGER, "b": TEXT}, required=[], anyOf=[{"required": ["a"]}]),
        record({"a": INTEGER, "b": {"$ref": "#/properties/a"}}, required=["b"]),
    ],
)
def test_a_tool_that_cannot_be_called_is_not_offered(parameters: dict[str, Any]) -> None:
    assert grounded_tools([tool(parameters)], [Message("user", "Hello")], "conversation") == []
    assert len(grounded_tools([tool(parameters)], [Message("user", "10.0.0.7, 12345")], "conversation")) == 1


@pytest.mark.parametrize(
    "parameters",
    [
        record({"a": {"$ref": "#/$defs/Counted"}, "b": TEXT}, required=["b"], **{"$defs": {"Counted": COUNTED}}),
        record({"a": {"anyOf": [{"$ref": "#/$defs/Counted"}, {"type": "null"}]}}, **{"$defs": {"Counted": COUNTED}}),
        record({"a": DATE, "b": {"$ref": "#/properties/a"}}, required=[]),
        record({"a": INTEGER, "b": TEXT}, required=[], anyOf=[{"required": ["a"]}, {"required": ["b"]}]),
    ],
)
def test_what_else_a_tool_can_be_called_with_is_left(codec: SentencePieceCodec, parameters: dict[str, Any]) -> None:
    form = grounded_form(codec, [tool(parameters)], [Message("user", "Hello")], "conversation")
    assert Reply(form).allowed()[codec.special("<tool>")]


def test_a_number_that_a_decoder_would_round_cannot_be_called_with() -> None:
    stated_id = stated("user 12345678901234567, or 12")
    assert grounded_schema(INTEGER, stated_id) == {"enum": [12]}


def calls_of(messages: list[Message], grounding: Any) -> dict[str, Any]:
    tools = [TOOLS[name].schema() for name in ("weekday", "prime_factors", "current_time")]
    return {
        tool["function"]["name"]: tool["function"]["parameters"]["properties"]
        for tool in grounded_tools(tools, messages, grounding)
    }


def test_a_request_is_what_follows_the_last_answer_and_falls_back_on_the_conversation() -> None:
    before = [
        Message("user", "Factor 12."),
        Message("assistant", "", None, (ToolCall("prime_factors", {"number": 12}),)),
        Message("tool", "[2,2,3]"),
        Message("assistant", "99 is 2, 2, 3."),
    ]
    factors = [*before, Message("user", "And 35?")]
    assert calls_of(factors, "request")["prime_factors"]["number"]["enum"] == [35]
    assert calls_of(factors, "conversation")["prime_factors"]["number"]["enum"] == [12, 2, 3, 35]
    assert list(calls_of(factors, "conversation")) == ["prime_factors", "current_time"], "no date was stated"
    assert list(calls_of(factors, "none")) == ["weekday", "prime_factors", "current_time"]
    again = [*before, Message("user", "Once more, please.")]
    assert calls_of(again, "request")["prime_factors"]["number"]["enum"] == [12, 2, 3]
    asked = [*before, Message("user", "Factor a number."), Message("assistant", "Which?"), Message("user", "35")]
    assert calls_of(asked, "request")["prime_factors"]["number"]["enum"] == [35]


def test_units_and_zones_are_those_that_are_named_each_once() -> None:
    def valid(text: str, name: str, **arguments: Any) -> bool:
        (tool,) = grounded_tools([TOOLS[name].schema()], [Message("user", text)], "request")
        return validator_of(to_json(tool["function"]["parameters"])).is_valid(arguments)

    def units(text: str, start: str, end: str) -> bool:
        return valid(text, "convert_units", value=3, from_unit=start, to_unit=end)

    assert units("How many acres are 3 sq ft?", "square_foot", "acre")
    assert not units("How many acres are 3 sq ft?", "foot", "acre"), "it stands in the other's name"
    assert not units("How many acres are 3 sq ft?", "acre", "acre")
    assert not units("How many acres are 3 sq ft?", "hectare", "acre")
    assert units("3 K in °F", "kelvin", "fahrenheit") and not units("I'm 3 k away from miles", "kelvin", "mile")
    assert units("Convert 3 furlongs", "mile", "mile"), "what names none leaves the choice"
    times = {"time": "2024-05-03T15:30", "from_zone": "America/New_York", "to_zone": "Asia/Tokyo"}
    assert valid("It is 3:30 pm on 3 May 2024 in New York, and in Tokyo?", "convert_time_zone", **times)
    assert not valid("It is 3:30 pm on 3 May 2024 in New York, and in Oslo?", "convert_time_zone", **times)


def draw(codec: SentencePieceCodec, messages: list[Message], seed: int, **likings: float) -> Reply:
    """What random logits draw."""
    form = grounded_form(codec, [tool.schema() for tool in TOOLS.values()], messages, "conversation")
    reply, random = Reply(form, 200), np.random.default_rng(seed)
    sampler = Sampler(Sampling(temperature=1, top_k=0, top_p=1, seed=seed), constraint=reply)
    for _ in range(200):
        logits = random.normal(size=codec.vocab_size).astype(np.float32)
        for name, liking in likings.items():
            logits[codec.special(f"<{name}>")] += liking
        sampler.draw(logits)
        if reply.state == "end":
            break
    return reply


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_whatever_a_model_prefers_its_calls_quote(codec: SentencePieceCodec, seed: int) -> None:
    reply = draw(codec, [Message("user", "On 28 April 1843 I had 35 and 0.75.")], seed, tool=8, im_end=4)
    for call in reply.message().tool_calls:
        numbers = set(re.findall(r"[0-9]+(?:\.[0-9]+)?", to_json(call.arguments)))
        assert numbers <= {"28", "4", "04", "1843", "35", "0.75"}, call


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_whatever_a_model_prefers_its_answer_quotes_the_result(codec: SentencePieceCodec, seed: int) -> None:
    messages = [
        Message("user", "What is 35 times 1,234?"),
        Message("assistant", "", None, (ToolCall("calculate", {"expression": "35 * 1234"}),)),
        Message("tool", "43190"),
    ]
    reply = draw(codec, messages, seed, im_end=3)
    stated = {"35", "1", "234", "1234", "43190"}
    *whole, last = re.findall("[0-9]+", reply.text()) or [""]
    assert set(whole) <= stated
    assert last in stated or any(figure.startswith(last) for figure in stated), "a number that is not at its end yet"
    assert reply.state != "end" or not last or last in stated


@pytest.mark.parametrize("text", ["It is 43190.", "43190", "1,234 by 35: 43190", "no number\n", "v. 35, é"])
def test_answers_of_the_pattern(codec: SentencePieceCodec, text: str) -> None:
    constraint = PatternGrammar(figures_pattern(stated("35 times 1,234 is 43190").figures), codec).begin()
    for token in codec.tokenize([text])[0]:
        assert constraint.allowed()[token], text
        constraint.accept(token)
    assert constraint.is_complete


@pytest.mark.parametrize(
    "text",
    [
        ",".join(str(number / 7) for number in range(5_000)),
        "9" * 5_000,
        "9" * 400 + ".5",
        "1," * 5_000,
        "twenty " * 3_000,
        "1.1." * 4_000,
        "-" * 5_000 + "5",
        "\x00 5 ½ ٣٫٥",
    ],
)
def test_hostile_messages_make_a_grammar(codec: SentencePieceCodec, text: str) -> None:
    form = grounded_form(codec, [tool.schema() for tool in TOOLS.values()], [Message("user", text)], "conversation")
    assert Reply(form).allowed().any()


def test_a_long_list_that_must_be_whole_is_begun_only_where_it_fits(codec: SentencePieceCodec) -> None:
    numbers = ", ".join(str(10_007 * number) for number in range(3, 15))
    messages = [Message("user", f"What is the mean of {numbers}?")]
    form = grounded_form(codec, [TOOLS["list_statistics"].schema()], messages, "request")
    call = codec.tokenize(
        [to_json({"name": "list_statistics", "arguments": {"numbers": [10_007 * number for number in range(3, 15)]}})]
    )[0]
    assert form.call_tokens >= len(call)
    begin = codec.special("<tool>")
    assert not Reply(form, len(call)).allowed()[begin] and Reply(form, form.call_tokens + 1).allowed()[begin]


def test_what_must_be_written_is_written_in_few_tokens(codec: SentencePieceCodec) -> None:
    text = "It is 12:00 on 1949-02-27 in America/Argentina/Buenos_Aires, and in Pacific/Auckland?"
    tool = TOOLS["convert_time_zone"].schema()
    form = grounded_form(codec, [tool], [Message("user", text)], "request")
    reply, random = Reply(form, form.call_tokens + 2), np.random.default_rng(0)
    sampler = Sampler(Sampling(temperature=0), constraint=reply)
    for number in range(form.call_tokens + 2):
        logits = random.normal(size=codec.vocab_size).astype(np.float32)
        logits[codec.special("<tool>" if number == 0 else "</tool>")] += 50
        sampler.draw(logits)
        if reply.calls:
            break
    assert reply.calls, "the call came to its end in time"
