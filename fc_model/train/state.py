"""What a training run knows beside its tensors: plain values, saved with every checkpoint."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from fc_model.config.stage import PlateauConfig, SpikeConfig

_MAD_TO_STD = 1.4826
"""Standard deviations of a normal distribution in its median absolute deviation."""
_LEAST_STD = 0.01
"""Of the median: losses that hardly differ, as of a text learnt by heart, are no measure of what is far."""


@dataclass
class TrainState:
    """Position and history of a run."""

    step: int = 0
    """Steps that are done; also the position in the data, but for what `skips` jumps over."""
    losses: list[float | None] = field(default_factory=list)
    """Training loss of each step in nats a token; None where the step was not applied."""
    evaluations: list[dict[str, float]] = field(default_factory=list)
    """Held-out figures with their step."""
    bad_steps: int = 0
    """Steps with a non-finite loss or gradient, so far."""
    bad_in_a_row: int = 0
    """Steps without an update since the last one with."""
    spikes: int = 0
    """Losses above the limit of `spike_limit`, so far, whether the update was made or not."""
    micro_batch: int = 1
    """Windows of one forward pass; smaller than asked for after memory ran out."""
    loss_scale: float = 1.0
    """Factor on the loss against underflow; other than 1 only in fp16."""
    good_scales: int = 0
    """Steps since the loss scale changed."""
    stopped_early: bool = False
    seconds: float = 0.0
    """Wall time of training and evaluation, over all attempts."""


@dataclass(frozen=True)
class Skip:
    """Batches that are jumped over from a step on, because they led to non-finite steps."""

    step: int
    batches: int


def batch_number(step: int, skips: list[Skip]) -> int:
    """Number of the batch that a step trains on."""
    return step + sum(skip.batches for skip in skips if skip.step <= step)


def spike_limit(losses: list[float | None], config: SpikeConfig | None) -> float:
    """The loss above which a step is a spike, in nats a token; infinite until there are enough steps to judge by.

    `losses` are those of all steps so far, None where a step made no update. They are part of each checkpoint, so a
    resumed run judges as one that was never stopped.
    """
    if config is None:
        return math.inf
    recent = [loss for loss in losses[-2 * config.window :] if loss is not None][-config.window :]
    if len(recent) < config.window:
        return math.inf
    middle = median(recent)
    deviation = _MAD_TO_STD * median(abs(loss - middle) for loss in recent)
    return middle + config.deviations * max(deviation, _LEAST_STD * abs(middle))


def on_plateau(values: list[float], config: PlateauConfig) -> bool:
    """Whether the mean of each of the last `windows` windows fell by less than `min_improvement` from the one before.

    `values` are all held-out losses so far, in bits per byte; windows are counted from the newest value back.
    """
    needed = config.window * (config.windows + 1)
    if len(values) < needed:
        return False
    recent = values[-needed:]
    means = [sum(recent[start : start + config.window]) / config.window for start in range(0, needed, config.window)]
    return all((before - after) / before < config.min_improvement for before, after in pairwise(means))
