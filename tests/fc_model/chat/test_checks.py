"""The checks pass on the format as it is, and each planted fault fails the one that it concerns."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from factories.conversations import TALK

from fc_model.chat.checks import check_mask, check_prefix
from fc_model.chat.encoding import Encoded, encode_conversation
from fc_model.chat.examples import EXAMPLES, conversations_of
from fc_model.chat.messages import Conversation
from fc_model.tokenizer import Tokenizer

CONVERSATIONS = [*EXAMPLES, *conversations_of([f"line {number}\n" for number in range(7)]), TALK]


@pytest.fixture(scope="module")
def tokenizer(tokenizer_file: Path) -> Tokenizer:
    return Tokenizer(tokenizer_file)


def test_the_format_as_it_is(tokenizer: Tokenizer) -> None:
    prefix = check_prefix(CONVERSATIONS, lambda part, reply: encode_conversation(part, tokenizer, reply=reply).ids)
    mask = check_mask(CONVERSATIONS, lambda part: encode_conversation(part, tokenizer), tokenizer)
    assert (prefix.wrong, prefix.first, mask.wrong, mask.first) == (0, None, 0, None)
    num_beginnings = sum(len(conversation.messages) - 1 for conversation in CONVERSATIONS)
    assert prefix.compared > num_beginnings > 25
    assert mask.compared == sum(len(encode_conversation(one, tokenizer).ids) for one in CONVERSATIONS)


def forget_reasoning(conversation: Conversation) -> Conversation:
    """As Qwen3's template does: only the last answer keeps its reasoning."""
    *earlier, last = conversation.messages
    return replace(conversation, messages=(*(replace(one, reasoning=None) for one in earlier), last))


def late_tools(conversation: Conversation) -> Conversation:
    """The tools stand only where the user spoke last."""
    return conversation if conversation.messages[-1].role == "user" else replace(conversation, tools=())


@pytest.mark.parametrize("change", [forget_reasoning, late_tools])
def test_what_changes_an_earlier_turn_fails(
    tokenizer: Tokenizer, change: Callable[[Conversation], Conversation]
) -> None:
    check = check_prefix(
        CONVERSATIONS, lambda part, reply: encode_conversation(change(part), tokenizer, reply=reply).ids
    )
    assert check.wrong > 0
    assert check.first is not None and "is no prefix of messages[:" in check.first


def test_a_prompt_that_says_more_than_training_fails(tokenizer: Tokenizer) -> None:
    def render(part: Conversation, reply: bool) -> list[int]:
        begun = [tokenizer.special("<reasoning>"), tokenizer.special("</reasoning>")] if reply else []
        return encode_conversation(part, tokenizer, reply=reply).ids + begun

    check = check_prefix(CONVERSATIONS, render)
    assert check.first == "conversation 0: the prompt after messages[:1] is no prefix of messages[:2]"


def masked(change: Callable[[Encoded, Tokenizer], list[bool]]) -> Callable[[Conversation, Tokenizer], Encoded]:
    def encode(part: Conversation, tokenizer: Tokenizer) -> Encoded:
        encoded = encode_conversation(part, tokenizer)
        return replace(encoded, trained=change(encoded, tokenizer))

    return encode


def unended(part: Conversation, tokenizer: Tokenizer) -> Encoded:
    """The end of a turn is `</s>`."""
    encoded = encode_conversation(part, tokenizer)
    end = tokenizer.special("<im_end>")
    return replace(encoded, ids=[tokenizer.eos_id if token == end else token for token in encoded.ids])


@pytest.mark.parametrize(
    ("encode", "error"),
    [
        (masked(lambda encoded, _: [True] * len(encoded.ids)), "conversation 0: token 0 (id 1) is trained"),
        (masked(lambda encoded, _: [False] * len(encoded.ids)), "is not trained"),
        (
            masked(
                lambda encoded, tokenizer: [
                    trained and token != tokenizer.special("<im_end>")
                    for token, trained in zip(encoded.ids, encoded.trained, strict=True)
                ]
            ),
            "(id 5) is not trained",
        ),
        (masked(lambda encoded, _: [*encoded.trained[1:], False]), "(id 18) is trained"),
        (unended, "(id 17) is not trained"),
    ],
)
def test_a_wrong_mask_fails(
    tokenizer: Tokenizer, encode: Callable[[Conversation, Tokenizer], Encoded], error: str
) -> None:
    check = check_mask(CONVERSATIONS, lambda part: encode(part, tokenizer), tokenizer)
    assert check.wrong > 0
    assert check.first is not None and error in check.first
