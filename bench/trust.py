"""Whether a contender computes what it says: loss and gradients beside its own uncompiled fp32 ones."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

LOSS_WITHIN = {torch.float32: 1e-4, torch.bfloat16: 2e-2}
"""Greatest relative difference of the loss."""
GRADIENT_WITHIN = {torch.float32: 1e-3, torch.bfloat16: 1e-1}
"""Greatest norm of the difference of all gradients, of their norm. Of two right ways to sum in bf16 it is 0.01."""


def measured(loss: Callable[[], Tensor], model: nn.Module, dtype: torch.dtype) -> tuple[float, list[Tensor]]:
    """Loss and gradients as a step computes them; the gradients are taken off the model."""
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
        value = loss()
    value.backward()
    gradients = [
        torch.zeros_like(weight) if weight.grad is None else weight.grad.float() for weight in model.parameters()
    ]
    for weight in model.parameters():
        weight.grad = None
    return value.item(), gradients


def fault(actual: tuple[float, list[Tensor]], expected: tuple[float, list[Tensor]], dtype: torch.dtype) -> str | None:
    """Why figures of speed would mean nothing: what is not finite, or too far from what is right; None when it is."""
    loss, gradients = actual
    norm = torch.stack([gradient.norm() for gradient in gradients]).norm().item()
    if not (math.isfinite(loss) and math.isfinite(norm)):
        return f"refused: its loss is {loss}, the norm of its gradient {norm}"
    off = abs(loss - expected[0]) / abs(expected[0])
    if off > LOSS_WITHIN[dtype]:
        return f"refused: its loss is {off:.1e} off uncompiled fp32, at most {LOSS_WITHIN[dtype]:g} is rounding"
    pairs = zip(gradients, expected[1], strict=True)
    wanted = torch.stack([gradient.norm() for gradient in expected[1]]).norm().item()
    off = torch.stack([(one - other).norm() for one, other in pairs]).norm().item() / wanted
    if off > GRADIENT_WITHIN[dtype]:
        return f"refused: its gradient is {off:.1e} off uncompiled fp32, at most {GRADIENT_WITHIN[dtype]:g} is rounding"
    return None
