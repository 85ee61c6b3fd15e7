"""From packed windows to what the decoder is given.

Shapes: B windows, T tokens of a window, T1 = T + 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from fc_model.config.stage import StageConfig
from fc_model.data.token_shards import Shards
from fc_model.errors import UserError
from fc_model.model.loss import IGNORE
from fc_model.special_tokens import BOS, CORE_TOKENS

BOS_ID = CORE_TOKENS.index(BOS)


@dataclass(frozen=True)
class TensorRows:
    """Base of a batch: a dataclass of tensors, one row a sample; other fields belong to all of them."""

    def rows(self, start: int, stop: int) -> Self:
        """The samples [start, stop)."""
        return self._map(lambda tensor: tensor[start:stop])

    def to(self, device: torch.device) -> Self:
        return self._map(lambda tensor: tensor.to(device))

    def _map(self, change: Callable[[Tensor], Tensor]) -> Self:
        return replace(self, **{name: change(value) for name, value in vars(self).items() if isinstance(value, Tensor)})


@dataclass(frozen=True)
class Batch(TensorRows):
    """Inputs and targets of some windows."""

    ids_BT: Tensor
    targets_BT: Tensor
    document_BT: Tensor | None
    """Document of each target; None lets attention cross borders."""

    def __len__(self) -> int:
        return self.ids_BT.shape[0]


def make_batch(
    ids_BT1: Tensor, document_BT1: Tensor, trained_BT1: Tensor | None = None, *, document_mask: bool = True
) -> Batch:
    """Shift windows into inputs and targets; each document is predicted from BOS on.

    Targets that are not trained on (`trained_BT1`, None trains all) become IGNORE.

    The token in front of a document is the EOS of another one. As an input it becomes BOS, and it counts to the
    document that it stands in front of: so the first token of a document is predicted from BOS alone and no target
    is lost, and a prompt begins with BOS as llama.cpp and transformers expect.
    """
    first_BT = document_BT1[:, 1:] != document_BT1[:, :-1]
    targets_BT = ids_BT1[:, 1:].contiguous()
    if trained_BT1 is not None:
        targets_BT = targets_BT.masked_fill(~trained_BT1[:, 1:], IGNORE)
    return Batch(
        ids_BT=ids_BT1[:, :-1].masked_fill(first_BT, BOS_ID),
        targets_BT=targets_BT,
        document_BT=document_BT1[:, 1:].contiguous() if document_mask else None,
    )


class TrainBatches:
    """Batches of a stage, each a pure function of its number, so that the position in the data is that number.

    Raises UserError for shards that were packed for windows of another length.
    """

    def __init__(self, shards: Shards, stage: StageConfig) -> None:
        if shards.packed_for not in (None, stage.seq_len):
            raise UserError(
                f"{shards.folder}: split {shards.split!r} is packed for windows of {shards.packed_for} tokens, but "
                f"seq_len of stage {stage.name} is {stage.seq_len}: set it to that, or pack again"
            )
        self._shards, self._stage = shards, stage
        self._cycle: int | None = None
        if stage.overfit_tokens is not None:
            self._cycle = math.ceil(stage.overfit_tokens / stage.batch_tokens)

    def __call__(self, number: int) -> Batch:
        stage = self._stage
        windows = self._shards.batch(self._index(number), stage.batch_size, stage.seq_len, stage.seed)
        return make_batch(*windows, document_mask=stage.document_mask)

    def window_ids(self, number: int) -> list[int]:
        """Indices of the windows of a batch in their split, for the log."""
        stage = self._stage
        ids = self._shards.window_ids(self._index(number), stage.batch_size, stage.seq_len, stage.seed)
        return [int(window) for window in ids]

    def _index(self, number: int) -> int:
        return self._stage.first_batch + (number if self._cycle is None else number % self._cycle)
