"""NorMuon: the momentum of a matrix is orthogonalised, its rows are brought to one scale, and that is the update."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

POLAR_EXPRESS = (
    (8.156554524902461, -22.48329292557795, 15.878769915207462),
    (4.042929935166739, -2.808917465908714, 0.5000178451051316),
    (3.8916678022926607, -2.772484153217685, 0.5060648178503393),
    (3.285753657755655, -2.3681294933425376, 0.46449024233003106),
)
"""Odd polynomials a x + b x^3 + c x^5, each the best after those before it: the first four of the five that Amsel et
al. 2025 (arXiv 2505.16932) give in bf16. The fifth costs a fifth of the time and gains nothing that was measurable."""

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
                updates = orthogonalise(torch.stack([self._momentum(matrix, group) for matrix in matrices]))
                for matrix, update in zip(matrices, updates, strict=True):
                    self._update(matrix, update.to(matrix.dtype), group)

    def _momentum(self, matrix: Tensor, group: dict[str, Any]) -> Tensor:
        """The gradient and those before it, as Nesterov weighs them."""
        assert matrix.grad is not None
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
            state["row_square"] = matrix.new_zeros(matrix.shape[0], 1)
        state["momentum_buffer"].lerp_(matrix.grad, 1 - group["momentum"])
        return matrix.grad.lerp(state["momentum_buffer"], group["momentum"])

    def _update(self, matrix: Tensor, update: Tensor, group: dict[str, Any]) -> None:
        state = self.state[matrix]
        square = update.square().mean(dim=1, keepdim=True)
        state["row_square"].lerp_(square, 1 - group["row_decay"])
        scale = state["row_square"].clamp_min(_TINY).rsqrt()
        # The Frobenius norm stays what it was: rows change their share of the update, not its size.
        scale *= (square.sum() / (square * scale.square()).sum().clamp_min(_TINY)).sqrt()
        rows, columns = matrix.shape
        if group["weight_decay"]:
            matrix.mul_(1 - group["lr"] * group["weight_decay"])
        matrix.add_(update * scale, alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5)


def orthogonalise(matrices_NRC: Tensor) -> Tensor:
    """The singular vectors of N matrices with singular values near 1: four polynomials leave 0.4 to 1.6.

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
