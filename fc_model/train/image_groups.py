"""Batches of a stage with images, each a pure function of its number: which group, which samples, which questions."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fc_model.config.image_stage import ImageGroup, ImageStageConfig
from fc_model.config.stage import StageConfig
from fc_model.data.images.shards import ImageShards
from fc_model.data.token_shards import permute
from fc_model.data.windows import Batch, TrainBatches
from fc_model.errors import UserError
from fc_model.seed import derive_seed
from fc_model.vision.examples import ExampleMaker, ImageBatch


class GroupSamples:
    """The samples of one split that each group of a stage takes, by the table of records."""

    def __init__(self, shards: ImageShards, groups: list[ImageGroup]) -> None:
        self.shards = shards
        self.samples = [shards.fitting(group) for group in groups]
        for group, samples in zip(groups, self.samples, strict=True):
            if not len(samples):
                raise UserError(
                    f"{shards.folder}: no sample of split {shards.split} is for group {group.name} "
                    f"(kinds {', '.join(group.kinds)}): add such images, or take the group away"
                )

    def numbers(self, group: int, first: int, count: int, *, seed: int) -> NDArray[np.int64]:
        """Numbers of `count` samples from place `first` on, in a new order each time around."""
        samples = self.samples[group]
        places = np.arange(first, first + count)
        chosen = np.empty(count, dtype=np.int64)
        for epoch in np.unique(places // len(samples)):
            inside = places // len(samples) == epoch
            order = permute(places[inside] % len(samples), size=len(samples), seed=seed, stream=int(epoch))
            chosen[inside] = samples[order]
        return chosen


class ImageBatches:
    """The batches of a stage with images; those of text are the packed windows, read on from `first_batch`."""

    def __init__(self, folder: Path, text: TrainBatches, stage: StageConfig, maker: ExampleMaker) -> None:
        assert stage.images is not None
        self._text, self._stage, self._maker = text, stage, maker
        self.groups = stage.images.groups
        self._samples = GroupSamples(ImageShards(folder, "train"), self.groups)
        self._schedule = group_schedule(stage.images, stage.num_steps)
        # How many steps of each group are done after each step; the step itself is one of its group.
        done = np.cumsum(np.eye(len(self.groups) + 1, dtype=np.int64)[self._schedule], axis=0)
        self._earlier = done[np.arange(len(self._schedule)), self._schedule] - 1

    def __call__(self, number: int) -> Batch | ImageBatch:
        group, turn = self._turn(number)
        if group == len(self.groups):
            return self._text(turn)
        config = self.groups[group]
        numbers = self._numbers(group, turn)
        rngs = [random.Random(derive_seed(self._stage.seed, "sample", number, int(sample))) for sample in numbers]
        samples = [self._samples.shards.sample(int(sample)) for sample in numbers]
        return self._maker.batch(config, group, samples, rngs, training=True)

    def window_ids(self, number: int) -> list[int]:
        """Numbers of the samples of a batch in their split, or of its windows of text, for the log."""
        group, turn = self._turn(number)
        if group == len(self.groups):
            return self._text.window_ids(turn)
        return [int(sample) for sample in self._numbers(group, turn)]

    def _turn(self, number: int) -> tuple[int, int]:
        """Group of a batch, and how often its turn came before. Skipped batches may lead beyond the last step."""
        round_, place = divmod(number, len(self._schedule))
        group = int(self._schedule[place])
        per_round = int((self._schedule == group).sum())
        return group, round_ * per_round + int(self._earlier[place])

    def _numbers(self, group: int, turn: int) -> NDArray[np.int64]:
        count = self.groups[group].images
        seed = derive_seed(self._stage.seed, "images", group)
        return self._samples.numbers(group, turn * count, count, seed=seed)


def group_schedule(images: ImageStageConfig, num_steps: int) -> NDArray[np.int64]:
    """Group of each step, text being the last, (num_steps,); after any step each has its share to within one.

    At every step, of those that are below their share, the one that would be a whole step behind first: the quota
    method of Balinski and Young 1975, "The quota method of apportionment".
    """
    shares = np.array(images.shares)
    steps = np.zeros(len(shares))
    chosen = np.empty(num_steps, dtype=np.int64)
    for step in range(num_steps):
        below = steps < shares * (step + 1) - 1e-9  # an exact share is not below itself by rounding
        due = np.full(len(shares), np.inf)
        due[below] = (steps[below] + 1) / shares[below]
        chosen[step] = int(due.argmin())
        steps[chosen[step]] += 1
    return chosen
