"""What a step minimises: next tokens of text, and for a model with vision, of images too."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from fc_model.data.windows import Batch
from fc_model.model.decoder import Decoder
from fc_model.model.loss import IGNORE
from fc_model.train.compile import CompiledLoss


class Objective:
    """A model and its loss, as `TrainStep` drives them. Batches have `len`, `rows` and `to`."""

    model: nn.Module
    """Everything that is trained, saved and averaged."""

    def begin_step(self, step: int) -> None:
        """Before the first part of a batch; again when the step is tried anew after memory ran out."""

    def num_targets(self, batch: Any) -> int:
        """What the loss of a whole batch is the mean over: the tokens that are predicted."""
        raise NotImplementedError

    def describe_row(self, batch: Any) -> str:
        """One row of a batch and how to make it smaller, for the error when memory runs out."""
        raise NotImplementedError

    def loss(self, part: Any, *, num_targets: int) -> Tensor:
        """Share of some rows in the mean loss of their batch of `num_targets`, in nats."""
        raise NotImplementedError

    def end_step(self) -> None:
        """After the weights were updated; not after a step that was not applied."""

    def figures(self) -> dict[str, float]:
        """Losses by name since the last call, for the log."""
        return {}

    @property
    def way(self) -> str | None:
        """How the loss of text is computed, see CompiledLoss; None as long as that is not known."""
        raise NotImplementedError


class TextObjective(Objective):
    """Next tokens of packed text."""

    model: Decoder

    def __init__(self, decoder: Decoder, *, compiled: CompiledLoss | None = None) -> None:
        """`compiled` is `decoder.loss` compiled, for the windows of training; None takes it as it is."""
        self.model, self.compiled = decoder, compiled

    @property
    def way(self) -> str | None:
        return self.compiled.way if self.compiled else "eager"

    def num_targets(self, batch: Batch) -> int:
        return int((batch.targets_BT != IGNORE).sum())

    def describe_row(self, batch: Batch) -> str:
        return f"one window of {batch.ids_BT.shape[1]} tokens: lower seq_len"

    def loss(self, part: Batch, *, num_targets: int) -> Tensor:
        compute = self.compiled or self.model.loss
        places_K = scored_places(part.targets_BT)
        # Divided here: compiled code takes a number for a constant, and conversations differ in how many they predict.
        total = compute(part.ids_BT, part.targets_BT, part.document_BT, places_K=places_K, num_targets=1)
        return total / max(num_targets, 1)


def scored_places(targets_BT: Tensor) -> Tensor | None:
    """Places of the flat batch that hold all targets which count, a quarter or half of the places; None for all.

    Only these numbers of places come, so that compiled code meets few shapes.
    """
    counts_N = (targets_BT != IGNORE).flatten()
    num_places, num_targets = len(counts_N), int(counts_N.sum())
    for capacity in (num_places // 4, num_places // 2):
        if num_targets <= capacity:
            return counts_N.logical_not().to(torch.uint8).argsort(stable=True)[:capacity]
    return None
