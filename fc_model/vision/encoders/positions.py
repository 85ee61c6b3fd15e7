"""Positions of patches: a learned table fitted to any grid, and fixed 2D sines and cosines.

Shapes: N patches of a grid (row by row), S cells of a square table, D width.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

SINCOS_BASE = 10_000.0


def fit_positions(
    table_SD: Tensor, grid: tuple[int, int], interpolation: Literal["bicubic", "bilinear", "nearest"]
) -> Tensor:
    """Positions (N, D) of a patch grid from a square table; the table itself at its own size.

    bicubic is `interpolate_pos_encoding` of transformers' SigLIP and CLIP (no antialiasing), bilinear with
    antialiasing that of SigLIP 2. nearest takes cell `side * row // rows`, in whole numbers: a table whose side
    divides 70, each cell repeated, gives exactly the look-up of MiniCPM-V's 70 x 70 table, floor(70 * row / rows).
    """
    side = math.isqrt(table_SD.shape[0])
    rows, columns = grid
    if grid == (side, side):
        return table_SD
    if interpolation == "nearest":
        row = side * torch.arange(rows, device=table_SD.device) // rows
        column = side * torch.arange(columns, device=table_SD.device) // columns
        return table_SD[(row[:, None] * side + column).flatten()]
    table_1DHW = table_SD.T.reshape(1, -1, side, side)
    fitted_1DHW = F.interpolate(
        table_1DHW, size=grid, mode=interpolation, align_corners=False, antialias=interpolation == "bilinear"
    )
    return fitted_1DHW.flatten(2).squeeze(0).T


def sincos_frequencies(width: int) -> Tensor:
    """Angular frequencies (width / 4) of `sincos`, in radians a patch, falling from 1."""
    return SINCOS_BASE ** -(torch.arange(width // 4, dtype=torch.float64) / (width // 4))


def sincos(points_N2: Tensor, width: int) -> Tensor:
    """2D sines and cosines (N, width) of points (row, column), in patches; float64 inside, float32 out.

    A quarter of the width each: sines of the column, its cosines, sines of the row, its cosines. That is the order
    of MiniCPM-V's `get_2d_sincos_pos_embed` and of llama.cpp's resampler.
    """
    frequencies = sincos_frequencies(width)
    row_NF, column_NF = (points_N2.double()[:, axis, None] * frequencies for axis in (0, 1))
    return torch.cat((column_NF.sin(), column_NF.cos(), row_NF.sin(), row_NF.cos()), dim=1).float()


def grid_points(grid: tuple[int, int]) -> Tensor:
    """(row, column) of every patch of a grid, (N, 2), row by row."""
    return torch.cartesian_prod(torch.arange(grid[0]), torch.arange(grid[1]))


@lru_cache(maxsize=64)
def key_positions(grid: tuple[int, int], width: int, device: torch.device) -> Tensor:
    """`sincos` of the patches of a grid, (N, width), float32, kept for the next image of the same grid."""
    return sincos(grid_points(grid), width).to(device)
