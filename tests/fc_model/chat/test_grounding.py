"""Grounded calls: what texts state, schemas that are narrowed to it, and replies that quote nothing else."""

import re
from typing import Any

import numpy as np
import pytest
from factories.tiny_exports import Exports
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fc_model.chat.agent import grounded_form
from fc_model.chat.grounding import Statements, figures_pattern, grounded_schema, grounded_tools
from fc_model.chat.messages import Message, ToolCall
from fc_model.chat.reply import Reply
from fc_model.chat.text import SentencePieceCodec
from fc_model.inference.generate import Sampler, Sampling
from fc_model.inference.grammar import PatternGrammar
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
    validator = Draft202012Validator(narrowed)
    assert [value for value in right if not validator.is_valid(value)] == []
    assert [value for value in wrong if validator.is_valid(value)] == []


def test_what_cannot_be_filled_is_left_out() -> None:
    nothing = stated("What day was it?")
    assert grounded_schema(INTEGER, nothing) is None and grounded_schema(NUMBERS, nothing) is None
    optional = {"type": "object", "properties": {"day": DATE, "note": TEXT}, "required": ["note"]}
    narrowed = grounded_schema(optional, nothing)
    assert narrowed is not None and list(narrowed["properties"]) == ["note"]
    assert grounded_schema(optional | {"required": ["day"]}, nothing) is None
    open_ended = grounded_schema(optional | {"additionalProperties": True}, nothing)
    assert open_ended is not None and not Draft202012Validator(open_ended).is_valid({"note": "", "day": "2024-05-03"})


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
        return Draft202012Validator(tool["function"]["parameters"]).is_valid(arguments)

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
    text = reply.text().removesuffix("\ufffd")
    if reply.state == "end":
        assert set(re.findall("[0-9]+", text)) <= {"35", "1", "234", "1234", "43190"}, text


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
