"""A control for evaluators: what a model without knowledge passes measures nothing."""

import torch
from torch import nn


@torch.no_grad()
def shuffle_weights(model: nn.Module, *, seed: int) -> None:
    """Permute the entries of every matrix in place: each keeps its size and spread, and forgets what it learned."""
    generator = torch.Generator().manual_seed(seed)
    for _, weight in sorted(model.named_parameters()):
        order = torch.randperm(weight.numel(), generator=generator).to(weight.device)
        weight.copy_(weight.flatten()[order].view_as(weight))
