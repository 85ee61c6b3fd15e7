"""Losses of a stage with images: next tokens behind images, InfoNCE with a queue, CTC; and packed text.

Captioned images weigh next token and InfoNCE by the stage's course; what is read or answered is causal only.
Parts of a batch add up to the whole but for InfoNCE, whose negatives are those of the part and the queue.
"""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import Tensor

from fc_model.config.stage import StageConfig
from fc_model.data.windows import Batch
from fc_model.model.loss import IGNORE, next_token_loss
from fc_model.train.compile import CompiledLoss
from fc_model.train.objective import Objective, TextObjective
from fc_model.vision.examples import ImageBatch
from fc_model.vision.vlm import VisionLanguageModel


class ImageObjective(Objective):
    """Next tokens behind images and of text, InfoNCE, CTC."""

    model: VisionLanguageModel

    def __init__(self, model: VisionLanguageModel, stage: StageConfig, *, compiled: CompiledLoss | None = None) -> None:
        """`compiled` is for the windows of text, as in TextObjective."""
        assert stage.images is not None and model.heads is not None
        self.model, self._stage, self._images, self._heads = model, stage, stage.images, model.heads
        self._text = TextObjective(model.decoder, compiled=compiled)
        self._progress = 0.0
        self._features: list[tuple[Tensor, Tensor, Tensor]] = []
        self._noted: list[tuple[str, Tensor, int]] = []
        self._sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])

    @property
    def way(self) -> str | None:
        return self._text.way

    def begin_step(self, step: int) -> None:
        """What is trained is a function of the step, so a resumed run trains the same."""
        self._progress = step / max(self._stage.num_steps - 1, 1)
        self._features, self._noted = [], []
        parts = {"decoder": self.model.decoder, "encoder": self.model.encoder, "fusion": self.model.fusion}
        for name in self._images.frozen:
            parts[name].requires_grad_(False)
        layers = self._images.unfreeze_encoder_layers
        if layers and step >= round(self._images.unfreeze_at * self._stage.num_steps):
            self.model.encoder.unfreeze_last(layers)

    def num_targets(self, batch: Batch | ImageBatch) -> int:
        """Tokens, or lines where only the CTC head reads."""
        return batch.num_targets() if isinstance(batch, ImageBatch) else self._text.num_targets(batch)

    def describe_row(self, batch: Batch | ImageBatch) -> str:
        if isinstance(batch, Batch):
            return self._text.describe_row(batch)
        _, images, height, width, _ = batch.images_BIHWC.shape
        name = self._images.groups[batch.group].name
        return f"{images} x {height} x {width} pixels of group {name}: lower its height, width or text_tokens"

    def loss(self, part: Batch | ImageBatch, *, num_targets: int) -> Tensor:
        """Weighted sum of the losses that the part's group has."""
        if isinstance(part, Batch):
            loss = self._text.loss(part, num_targets=num_targets)
            self._note("loss_text", loss * num_targets, self._text.num_targets(part))
            return loss
        group = self._images.groups[part.group]
        features_BND = self.model.encode_patches(part.images_BIHWC)
        total = features_BND.new_zeros((), dtype=torch.float32)
        # The other losses than the next token's are means over samples: a part counts by its share of the batch.
        share = len(part) / group.images
        if part.ids_BL is not None:  # what only the CTC head reads needs no tokens for the decoder
            tokens_BIQD = self.model.fuse(features_BND, part.images_BIHWC)
            lm = self._next_tokens(part, tokens_BIQD, num_targets=num_targets)
            if group.task == "caption":
                lm_weight, contrastive_weight = self._images.losses.at(self._progress)
                lm = lm_weight * lm
                if contrastive_weight:
                    lm = lm + contrastive_weight * share * self._contrastive(part, tokens_BIQD)
            total = total + lm
        if part.classes_BS is not None and self._images.recognition:
            total = total + share * self._recognition(part, features_BND)
        return total

    def end_step(self) -> None:
        """The features of the batch become negatives of later ones, its losses count for the log."""
        if self._features:
            image_BE, text_BE, ids_B = (torch.cat(parts) for parts in zip(*self._features, strict=True))
            self._heads.info_nce.update(image_BE, text_BE, ids_B)
        for name, total, count in self._noted:
            self._sums[name][0] += float(total)
            self._sums[name][1] += count

    def figures(self) -> dict[str, float]:
        """Mean losses by group since the last call: `loss_<group>`, `loss_contrastive` and so on."""
        means = {name: total / max(count, 1) for name, (total, count) in self._sums.items()}
        self._sums.clear()
        return means

    def _next_tokens(self, part: ImageBatch, tokens_BIQD: Tensor, *, num_targets: int) -> Tensor:
        assert part.ids_BL is not None and part.targets_BL is not None
        hidden_BLD = self.model.hidden(tokens_BIQD, part.ids_BL)
        targets_N = part.targets_BL.flatten()
        # Prompts and padding, a half of the rows, are kept from the head, the largest product of a small model.
        answered_N = (targets_N != IGNORE).nonzero().squeeze(1)
        loss = next_token_loss(
            hidden_ND=hidden_BLD.flatten(0, 1).index_select(0, answered_N),
            head_VD=self.model.decoder.head_VD,
            targets_N=targets_N[answered_N],
            num_targets=num_targets,
        )
        self._note(f"loss_{self._images.groups[part.group].name}", loss * num_targets, part.num_targets())
        return loss

    def _contrastive(self, part: ImageBatch, tokens_BIQD: Tensor) -> Tensor:
        assert part.captions_BL is not None and part.caption_lengths_B is not None and part.caption_ids_B is not None
        image_BE = self.model.image_features(tokens_BIQD)
        text_BE = self.model.caption_features(part.captions_BL, part.caption_lengths_B)
        self._features.append((image_BE.detach(), text_BE.detach(), part.caption_ids_B))
        outcome = self._heads.info_nce(image_BE, text_BE, part.caption_ids_B)
        self._note("loss_contrastive", outcome.loss * len(part), len(part))
        self._note("share_retrieved", outcome.accuracy * len(part), len(part))
        return outcome.loss

    def _recognition(self, part: ImageBatch, features_BND: Tensor) -> Tensor:
        ctc_head = self._heads.recognizer
        assert ctc_head is not None and part.classes_BS is not None and part.class_lengths_B is not None
        assert part.places_BT is not None
        read = ctc_head.loss(features_BND, part.classes_BS, part.class_lengths_B)
        self._note("loss_recognizer", read * len(part), len(part))
        total = self._images.recognition * read
        guide = self._images.alignment * max(0.0, 1 - 2 * self._progress)
        if guide:
            total = total + guide * ctc_head.place_loss(features_BND, part.places_BT)
        return total

    def _note(self, name: str, total: Tensor, count: int) -> None:
        """The sum of a figure over `count` tokens or samples; it counts when the step is done."""
        self._noted.append((name, total.detach(), count))
