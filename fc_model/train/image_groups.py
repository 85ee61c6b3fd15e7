"""Batches of a stage with images, each a pure function of its number: which group, which samples, which questions."""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fc_model.config.image_stage import ImageGroup, ImageStageConfig
from fc_model.config.stage import StageConfig
from fc_model.data.images.shards import ImageShards
from fc_model.data.token_shards import permute
from fc_model.data.windows import Batch, TrainBatches
from fc_model.errors import UserError
from fc_model.seed import derive_seed
from fc_model.train.turns import Turns, apportion
from fc_model.vision.examples import ExampleMaker, ImageBatch

_MEASURED_BATCHES = 4
"""Of each bucket, to know how long its texts are."""


class Bucket(NamedTuple):
    """Samples of a group that are batched together, as they come to one size."""

    group: ImageGroup
    """With that size."""
    samples: NDArray[np.int64]
    """Numbers in the split."""

    def numbers(self, first: int, count: int, *, seed: int) -> NDArray[np.int64]:
        """Numbers of `count` samples from place `first` on, in a new order each time around."""
        places = np.arange(first, first + count)
        chosen = np.empty(count, dtype=np.int64)
        for epoch in np.unique(places // len(self.samples)):
            inside = places // len(self.samples) == epoch
            order = permute(places[inside] % len(self.samples), size=len(self.samples), seed=seed, stream=int(epoch))
            chosen[inside] = self.samples[order]
        return chosen


def group_buckets(shards: ImageShards, groups: list[ImageGroup], *, patch: int) -> list[list[Bucket]]:
    """The samples of a split that each group of a stage takes, by the table of records; the narrowest first.

    `patch` is the side of a patch in pixels. Raises UserError for a group without a sample.
    """
    buckets = []
    for group in groups:
        samples = shards.fitting(group)
        if not len(samples):
            raise UserError(
                f"{shards.folder}: no sample of split {shards.split} is for group {group.name} "
                f"(kinds {', '.join(group.kinds)}): add such images, or take the group away"
            )
        widths = np.full(len(samples), group.width)
        if group.bucket_widths:
            sizes = shards.table.sizes()[samples].tolist()
            widths = np.array([group.bucket(width, height, patch=patch).width for width, height in sizes])
        buckets.append(
            [
                Bucket(group.model_copy(update={"width": width}), samples[widths == width])
                for width in np.unique(widths).tolist()
            ]
        )
    return buckets


def _shares(buckets: list[Bucket]) -> list[float]:
    """Of the samples of their group."""
    counts = [len(bucket.samples) for bucket in buckets]
    return [count / sum(counts) for count in counts]


class ImageBatches:
    """The batches of a stage with images; those of text are the packed windows, read on from `first_batch`."""

    def __init__(self, folder: Path, text: TrainBatches, stage: StageConfig, maker: ExampleMaker) -> None:
        assert stage.images is not None
        self._text, self._stage, self._maker = text, stage, maker
        self._images, self.groups = stage.images, stage.images.groups
        self._shards = ImageShards(folder, "train")
        self._buckets = group_buckets(self._shards, self.groups, patch=maker.token_pixels)
        self._turns = Turns(group_schedule(stage.images, stage.num_steps), choices=len(self.groups) + 1)
        self._turns_of_buckets = [
            Turns(apportion(_shares(buckets), turns), choices=len(buckets))
            for buckets, turns in zip(self._buckets, self._turns.counts.tolist(), strict=False)
        ]

    def __call__(self, number: int) -> Batch | ImageBatch:
        group, turn = self._turns(number)
        if group == len(self.groups):
            return self._text(turn)
        bucket, numbers = self._chosen(group, turn)
        rngs = [random.Random(derive_seed(self._stage.seed, "sample", number, sample)) for sample in numbers]
        samples = [self._shards.sample(sample) for sample in numbers]
        return self._maker.batch(bucket.group, group, samples, rngs, training=True)

    def sized(self) -> StageConfig:
        """The stage with each bucket as a group of its own: what is counted of its steps is what is computed.

        A batch is padded to its longest text: that of a bucket is the mean over some batches.
        """
        groups = [
            bucket.group.model_copy(
                update={"share": bucket.group.share * share, "text_tokens": self._text_length(bucket)}
            )
            for buckets in self._buckets
            for bucket, share in zip(buckets, _shares(buckets), strict=True)
        ]
        return self._stage.model_copy(update={"images": self._images.model_copy(update={"groups": groups})})

    def _text_length(self, bucket: Bucket) -> int:
        if bucket.group.task == "recognize":
            return bucket.group.text_tokens
        count = bucket.group.images
        numbers = bucket.samples[: _MEASURED_BATCHES * count].tolist()  # the first: their records lie together
        records = list(self._shards.records(numbers))
        batches = [records[first : first + count] for first in range(0, len(records), count)]
        rngs = [random.Random(number) for number in range(count)]
        lengths = [self._maker.text_length(bucket.group, batch, rngs[: len(batch)]) for batch in batches]
        return round(sum(lengths) / len(lengths))

    def window_ids(self, number: int) -> list[int]:
        """Numbers of the samples of a batch in their split, or of its windows of text, for the log."""
        group, turn = self._turns(number)
        return self._text.window_ids(turn) if group == len(self.groups) else self._chosen(group, turn)[1]

    def _chosen(self, group: int, turn: int) -> tuple[Bucket, list[int]]:
        """Bucket and samples of a turn of a group. Skipped batches may lead beyond the last step."""
        choice, turn = self._turns_of_buckets[group](turn)
        bucket = self._buckets[group][choice]
        seed = derive_seed(self._stage.seed, "images", group)
        return bucket, bucket.numbers(turn * bucket.group.images, bucket.group.images, seed=seed).tolist()


def group_schedule(images: ImageStageConfig, num_steps: int) -> NDArray[np.int64]:
    """Group of each step, text being the last, (num_steps,), see `apportion`."""
    return apportion(images.shares, num_steps)
