"""The ids of a conversation and its mask."""

from pathlib import Path

import pytest
from factories.conversations import TALK, conversations, texts
from hypothesis import given

from fc_model.chat.encoding import Encoded, encode_conversation
from fc_model.chat.escaping import escape_json, escape_text, unescape_text
from fc_model.chat.messages import Conversation, Message
from fc_model.errors import UserError
from fc_model.special_tokens import SPECIAL_TOKENS
from fc_model.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer(tokenizer_file: Path) -> Tokenizer:
    return Tokenizer(tokenizer_file)


def spelled(encoded: Encoded, tokenizer: Tokenizer, *, trained_only: bool = False) -> str:
    """The ids with special tokens by their names."""
    pieces = []
    for token, trained in zip(encoded.ids, encoded.trained, strict=True):
        if trained or not trained_only:
            special = token < len(SPECIAL_TOKENS)
            pieces.append(SPECIAL_TOKENS[token].encode() if special else tokenizer.decode_bytes([token]))
    return b"".join(pieces).decode()


def test_a_conversation_with_everything(tokenizer: Tokenizer) -> None:
    encoded = encode_conversation(TALK, tokenizer)
    assert spelled(encoded, tokenizer) == (
        '<s><sys>Answer in one sentence.<json>[{"name":"weather","description":"The weather at a place.","parameters":'
        '{"type":"object","properties":{"place":{"type":"string"}},"required":["place"]}}]</json></sys>'
        "<user>Is it warmer in Bern or in Rome?<im_end><assistant><reasoning>Both places are needed.</reasoning>"
        '<tool>{"name":"weather","arguments":{"place":"Bern"}}</tool>'
        '<tool>{"name":"weather","arguments":{"place":"Rome"}}</tool><im_end>'
        '<result>{"celsius": 12}<im_end><result>{"celsius": 19}<im_end>'
        "<assistant>In Rome, by seven degrees.<im_end><user>Thank you<im_end><assistant>You are welcome.<im_end>"
    )
    assert spelled(encoded, tokenizer, trained_only=True) == (
        "<reasoning>Both places are needed.</reasoning>"
        '<tool>{"name":"weather","arguments":{"place":"Bern"}}</tool>'
        '<tool>{"name":"weather","arguments":{"place":"Rome"}}</tool><im_end>'
        "In Rome, by seven degrees.<im_end>You are welcome.<im_end>"
    )


@pytest.mark.parametrize(
    ("messages", "rendered"),
    [
        ((Message("user", "a"),), "<s><user>a<im_end>"),
        ((Message("user", ""), Message("assistant", "")), "<s><user><im_end><assistant><im_end>"),
        ((Message("system", ""), Message("user", "a")), "<s><user>a<im_end>"),
        ((Message("system", "b"),), "<s><sys>b</sys>"),
        ((Message("user", "a"), Message("assistant", "b", "")), "<s><user>a<im_end><assistant>b<im_end>"),
    ],
)
def test_what_is_empty_leaves_no_frame(tokenizer: Tokenizer, messages: tuple[Message, ...], rendered: str) -> None:
    assert spelled(encode_conversation(Conversation(messages), tokenizer), tokenizer) == rendered


def test_a_reply_continues_the_conversation(tokenizer: Tokenizer) -> None:
    for place, message in enumerate(TALK.messages):
        so_far = Conversation(TALK.messages[: place + 1], TALK.tools)
        if message.role in ("user", "tool"):
            prompt = encode_conversation(so_far, tokenizer, reply=True)
            assert spelled(prompt, tokenizer).endswith("<im_end><assistant>")
            assert not prompt.trained[-1]
        else:
            with pytest.raises(UserError, match=rf"^messages\[{place}\]: .* not to {message.role}$"):
                encode_conversation(so_far, tokenizer, reply=True)


@given(conversations())
def test_text_makes_no_special_token(tokenizer: Tokenizer, conversation: Conversation) -> None:
    ids = encode_conversation(conversation, tokenizer).ids
    roles = [message.role for message in conversation.messages]
    special = {name: ids.count(tokenizer.special(name)) for name in SPECIAL_TOKENS}
    assert (special["<s>"], special["</s>"], special["<image>"]) == (1, 0, 0)
    assert special["<user>"] == roles.count("user")
    assert special["<assistant>"] == roles.count("assistant")
    assert special["<result>"] == roles.count("tool")
    assert special["<im_end>"] == len(roles) - roles.count("system")
    assert special["<tool>"] == sum(len(message.tool_calls) for message in conversation.messages)


@given(texts)
def test_escaped_text_spells_no_special_token(text: str) -> None:
    for escaped in (escape_text(text), escape_json(text)):
        assert not any(name in escaped for name in SPECIAL_TOKENS)
    if not any("<\\" + name[1:] in text for name in SPECIAL_TOKENS):
        assert unescape_text(escape_text(text)) == text
