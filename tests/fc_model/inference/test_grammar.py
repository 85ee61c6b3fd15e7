"""Constrained decoding: what is drawn is JSON of the schema, and a schema that is not enforced whole is refused."""

import json
from typing import Any

import numpy as np
import pytest
from factories.tiny_exports import Exports
from hypothesis import given, settings
from hypothesis import strategies as st

from fc_model.chat.text import Conversation, SentencePieceCodec, open_model
from fc_model.errors import UserError
from fc_model.inference.generate import Sampler, Sampling
from fc_model.inference.grammar import JsonGrammar, can_be_satisfied

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 8},
        "kind": {"enum": ["weißbrot", "日本", "</s>", "<im_end>\x00"]},
        "counts": {"type": "array", "items": {"type": "integer", "minimum": -3, "maximum": 40}, "maxItems": 3},
        "share": {"anyOf": [{"type": "null"}, {"type": "boolean"}]},
    },
    "required": ["name", "kind", "counts", "share"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def codec(exports: Exports) -> SentencePieceCodec:
    return SentencePieceCodec(exports.tokenizer_file, exports.model.config.vocab_size)


@pytest.mark.parametrize("kind", ["huggingface", "f16"])
@pytest.mark.parametrize("temperature", [0.0, 1.5])
def test_every_reply_is_json_of_the_schema(exports: Exports, kind: str, temperature: float) -> None:
    """A model of random weights writes none by itself."""
    model = exports.huggingface if kind == "huggingface" else exports.gguf(kind)
    with open_model(model, threads=1) as (runtime, codec):
        grammar = JsonGrammar(SCHEMA, codec)
        sampling = Sampling(temperature=temperature, top_k=0, top_p=1)
        conversation = Conversation(runtime, codec, sampling, 120, grammar)
        free = Conversation(runtime, codec, sampling, 40)
        with pytest.raises(json.JSONDecodeError):
            json.loads("".join(free.reply("A record: ")))
        for _ in range(3):
            value = json.loads("".join(conversation.reply("A record: ")))
            assert value.keys() == SCHEMA["properties"].keys()
            assert len(value["name"]) <= 8 and len(value["counts"]) <= 3 and value["share"] in (None, True, False)
            assert value["kind"] in SCHEMA["properties"]["kind"]["enum"]
            assert all(isinstance(count, int) and -3 <= count <= 40 for count in value["counts"])


@given(
    value=st.fixed_dictionaries(
        {
            "name": st.text(st.characters(codec="utf-8"), max_size=8),
            "kind": st.sampled_from(SCHEMA["properties"]["kind"]["enum"]),
            "counts": st.lists(st.integers(-3, 40), max_size=3),
            "share": st.sampled_from([None, True, False]),
        }
    )
)
@settings(max_examples=50)
def test_whatever_the_schema_describes_can_be_written(codec: SentencePieceCodec, value: dict[str, Any]) -> None:
    """In the tokenizer's own pieces; only the end may follow the last one."""
    constraint = JsonGrammar(SCHEMA, codec).begin()
    ordered = {name: value[name] for name in SCHEMA["properties"]}
    for token in codec.tokenize([json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))])[0]:
        assert not constraint.is_complete
        constraint.accept(token)
    assert constraint.is_complete
    assert np.flatnonzero(constraint.allowed()).tolist() == [codec.eos]


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "array", "uniqueItems": True}, "uniqueItems"),
        ({"not": {"type": "string"}}, "not"),
        ({"if": {"type": "string"}, "then": {"minLength": 2}}, '"if", "then"'),
        ({"dependentRequired": {"a": ["b"]}}, "dependentRequired"),
        ({"x-guidance": {"lenient": True}, "not": {}}, "not"),
        ({"type": "text"}, "Invalid type: text"),
        ({"type": "string", "format": "colour"}, "Unknown format: colour"),
        ({"type": "integer", "minimum": 5, "maximum": 1}, "greater than maximum"),
        ({"enum": []}, "Unsatisfiable"),
        ({"$ref": "https://example.com/schema.json"}, "example.com"),
        ({"type": "string", "pattern": "(?=a)b"}, "look-around"),
    ],
)
def test_a_schema_that_cannot_be_enforced_is_refused(
    codec: SentencePieceCodec, schema: dict[str, Any], why: str
) -> None:
    with pytest.raises(UserError, match=why) as raised:
        JsonGrammar(schema, codec)
    assert "\n" not in str(raised.value)


def test_json_that_is_not_whole_is_an_error(exports: Exports) -> None:
    with open_model(exports.huggingface, threads=1) as (runtime, codec):
        grammar = JsonGrammar({"type": "string", "minLength": 100}, codec)
        conversation = Conversation(runtime, codec, Sampling(), 10, grammar)
        with pytest.raises(UserError, match="not whole after 10 tokens"):
            "".join(conversation.reply("x"))


def test_a_constraint_draws_the_best_that_is_allowed(codec: SentencePieceCodec) -> None:
    constraint = JsonGrammar({"enum": ["ab", "cd"]}, codec).begin()
    allowed = constraint.allowed()
    logits = np.arange(codec.vocab_size, dtype=np.float32)
    token = Sampler(Sampling(temperature=0), constraint=constraint).draw(logits)
    assert token == np.flatnonzero(allowed).max() and not allowed.all()


@pytest.mark.parametrize(
    ("schema", "can_be"),
    [
        ({"type": "string", "format": "ipv4", "pattern": "^[^0-9]*$"}, False),
        ({"type": "object", "properties": {"a": False}, "required": ["a"]}, False),
        ({"type": "string", "pattern": "^[A-Z]$", "allOf": [{"pattern": "^[^0-9]*$"}]}, True),
        ({"type": "array", "uniqueItems": True}, True),  # refused by name where it is compiled
    ],
)
def test_what_nothing_satisfies_is_known(schema: dict[str, Any], can_be: bool) -> None:
    assert can_be_satisfied(schema) == can_be
