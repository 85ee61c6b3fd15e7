"""The learning rate over the steps of a stage."""

import math

from fc_model.config.stage import StageConfig


def lr_factor(step: int, stage: StageConfig) -> float:
    """Share of the peak learning rate in a step, counted from 0.

    Linear warm-up, then either a half cosine down to min_lr_ratio (Loshchilov & Hutter 2017) or a stable phase and
    a last phase that falls to min_lr_ratio, linearly or as 1 - sqrt (WSD, Hu et al. 2024; Hägele et al. 2024).
    """
    schedule, steps, warmup = stage.schedule, stage.num_steps, stage.num_warmup_steps
    if step < warmup:
        return (step + 1) / warmup
    if schedule.kind == "cosine":
        progress = (step - warmup) / max(1, steps - 1 - warmup)
        fall = 0.5 * (1 - math.cos(math.pi * min(1.0, progress)))
    else:
        progress = (step + 1 - (steps - stage.num_decay_steps)) / stage.num_decay_steps
        progress = min(1.0, max(0.0, progress))
        fall = progress if schedule.decay_shape == "linear" else math.sqrt(progress)
    return 1 - (1 - schedule.min_lr_ratio) * fall
