"""What must hold of a chat format, whoever renders it: checks to gate by.

Prefix: a conversation's beginning renders to the beginning of what it renders to. Else a model sees in a chat what it
has not seen in training, and no cache of keys and values can be kept.
Mask: all of the assistant's tokens and the token that ends its turn are trained, and no other. Else it learns to write
the user's turns, or never to stop.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fc_model.chat.encoding import Encoded
from fc_model.chat.messages import Conversation
from fc_model.special_tokens import END_OF_TURN
from fc_model.tokenizer import Tokenizer

Render = Callable[[Conversation, bool], Sequence[Any]]
"""What a conversation is rendered to, ids or text; True where the assistant is to go on."""


@dataclass(frozen=True)
class Check:
    """How many were compared, how many were wrong, and the first that was, in words."""

    compared: int
    wrong: int
    first: str | None


def check_prefix(conversations: Iterable[Conversation], render: Render) -> Check:
    """Compare every beginning of each conversation, and every prompt for a reply, with one message more."""
    compared = 0
    offences: list[str] = []
    for number, conversation in enumerate(conversations):
        messages = conversation.messages
        rendered = [render(beginning(conversation, length), False) for length in range(1, len(messages) + 1)]
        for length in range(1, len(messages)):
            prefixes = [(rendered[length - 1], "messages")]
            if messages[length].role == "assistant":
                prefixes.append((render(beginning(conversation, length), True), "the prompt after messages"))
            for prefix, name in prefixes:
                compared += 1
                if rendered[length][: len(prefix)] != prefix:
                    offences.append(f"conversation {number}: {name}[:{length}] is no prefix of messages[:{length + 1}]")
    return Check(compared, len(offences), offences[0] if offences else None)


def check_mask(
    conversations: Iterable[Conversation], encode: Callable[[Conversation], Encoded], tokenizer: Tokenizer
) -> Check:
    """Compare the mask of every token with where it stands: between `<assistant>` and the end of that turn, or not.

    An assistant's message that does not begin, does not end or trains no token is wrong too.
    """
    begin, end = tokenizer.special("<assistant>"), tokenizer.special(END_OF_TURN)
    compared = 0
    offences: list[str] = []
    for number, conversation in enumerate(conversations):
        encoded = encode(conversation)
        expected_T = expected_mask(encoded.ids, tokenizer)
        compared += len(encoded.ids)
        for place in np.flatnonzero(expected_T != np.array(encoded.trained)):
            state = "not trained" if expected_T[place] else "trained"
            offences.append(f"conversation {number}: token {place} (id {encoded.ids[place]}) is {state}")
        num_begun = encoded.ids.count(begin)
        num_ended = sum(token == end for token, is_reply in zip(encoded.ids, expected_T, strict=True) if is_reply)
        expected = sum(message.role == "assistant" for message in conversation.messages)
        if not num_begun == num_ended == expected:
            offences.append(f"conversation {number}: {num_ended} of {expected} turns of the assistant end")
    return Check(compared, len(offences), offences[0] if offences else None)


def expected_mask(ids: ArrayLike, tokenizer: Tokenizer) -> NDArray[np.bool_]:
    """Which of some ids are to be trained, by where they stand alone, (T,): behind `<assistant>`, to the turn's end."""
    ids_T = np.asarray(ids)
    begins_T = ids_T == tokenizer.special("<assistant>")
    borders_T = begins_T | (ids_T == tokenizer.special(END_OF_TURN))
    last_T = np.maximum.accumulate(np.where(borders_T, np.arange(len(ids_T)), -1))  # border at or before each token
    before_T = np.concatenate([[-1], last_T])[:-1]
    return np.where(before_T < 0, False, begins_T[before_T])


def beginning(conversation: Conversation, length: int) -> Conversation:
    """Its first messages, with its tools."""
    return Conversation(conversation.messages[:length], conversation.tools)
