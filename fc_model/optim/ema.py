"""Exponential moving average of the weights."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Ema:
    """Averaged copies of parameters, by name.

    Early steps use the smaller decay (1 + step) / (10 + step), so that the average does not hang on the weights that
    the stage began with.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float) -> None:
        self._decay = decay
        self._names = list(parameters)
        self._parameters: list[Tensor] = list(parameters.values())
        self._averages = [parameter.detach().clone() for parameter in self._parameters]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after a step, counted from 0."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._averages, self._parameters, 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the model's weights and the averages; a second call puts them back."""
        for average, parameter in zip(self._averages, self._parameters, strict=True):
            kept = parameter.detach().clone()
            parameter.copy_(average)
            average.copy_(kept)

    def tensors(self) -> dict[str, Tensor]:
        return dict(zip(self._names, self._averages, strict=True))

    @torch.no_grad()
    def load_tensors(self, tensors: dict[str, Tensor]) -> None:
        for name, average in self.tensors().items():
            average.copy_(tensors[name])
