"""Held-out loss on a fixed small sample, in the course of training. The full evaluation is `fc_model.evals`."""

from __future__ import annotations

import math
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from fc_model.config.stage import StageConfig
from fc_model.data.token_shards import Shards, list_splits
from fc_model.data.windows import Batch, make_batch
from fc_model.model.decoder import Decoder
from fc_model.model.loss import IGNORE

_BATCH_WINDOWS = 8


class HoldoutLoss:
    """The first windows of every holdout split, each split by its share of the tokens.

    The order of documents in a split is a seeded permutation, so its beginning is a fair sample.
    """

    def __init__(self, folder: Path, decoder: Decoder, stage: StageConfig) -> None:
        self._decoder = decoder
        splits = [Shards(folder, name) for name in list_splits(folder) if not name.startswith("train")]
        total = sum(split.num_tokens for split in splits)
        self.num_bytes, self.num_tokens = 0, 0
        self._batches: list[Batch] = []
        for split in splits:
            share = stage.eval_tokens * split.num_tokens / max(total, 1)
            windows = min(_BATCH_WINDOWS, max(1, math.ceil(share / stage.seq_len)))
            count = max(1, round(share / (stage.seq_len * windows)))
            for part in islice(split.windows_sequential(stage.seq_len, windows), count):
                batch = make_batch(part.ids_BT1, part.document_BT1, document_mask=stage.document_mask)
                targets_BT = batch.targets_BT.masked_fill(~part.scored_BT, IGNORE)
                self._batches.append(Batch(batch.ids_BT, targets_BT, batch.document_BT))
                self.num_bytes += part.num_bytes
                self.num_tokens += int(part.scored_BT.sum())

    def evaluate(self, device: torch.device, dtype: torch.dtype | None) -> dict[str, float]:
        """Loss in nats a token, bits per byte, and perplexity a token."""
        decoder, was_training = self._decoder, self._decoder.training
        decoder.eval()
        nats = 0.0
        with torch.no_grad(), torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
            for batch in self._batches:
                moved = batch.to(device)
                total: Tensor = decoder.loss(moved.ids_BT, moved.targets_BT, moved.document_BT, num_targets=1)
                nats += float(total)
        decoder.train(was_training)
        loss = nats / self.num_tokens
        return {"loss": loss, "bpb": nats / math.log(2) / self.num_bytes, "ppl": perplexity(loss)}


def perplexity(loss: float) -> float:
    """exp(loss), infinite where that overflows."""
    return math.exp(loss) if loss < 700 else math.inf
