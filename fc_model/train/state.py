"""What a training run knows beside its tensors: plain values, saved with every checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from fc_model.config.stage import PlateauConfig


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
