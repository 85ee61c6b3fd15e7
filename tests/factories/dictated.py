"""A runtime that writes what it is told, for replies that no model is trained to give."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fc_model.inference.text_codec import TextCodec
from fc_model.special_tokens import END_OF_TURN


def reply_ids(codec: TextCodec, *, text: str = "", calls: Sequence[str] = (), reasoning: str = "") -> list[int]:
    """A turn of the assistant; the JSON of the calls may be anything."""
    parts = [("<reasoning>", reasoning, "</reasoning>")] if reasoning else []
    parts += [("", text, "")] if text else []
    parts += [("<tool>", call, "</tool>") for call in calls]
    ids = []
    for begin, inside, end in parts:
        named = [[codec.special(name)] if name else [] for name in (begin, end)]
        ids += [*named[0], *codec.tokenize([inside])[0], *named[1]]
    return [*ids, codec.special(END_OF_TURN)]


class Dictated:
    """A `fc_model.inference.generate.Runtime` that favours the ids of one turn after another.

    Where a constraint refuses an id, the lowest one that is allowed is drawn, and so on to the end of the turn.
    """

    def __init__(self, turns: Sequence[list[int]], *, vocab_size: int, context_length: int = 1 << 16) -> None:
        self.context_length, self._vocab_size = context_length, vocab_size
        self._turns, self._turn = list(turns), -1
        self.prompts: list[list[int]] = []

    def reset(self) -> None:
        self._turn += 1
        self._rest = iter(self._turns[self._turn])

    def next_logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        if len(self.prompts) <= self._turn:
            self.prompts.append(list(ids))
        logits_V = np.zeros(self._vocab_size, dtype=np.float32)
        if (token := next(self._rest, None)) is not None:
            logits_V[token] = 1
        return logits_V

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        raise NotImplementedError
