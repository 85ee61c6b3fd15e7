"""Tokens and floating point operations of a step, with and without images. Imports no torch.

Images count with all of their group's width and text_tokens; batches take less, see `ImageBatches.sized`.
"""

from __future__ import annotations

from fc_model.config.image_stage import ImageGroup, VisionConfig
from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig


def step_tokens(stage: StageConfig, vision: VisionConfig | None) -> float:
    """Positions of the decoder in a step, patches where the encoder reads alone; the mean over the groups by share."""
    if stage.images is None or vision is None:
        return float(stage.batch_tokens)
    counts = [(_sequence(group, vision) or _patches(group, vision)) * group.images for group in stage.images.groups]
    return sum(share * count for share, count in zip(stage.images.shares, [*counts, stage.batch_tokens], strict=True))


def step_flops(model: ModelConfig, stage: StageConfig, vision: VisionConfig | None) -> float:
    """Forward and backward pass of a step, the mean over the groups. A frozen encoder or decoder has a forward pass
    and, where something before or in it is trained, the half of a backward pass that goes through it.
    """
    if stage.lora is not None:
        flops_per_token = model.flops_per_token(stage.seq_len, frozen=True) + stage.lora.flops_per_token(model)
        return float(stage.batch_tokens * flops_per_token)
    if stage.images is None or vision is None:
        return float(stage.batch_tokens * model.flops_per_token(stage.seq_len))
    frozen = set(stage.images.frozen)
    total = stage.images.shares[-1] * stage.batch_tokens * model.flops_per_token(stage.seq_len)
    for share, group in zip(stage.images.shares, stage.images.groups, strict=False):
        grid = vision.encoder.grid(group.height, group.width)
        encoder = group.pages * vision.encoder.flops_per_image(group.height, group.width)
        flops = float(encoder * (1 if "encoder" in frozen else 3))
        length = _sequence(group, vision)
        if length:
            fusion = group.pages * vision.fusion.flops_per_image(vision.encoder, model.hidden_size, grid)
            flops += fusion * 3 + length * model.flops_per_token(length) * (2 / 3 if "decoder" in frozen else 1)
        total += share * group.images * flops
    return total


def _patches(group: ImageGroup, vision: VisionConfig) -> int:
    rows, columns = vision.encoder.grid(group.height, group.width)
    return rows * columns * group.pages


def _sequence(group: ImageGroup, vision: VisionConfig) -> int:
    """Positions of the decoder for one sample; none where the encoder reads alone."""
    if group.task == "recognize":
        return 0
    grid = vision.encoder.grid(group.height, group.width)
    return 1 + group.pages * (2 + vision.fusion.num_tokens(grid)) + group.text_tokens
