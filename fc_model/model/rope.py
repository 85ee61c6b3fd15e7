"""Rotary positions (Su et al. 2021): a pair of dimensions of a head turns by its frequency times the position.

Dimension i is paired with i + A/2, as in transformers' Llama and Pixtral.

Shapes: A width of a head, P = A/2 pairs, T positions, N patches of a grid.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor


def rope_frequencies(head_dim: int, theta: float, device: torch.device | None = None) -> Tensor:
    """Radians a position of each pair, (P,), falling from 1: theta^(-2i/A)."""
    return theta ** -(torch.arange(0, head_dim, 2, dtype=torch.float32, device=device) / head_dim)


def rope_table(length: int, head_dim: int, theta: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine of each position's angles, (T, A), once for each half of a head; see `rotate`."""
    places_T = torch.arange(length, dtype=torch.float32, device=device)
    return _cos_sin(torch.outer(places_T, rope_frequencies(head_dim, theta, device)))


@lru_cache(maxsize=64)
def rope_table_2d(grid: tuple[int, int], head_dim: int, theta: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """The same of each patch of a grid, (N, A): even pairs turn with the row, odd ones with the column (Pixtral).

    It is kept for the next image of the same grid.
    """
    rows, columns = grid
    frequencies_P = rope_frequencies(head_dim, theta, device)
    row_N = torch.arange(rows, dtype=torch.float32, device=device).repeat_interleave(columns)
    column_N = torch.arange(columns, dtype=torch.float32, device=device).repeat(rows)
    halves = torch.outer(row_N, frequencies_P[0::2]), torch.outer(column_N, frequencies_P[1::2])
    return _cos_sin(torch.cat(halves, dim=-1))


def rotate(x_BHTA: Tensor, cos_TA: Tensor, sin_TA: Tensor) -> Tensor:
    """Turn each pair of dimensions of each head by the angle of its position.

    The sines of the first half are negative: then the other of a pair needs no change of sign, and the turn takes three
    passes over memory, not six.
    """
    other = x_BHTA.roll(x_BHTA.shape[-1] // 2, dims=-1)
    return torch.addcmul(x_BHTA * cos_TA.to(x_BHTA.dtype), other, sin_TA.to(x_BHTA.dtype))


def _cos_sin(angles_TP: Tensor) -> tuple[Tensor, Tensor]:
    cos_TP, sin_TP = angles_TP.cos(), angles_TP.sin()
    return torch.cat((cos_TP, cos_TP), dim=-1), torch.cat((-sin_TP, sin_TP), dim=-1)
