"""From a sample of an image shard to what a stage trains on: pixels, and the text behind them.

Shapes: B samples, I images of one, H and W pixels, L tokens of text, S characters, T frames of a line.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fc_model.config.image_stage import MAX_SCALE, ImageGroup, Task, VisionConfig
from fc_model.data.images.augment import Augmentation
from fc_model.data.images.decode import decode_stored
from fc_model.data.images.record import ImageRecord
from fc_model.data.images.resize import fit
from fc_model.data.images.shards import Sample
from fc_model.data.windows import TensorRows
from fc_model.model.loss import IGNORE
from fc_model.special_tokens import BOS, EOS, PAD, SPECIAL_TOKENS
from fc_model.tokenizer import Tokenizer
from fc_model.vision.contrastive import caption_ids
from fc_model.vision.ctc_head import classes_of, place_targets
from fc_model.vision.prompts import DESCRIBE, READ, question_prompt

BOS_ID, EOS_ID, PAD_ID = (SPECIAL_TOKENS.index(name) for name in (BOS, EOS, PAD))


@dataclass(frozen=True, kw_only=True)
class ImageBatch(TensorRows):
    """Samples of one group; what its task does not need is None."""

    group: int
    """Number of the group in the stage."""
    images_BIHWC: Tensor
    """uint8."""
    ids_BL: Tensor | None = None
    """Tokens of prompt and answer, padded to the longest of the batch."""
    targets_BL: Tensor | None = None
    """What each state from the last image's end on predicts, one more than ids: answer and EOS, IGNORE elsewhere."""
    captions_BL: Tensor | None = None
    """BOS and the caption, padded, for the features of the text alone."""
    caption_lengths_B: Tensor | None = None
    caption_ids_B: Tensor | None = None
    classes_BS: Tensor | None = None
    """Characters of a line for the CTC head, padded."""
    class_lengths_B: Tensor | None = None
    places_BT: Tensor | None = None

    def __len__(self) -> int:
        return self.images_BIHWC.shape[0]

    def num_targets(self) -> int:
        """Tokens that are predicted; samples where there are none."""
        return len(self) if self.targets_BL is None else int((self.targets_BL != IGNORE).sum())


class ExampleMaker:
    """Makes batches of samples; `vision` says how transcripts become tokens."""

    def __init__(self, tokenizer: Tokenizer, vision: VisionConfig) -> None:
        self._tokenizer, self._vision = tokenizer, vision
        self.token_pixels = vision.token_pixels
        self._characters: dict[str, list[int]] = {}

    def batch(
        self,
        group: ImageGroup,
        number: int,
        samples: Sequence[Sample],
        rngs: Sequence[random.Random],
        *,
        training: bool = False,
    ) -> ImageBatch:
        """A batch of group `number` in its stage; a sample's rng draws its question and, in training, its changes."""
        records = [sample.record for sample in samples]
        augmented = training and group.augment > 0
        changes = [Augmentation.draw(rng, strength=group.augment) if augmented else None for rng in rngs]
        pixels = [self.pixels(sample, group, change) for sample, change in zip(samples, changes, strict=True)]
        images = torch.from_numpy(np.stack(pixels))
        parts: dict[str, Tensor] = {}
        if group.task != "recognize":
            pairs = self._texts(group, records, rngs)
            parts |= self._tokens(pairs, length=self._longest(group, pairs))
        if group.task == "caption":
            parts |= self._captions(records, length=group.text_tokens)
        if group.task in ("recognize", "read") and self._vision.recognizes(group):
            parts |= self._characters_of(records, group, [change or Augmentation() for change in changes])
        return ImageBatch(group=number, images_BIHWC=images, **parts)

    def pixels(self, sample: Sample, group: ImageGroup, change: Augmentation | None = None) -> NDArray[np.uint8]:
        """(I, H, W, 3), changed alike, aspect kept, padded with white."""
        pictures = [decode_stored(data, name=sample.record.id, keep_grey=True) for data in sample.images]
        if change:
            pictures = [change(picture) for picture in pictures]
        shift = change.shift if change else 0.0
        size = {"height": group.height, "width": group.width}
        fitted = (fit(picture, **size, max_scale=MAX_SCALE, shift=shift) for picture in pictures)
        return np.stack([np.asarray(picture.convert("RGB")) for picture in fitted])

    def prompt_and_answer(self, task: Task, record: ImageRecord, rng: random.Random) -> tuple[list[int], list[int]]:
        """Token ids of both; the answer without EOS."""
        if task == "read":
            return self._tokenizer.encode(READ), self.transcript(record.text or "")
        if task == "caption":
            return self._tokenizer.encode(DESCRIBE), self._tokenizer.encode(record.caption or "")
        question = rng.choice(record.questions)
        return self._tokenizer.encode(question_prompt(question.question)), self.transcript(question.answers[0])

    def text_length(self, group: ImageGroup, records: Sequence[ImageRecord], rngs: Sequence[random.Random]) -> int:
        """Tokens of prompt and answer to which a batch of these records is padded."""
        return self._longest(group, self._texts(group, records, rngs))

    def transcript(self, text: str) -> list[int]:
        """Token ids of text that is read off an image."""
        if self._vision.transcripts == "pieces":
            return self._tokenizer.encode(text)
        for character in text:
            if character not in self._characters:
                self._characters[character] = self._tokenizer.encode(character)
        return [token for character in text for token in self._characters[character]]

    def _texts(
        self, group: ImageGroup, records: Sequence[ImageRecord], rngs: Sequence[random.Random]
    ) -> list[tuple[list[int], list[int]]]:
        return [self.prompt_and_answer(group.task, record, rng) for record, rng in zip(records, rngs, strict=True)]

    @staticmethod
    def _longest(group: ImageGroup, pairs: list[tuple[list[int], list[int]]]) -> int:
        return min(group.text_tokens, max(len(prompt) + len(answer) for prompt, answer in pairs))

    def _tokens(self, pairs: list[tuple[list[int], list[int]]], *, length: int) -> dict[str, Tensor]:
        ids_BL = padded([(prompt + answer)[:length] for prompt, answer in pairs], length, PAD_ID)
        targets = [[IGNORE] * len(prompt) + answer + [EOS_ID] for prompt, answer in pairs]
        targets_BL = padded([row[: length + 1] for row in targets], length + 1, IGNORE)
        return {"ids_BL": ids_BL, "targets_BL": targets_BL}

    def _captions(self, records: list[ImageRecord], *, length: int) -> dict[str, Tensor]:
        texts = [[BOS_ID, *self._tokenizer.encode(record.caption or "")][:length] for record in records]
        return {
            "captions_BL": padded(texts, max(map(len, texts)), PAD_ID),
            "caption_lengths_B": torch.tensor([len(text) for text in texts]),
            "caption_ids_B": caption_ids(record.caption or "" for record in records),
        }

    def _characters_of(
        self, records: list[ImageRecord], group: ImageGroup, changes: list[Augmentation]
    ) -> dict[str, Tensor]:
        assert self._vision.ctc_head is not None
        classes = [classes_of(record.text or "") for record in records]
        lengths = [len(row) for row in classes]
        classes_BS = padded(classes, max(*lengths, 1), 0)
        patch = self._vision.encoder.patch_size
        frames = self._vision.ctc_head.frames
        places = []
        for record, change in zip(records, changes, strict=True):
            scale = group.scale(record.width, record.height)
            paper = int(change.shift * (group.width - group.fitted_width(record.width, record.height)))  # as in `fit`
            places.append(
                place_targets(
                    record.words,
                    record.text or "",
                    num_frames=group.width // patch * frames,
                    pixels=change.stretch * (patch / frames) / scale,
                    offset=change.stretch * (change.left(record.width) + paper / scale),
                )
            )
        return {"classes_BS": classes_BS, "class_lengths_B": torch.tensor(lengths), "places_BT": torch.tensor(places)}


def padded(rows: Sequence[Sequence[int]], length: int, fill: int) -> Tensor:
    """Numbers of each row, those behind them `fill`; (rows, length), int64."""
    whole = torch.full((len(rows), length), fill)
    for number, row in enumerate(rows):
        whole[number, : len(row)] = torch.tensor(row, dtype=torch.long)
    return whole
