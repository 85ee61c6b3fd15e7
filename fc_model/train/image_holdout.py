"""Held-out losses on images in the course of training: the first samples of each group."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from fc_model.config.stage import StageConfig
from fc_model.data.images.shards import ImageShards
from fc_model.model.loss import IGNORE
from fc_model.seed import derive_seed
from fc_model.train.image_groups import group_buckets
from fc_model.vision.ctc_head import text_of
from fc_model.vision.examples import ExampleMaker, ImageBatch
from fc_model.vision.vlm import VisionLanguageModel

_SAMPLES = 128


class ImageHoldoutLoss:
    """At most 128 samples of each group of the split `holdout`.

    Figures of a group: `loss_<group>` in nats a token, and `exact_<group>`, the share of the answers whose every token
    is the likeliest, given the ones before it: what greedy decoding would write. Of lines also `recognizer_<group>`,
    the CTC head's loss in nats a character, and `recognized_<group>`, the share that it reads right.
    """

    def __init__(self, folder: Path, model: VisionLanguageModel, stage: StageConfig, maker: ExampleMaker) -> None:
        assert stage.images is not None
        self._model, self._groups = model, stage.images.groups
        shards = ImageShards(folder, "holdout")
        self._batches: list[ImageBatch] = []
        for number, buckets in enumerate(group_buckets(shards, self._groups, patch=maker.token_pixels)):
            chosen = np.sort(np.concatenate([bucket.samples for bucket in buckets]))[:_SAMPLES]
            for bucket in buckets:
                inside = np.intersect1d(bucket.samples, chosen).tolist()
                for first in range(0, len(inside), bucket.group.images):
                    numbers = inside[first : first + bucket.group.images]
                    rngs = [random.Random(derive_seed(stage.seed, "held-out question", sample)) for sample in numbers]
                    samples = [shards.sample(sample) for sample in numbers]
                    self._batches.append(maker.batch(bucket.group, number, samples, rngs))

    @torch.no_grad()
    def evaluate(self, device: torch.device, dtype: torch.dtype | None) -> dict[str, float]:
        """Figures of the model as it is."""
        was_training = self._model.training
        self._model.eval()
        sums: dict[str, list[float]] = {}
        with torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
            for batch in self._batches:
                name = self._groups[batch.group].name
                for figure, total, count in self._figures(batch.to(device)):
                    entry = sums.setdefault(f"{figure}_{name}", [0.0, 0.0])
                    entry[0] += total
                    entry[1] += count
        self._model.train(was_training)
        return {name: total / max(count, 1) for name, (total, count) in sums.items()}

    def _figures(self, batch: ImageBatch) -> list[tuple[str, float, int]]:
        """(figure, sum, count) of a batch."""
        features_BND, tokens_BIQD = self._model.encode_images(batch.images_BIHWC)
        figures = []
        heads = self._model.heads
        if batch.classes_BS is not None and heads is not None and heads.recognizer is not None:
            assert batch.class_lengths_B is not None
            loss = heads.recognizer.loss(features_BND, batch.classes_BS, batch.class_lengths_B)
            figures.append(("recognizer", float(loss) * len(batch), len(batch)))
            lines = [
                text_of(classes[:length])
                for classes, length in zip(batch.classes_BS.tolist(), batch.class_lengths_B.tolist(), strict=True)
            ]
            read = heads.recognizer.read(features_BND)
            figures.append(("recognized", float(sum(map(str.__eq__, read, lines))), len(lines)))
        if batch.ids_BL is None or batch.targets_BL is None:
            return figures
        hidden_BLD = self._model.hidden(tokens_BIQD, batch.ids_BL)
        logits_BLV = F.linear(hidden_BLD, self._model.decoder.head_VD.to(hidden_BLD.dtype)).float()
        targets_BL: Tensor = batch.targets_BL
        nats = F.cross_entropy(logits_BLV.flatten(0, 1), targets_BL.flatten(), ignore_index=IGNORE, reduction="sum")
        right_BL = (logits_BLV.argmax(dim=-1) == targets_BL) | (targets_BL == IGNORE)
        answered_B = (targets_BL != IGNORE).any(dim=1)  # a prompt may fill all the tokens of its group
        figures.append(("loss", float(nats), batch.num_targets()))
        figures.append(("exact", float((right_BL.all(dim=1) & answered_B).sum()), int(answered_B.sum())))
        return figures
