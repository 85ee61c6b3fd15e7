"""NorMuon: the momentum of a matrix is orthogonalised, its rows are brought to one scale, and that is the update."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

POLAR_EXPRESS = (
    (7.5678, -21.5502, 15.8011),
    (4.1611, -3.5825, 0.7942),
    (3.2286, -2.4804, 0.5303),
)
"""Odd polynomials a x + b x^3 + c x^5, each the best after those before it, as in Amsel et al. 2025 (arXiv 2505.16932):
they bring singular values from 0.005 on to 0.5 to 1.5, and smaller ones to 102 times themselves. A fourth costs a
third more time and gains 1% of the loss at equal steps (docs/experiments/image-steps.md)."""

_TINY = 1e-10
_STACK = 2**21
"""Elements of matrices that are orthogonalised at once."""


class NorMuon(Optimizer):
    """Muon (Jordan et al. 2024) by Polar Express, with a second moment for each row (Li et al. 2025, arXiv 2510.05491).

    The update of a matrix of R rows and C columns has the size of Muon's: `lr` * sqrt(max(1, R / C)) times a matrix
    whose singular values are near 1. `momentum` is Nesterov's; `row_decay` is the decay of the rows' second moment.
    State of a parameter: `momentum_buffer`, its shape, and `row_square`, (R, 1).
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
        *,
        lr: float,
        momentum: float = 0.95,
        row_decay: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "row_decay": row_decay, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update every matrix that has a gradient; `closure` is there for torch's interface and is not called."""
        for group in self.param_groups:
            for matrices in _alike(matrix for matrix in group["params"] if matrix.grad is not None):
                self._update(matrices, group)

    def _update(self, matrices: list[Tensor], group: dict[str, Any]) -> None:
        """Update matrices of one shape, all by the same few operations: many small ones cost more than the sums."""
        gradients = [matrix.grad for matrix in matrices if matrix.grad is not None]
        states = [self._state(matrix) for matrix in matrices]
        momentum = [state["momentum_buffer"] for state in states]
        torch._foreach_lerp_(momentum, gradients, 1 - group["momentum"])
        # The gradient and those before it, as Nesterov weighs them.
        weighed = torch.stack(torch._foreach_lerp(gradients, momentum, group["momentum"]))
        update_NRC = orthogonalise(weighed).to(weighed.dtype)

        square_NR1 = update_NRC.square().mean(dim=2, keepdim=True)
        row_squares = [state["row_square"] for state in states]
        torch._foreach_lerp_(row_squares, list(square_NR1), 1 - group["row_decay"])
        scale_NR1 = torch.stack(row_squares).clamp_min(_TINY).rsqrt()
        # The Frobenius norm stays what it was: rows change their share of the update, not its size.
        size_N11 = (square_NR1 * scale_NR1.square()).sum(dim=1, keepdim=True).clamp_min(_TINY)
        scale_NR1 *= (square_NR1.sum(dim=1, keepdim=True) / size_N11).sqrt()
        rows, columns = update_NRC.shape[1:]
        if group["weight_decay"]:
            torch._foreach_mul_(matrices, 1 - group["lr"] * group["weight_decay"])
        lr = group["lr"] * max(1.0, rows / columns) ** 0.5
        torch._foreach_add_(matrices, list(update_NRC * scale_NR1), alpha=-lr)

    def _state(self, matrix: Tensor) -> dict[str, Tensor]:
        state: dict[str, Tensor] = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
            state["row_square"] = matrix.new_zeros(matrix.shape[0], 1)
        return state


def orthogonalise(matrices_NRC: Tensor) -> Tensor:
    """The singular vectors of N matrices with singular values near 1, see POLAR_EXPRESS.

    In bf16, which is enough, where the processor multiplies in it; else in the type of the matrices.
    """
    tall = matrices_NRC.shape[1] > matrices_NRC.shape[2]
    wide = matrices_NRC.bfloat16() if multiplies_bf16(matrices_NRC.device) else matrices_NRC
    if tall:
        wide = wide.mT
    wide = wide / (wide.norm(dim=(1, 2), keepdim=True) * 1.01 + _TINY)
    for a, b, c in POLAR_EXPRESS:
        gram = wide @ wide.mT
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        wide = torch.baddbmm(wide, polynomial, wide, beta=a)
    return wide.mT if tall else wide


def multiplies_bf16(device: torch.device) -> bool:
    """False for a CPU on which torch has no kernel for products in bf16: its fallback takes ten times fp32's time."""
    if device.type != "cpu":
        return True
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def _alike(matrices: Iterable[Tensor]) -> Iterator[list[Tensor]]:
    """Matrices of one shape together, as many as are small: one product of many small ones keeps all cores busy."""
    by_shape: dict[torch.Size, list[Tensor]] = {}
    for matrix in matrices:
        by_shape.setdefault(matrix.shape, []).append(matrix)
    for shape, alike in by_shape.items():
        count = max(1, _STACK // shape.numel())
        yield from (alike[first : first + count] for first in range(0, len(alike), count))
