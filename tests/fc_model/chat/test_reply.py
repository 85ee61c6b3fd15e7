"""A reply in the chat format: whatever a model prefers, what it draws is a turn that can be read."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from factories.conversations import TALK
from factories.tiny_exports import Exports
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fc_model.chat.agent import TurnEncoder
from fc_model.chat.encoding import encode_conversation
from fc_model.chat.examples import EXAMPLES
from fc_model.chat.messages import Conversation, Message
from fc_model.chat.reply import Reply, ReplyFormat, arguments_schema, call_schema
from fc_model.chat.text import SentencePieceCodec
from fc_model.errors import UserError
from fc_model.inference.generate import Sampler, Sampling
from fc_model.inference.grammar import JsonGrammar
from fc_model.strict_json import to_json
from fc_model.tools.registry import TOOLS

SCHEMAS = tuple(tool.schema() for tool in TOOLS.values())


@pytest.fixture(scope="module")
def codec(exports: Exports) -> SentencePieceCodec:
    return SentencePieceCodec(exports.tokenizer_file, exports.model.config.vocab_size)


@pytest.fixture(scope="module")
def with_tools(codec: SentencePieceCodec) -> ReplyFormat:
    return ReplyFormat(codec, SCHEMAS)


def draw(form: ReplyFormat, seed: int, num_tokens: int, **likings: float) -> Reply:
    """What a model of random logits draws; `likings` are added to special tokens."""
    reply, random = Reply(form), np.random.default_rng(seed)
    sampler = Sampler(Sampling(temperature=1, top_k=0, top_p=1, seed=seed), constraint=reply)
    for _ in range(num_tokens):
        logits = random.normal(size=form.codec.vocab_size).astype(np.float32)
        for name, liking in likings.items():
            logits[form.codec.special(f"<{name}>")] += liking
        sampler.draw(logits)
        if reply.state == "end":
            break
    return reply


@given(seed=st.integers(0, 10**6), reasoning=st.sampled_from([0, 9]))
@settings(max_examples=15, deadline=None)
def test_whatever_is_drawn_is_a_message_with_valid_calls(with_tools: ReplyFormat, seed: int, reasoning: int) -> None:
    reply = draw(with_tools, seed, 300, tool=6, reasoning=reasoning, im_end=4)
    message = reply.message()
    Conversation((Message("user", "x"), message), SCHEMAS)  # checks it
    for call in message.tool_calls:
        if "null" not in to_json(call.arguments):  # a number beyond a float
            Draft202012Validator(arguments_schema(TOOLS[call.name].schema())).validate(call.arguments)


def test_random_logits_do_call(with_tools: ReplyFormat) -> None:
    replies = [draw(with_tools, seed, 400, tool=9, im_end=1).message() for seed in range(4)]
    assert sum(len(reply.tool_calls) for reply in replies) >= 1


@pytest.mark.parametrize("likes_digits", [False, True])
@pytest.mark.parametrize(
    "name", ["calculate", "list_statistics", "filter_table", "current_time", "query_json", "convert_units"]
)
def test_a_call_ends_before_the_tokens_do(codec: SentencePieceCodec, name: str, likes_digits: bool) -> None:
    """A model that likes long pieces, or digits, never ends a text, a number or a list by itself."""
    form = ReplyFormat(codec, [TOOLS[name].schema()])
    lengths_V = np.zeros(codec.vocab_size, dtype=np.float32)
    texts = sorted(set(range(codec.vocab_size)) - set(codec.control_tokens))
    liked = b"123456789" if likes_digits else b""
    lengths_V[texts] = [100 * (piece[:1] in liked) * len(piece[:1]) + len(piece) for piece in codec.pieces(texts)]

    def drawn(num_tokens: int | None) -> Reply:
        reply = Reply(form, num_tokens)
        reply.accept(codec.special("<tool>"))
        for _ in range(299):
            reply.accept(int(np.where(reply.allowed(), lengths_V, -1).argmax()))
            if reply.state == "end":
                break
        return reply

    assert drawn(300).state == "end"
    assert {call.name for call in drawn(300).message().tool_calls} == {name}
    if name == "calculate":
        assert drawn(None).state == "call"


def test_without_tools_nothing_is_called(codec: SentencePieceCodec) -> None:
    form = ReplyFormat(codec)
    assert not any(draw(form, seed, 40, tool=50, im_end=2).message().tool_calls for seed in range(4))


def turns(conversation: Conversation) -> Iterator[tuple[int, Message]]:
    yield from ((number, one) for number, one in enumerate(conversation.messages) if one.role == "assistant")


@pytest.mark.parametrize("conversation", [TALK, *EXAMPLES[:2]])
def test_a_turn_of_the_encoder_is_read_back(codec: SentencePieceCodec, conversation: Conversation) -> None:
    encoder = TurnEncoder(codec)
    for number, message in turns(conversation):
        before = Conversation(conversation.messages[:number], conversation.tools)
        whole = Conversation(conversation.messages[: number + 1], conversation.tools)
        start = len(encode_conversation(before, encoder, reply=True).ids)
        reply = Reply(ReplyFormat(codec, conversation.tools))
        for token in encode_conversation(whole, encoder).ids[start:]:
            assert reply.allowed()[token], codec.pieces([token])
            reply.accept(token)
        assert (reply.state, reply.message()) == ("end", message)


def test_text_is_shown_as_soon_as_it_is_sure(codec: SentencePieceCodec) -> None:
    """Neither half a character, nor a beginning that may become the escape of a special token."""
    reply, shown = Reply(ReplyFormat(codec)), ""
    for token in codec.tokenize(["a < b, ü 日本 <\\im_end> c"])[0]:
        reply.accept(token)
        text = reply.text(final=False)
        assert text.startswith(shown) and "\ufffd" not in text and "\\" not in text
        shown = text
    assert reply.text() == "a < b, ü 日本 <im_end> c"


def test_a_call_that_is_cut_is_left_out(codec: SentencePieceCodec) -> None:
    reply = Reply(ReplyFormat(codec, SCHEMAS))
    for token in (*codec.tokenize(["Well"])[0], codec.special("<tool>"), *codec.tokenize(['{"name":"calc'])[0]):
        reply.accept(token)
    assert reply.message() == Message("assistant", "Well")


def test_a_schema_that_cannot_be_enforced_names_the_keyword(codec: SentencePieceCodec) -> None:
    parameters: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "array", "uniqueItems": True}}}
    with pytest.raises(UserError, match="uniqueItems"):
        ReplyFormat(codec, [{"type": "function", "function": {"name": "f", "parameters": parameters}}])


@pytest.mark.parametrize("number", [1, 2])
def test_a_reference_of_a_schema_leads_into_that_schema(codec: SentencePieceCodec, number: int) -> None:
    """vllm-project/vllm#16467 and ml-explore/mlx-swift-lm#432: `#` is not the schema of the call."""
    node = {
        "type": "object",
        "properties": {"place": {"$ref": "#/$defs/place"}, "then": {"$ref": "#"}},
        "additionalProperties": False,
        "$defs": {"place": {"type": "string", "enum": ["Rome", "Bern"]}},
    }
    tools = [{"type": "function", "function": {"name": name, "parameters": node}} for name in ("go", "fly")[:number]]

    def fits(arguments: str) -> bool:
        constraint = JsonGrammar(call_schema(tools), codec).begin()
        for token in codec.tokenize([f'{{"name":"go","arguments":{arguments}}}'])[0]:
            if not constraint.allowed()[token]:
                return False
            constraint.accept(token)
        return constraint.is_complete

    assert fits('{"place":"Rome","then":{"place":"Bern"}}') and fits('{"then":{"then":{}}}')
    assert not fits('{"place":"Oslo"}') and not fits('{"then":{"name":"go","arguments":{}}}')


def test_one_tool_and_several_have_a_schema() -> None:
    one = call_schema(SCHEMAS[:1])
    assert one["properties"]["name"] == {"const": SCHEMAS[0]["function"]["name"]}
    assert len(call_schema(SCHEMAS)["anyOf"]) == len(SCHEMAS)
