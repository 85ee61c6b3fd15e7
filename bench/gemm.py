"""The ceiling: FLOP/s of torch's matrix product at the shapes that a training step is made of."""

from __future__ import annotations

import torch

from bench.timing import Seconds, round_robin
from fc_model.config.model import ModelConfig


def ceiling(model: ModelConfig, *, num_tokens: int, dtype: torch.dtype, rounds: int = 5) -> Seconds:
    """FLOP per CPU second and per wall second over all matrix products of a forward pass, but not attention's.

    Each shape is timed alone, and weighs as often as the model has it.
    """
    hidden, width = model.hidden_size, model.num_heads * model.head_dim
    kv_width = model.num_kv_heads * model.head_dim
    shapes = {
        (hidden, width): 2 * model.num_layers,
        (hidden, kv_width): 2 * model.num_layers,
        (hidden, model.intermediate_size): 2 * model.num_layers,
        (model.intermediate_size, hidden): model.num_layers,
        (hidden, model.vocab_size): 1,
    }
    flops, cpu, wall = 0.0, 0.0, 0.0
    for (inputs, outputs), times in shapes.items():
        left = torch.randn(num_tokens, inputs).to(dtype)
        right = torch.randn(inputs, outputs).to(dtype)
        seconds = round_robin({"product": lambda left=left, right=right: left @ right}, rounds=rounds)["product"]  # type: ignore[misc]
        flops += times * 2 * num_tokens * inputs * outputs
        cpu += times * seconds.cpu
        wall += times * seconds.wall
    return Seconds(cpu=flops / cpu, wall=flops / wall)
