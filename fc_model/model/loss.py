"""Next-token cross-entropy that never holds all logits at once.

Shapes: N tokens, D hidden size, V vocabulary, C tokens of a chunk.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

IGNORE = -100
"""Target of a position that takes no part in the loss."""

CHUNK_LOGITS = 2**22
"""Logits that are held at once: 16 MiB in fp32, so that a chunk goes from the product to its gradient in cache."""


def next_token_loss(*, hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, num_targets: int | None = None) -> Tensor:
    """Cross-entropy in nats, summed over the targets that are not IGNORE and divided by `num_targets`.

    Args:
        hidden_ND: outputs of the last norm.
        head_VD: weight of the head.
        targets_N: token ids.
        num_targets: divisor; by default the number of targets here, which makes the mean. With gradient
            accumulation, the targets of the whole batch.

    The logits are made in the autocast type, a chunk of tokens at a time, and their gradient in the same pass,
    so that memory does not grow with the vocabulary times the batch.
    """
    if num_targets is None:
        num_targets = int((targets_N != IGNORE).sum())
    needs_grad = torch.is_grad_enabled() and (hidden_ND.requires_grad or head_VD.requires_grad)
    needs_head_grad = needs_grad and head_VD.requires_grad
    kind = hidden_ND.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden_ND.dtype
    total: Tensor = _ChunkedCrossEntropy.apply(hidden_ND, head_VD, targets_N, dtype, needs_grad, needs_head_grad)
    return total / max(num_targets, 1)


class _ChunkedCrossEntropy(torch.autograd.Function):
    """Sum of -log softmax(hidden head^T)[target]; the gradient is worked out in the forward pass and kept."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        hidden_ND: Tensor,
        head_VD: Tensor,
        targets_N: Tensor,
        dtype: torch.dtype,
        needs_grad: bool,
        needs_head_grad: bool,
    ) -> Tensor:
        with torch.autocast(device_type=hidden_ND.device.type, enabled=False):
            head = head_VD.to(dtype)
            total = hidden_ND.new_zeros((), dtype=torch.float32)
            chunk = max(1, CHUNK_LOGITS // head_VD.shape[0])
            grad_hidden = torch.empty_like(hidden_ND) if needs_grad else None
            # A frozen head, as beside LoRA, is spared a third of the products.
            grad_head = torch.zeros_like(head_VD, dtype=torch.float32) if needs_head_grad else None
            for start in range(0, hidden_ND.shape[0], chunk):
                hidden_CD = hidden_ND[start : start + chunk].to(dtype)
                targets_C = targets_N[start : start + chunk]
                kept_C = targets_C != IGNORE
                index_C1 = targets_C.where(kept_C, 0).unsqueeze(1)
                # One fused pass, and overwritten by its own exponential below: the logits are most of the memory.
                log_odds_CV = (hidden_CD @ head.T).float().log_softmax(dim=1)
                total -= log_odds_CV.gather(1, index_C1).squeeze(1).where(kept_C, 0.0).sum()
                if grad_hidden is None:
                    continue
                grad_CV = log_odds_CV.exp_()
                grad_CV.scatter_add_(1, index_C1, torch.full_like(index_C1, -1.0, dtype=torch.float32))
                grad = grad_CV.to(dtype)
                # Ignored rows are left out on the narrow side, D, not on the wide one, V.
                kept_C1 = kept_C.unsqueeze(1).to(dtype)
                grad_hidden[start : start + chunk] = (grad @ head) * kept_C1
                if grad_head is not None:
                    grad_head += grad.T @ (hidden_CD * kept_C1)
        if grad_hidden is not None:
            ctx.save_for_backward(grad_hidden, grad_head.to(head_VD.dtype) if grad_head is not None else None)
        return total

    @staticmethod
    def backward(ctx: Any, grad_total: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        grad_hidden, grad_head = ctx.saved_tensors
        scaled_head = grad_head * grad_total if grad_head is not None else None
        return grad_hidden * grad_total, scaled_head, None, None, None, None
