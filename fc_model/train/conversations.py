"""Batches of a stage of supervised fine-tuning: packed conversations, and steps of packed text among them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fc_model.config.stage import StageConfig
from fc_model.data.token_shards import Shards
from fc_model.data.windows import Batch, TrainBatches
from fc_model.train.turns import Turns, apportion

CONVERSATIONS, TEXT = 0, 1


class ConversationBatches:
    """Each batch is a pure function of its number; with `text_share` some are of text, read on from `first_batch`.

    Raises UserError for conversations that are packed for windows of another length.
    """

    def __init__(self, conversations: Shards, text: Shards, stage: StageConfig) -> None:
        own = stage.model_copy(update={"first_batch": 0})
        self._batches = TrainBatches(conversations, own), TrainBatches(text, stage)
        self._turns = Turns(text_schedule(stage), choices=2)

    def __call__(self, number: int) -> Batch:
        which, turn = self._turns(number)
        return self._batches[which](turn)

    def window_ids(self, number: int) -> list[int]:
        """Indices of the windows of a batch in their split, for the log."""
        which, turn = self._turns(number)
        return self._batches[which].window_ids(turn)


def conversation_split(stage: StageConfig) -> str:
    """The split of packed conversations that a stage reads."""
    return f"train-{stage.name}"


def text_schedule(stage: StageConfig) -> NDArray[np.int64]:
    """What each step of the stage reads, CONVERSATIONS or TEXT, (num_steps,)."""
    share = stage.text_share or 0.0
    return apportion([1 - share, share], stage.num_steps)
