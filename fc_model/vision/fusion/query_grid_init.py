"""Perceiver queries that start as points on the image and attend to what is near them.

A reader must first find which query stands for which place; a query that looks at its place from the first step
need not. Only starting values change, so the graph that llama.cpp runs stays the same.

Shapes: Q queries, H hidden size, A width of a head.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from fc_model.vision.encoders.positions import sincos, sincos_frequencies

_BORDER_NATS = 1.5
"""Nats of attention lost from a query's place to the border of its cell (at least one patch away): what stands there
has a fifth of the weight, so cells overlap a little and leave no gap."""

_CONTENT_SIZE = 1 / 16
"""Size of the patches' features beside their positions in the keys. A key's position has a mean square of 1/2, so at
1/16 fresh features hardly move the scores, and a place is not lost in them."""

_MIN_FREQUENCY = 0.3
"""Radians a patch from which a frequency is used at any size of the grid, though its wave is shorter than the image."""


def query_grid(num_queries: int, grid: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of queries whose cells over a patch grid are nearest to squares; fewer rows when equal."""
    rows, columns = grid
    divisors = [n for n in range(1, num_queries + 1) if num_queries % n == 0]
    return min(
        ((n, num_queries // n) for n in divisors),
        key=lambda shape: (round(abs(math.log(shape[1] * rows / (shape[0] * columns))), 6), shape[0]),
    )


def query_points(num_queries: int, grid: tuple[int, int]) -> Tensor:
    """(row, column) of each query in patches, (Q, 2), float64: centres of the cells, row by row."""
    sides = query_grid(num_queries, grid)
    axes = [(torch.arange(n).double() + 0.5) * size / n - 0.5 for n, size in zip(sides, grid, strict=True)]
    return torch.cartesian_prod(*axes)


@torch.no_grad()
def init_queries_on_grid(
    query_QH: Tensor, in_proj_weight: Tensor, ln_kv_weight_H: Tensor, *, num_heads: int, grid: tuple[int, int]
) -> None:
    """Set queries, and the query and key projections, so that each query attends near its point on a patch grid.

    With a query at p and a key at k, the product of their sines and cosines is the sum over frequencies of
    cos(frequency * (p - k)), greatest at p = k. Each head gets every n-th frequency of both axes. Signs alternate in
    the query and are undone by its projection: its mean is then almost 0, and the norm in front changes nothing.
    Frequencies with a wave longer than twice the image tell no places apart; there the projections stay random.

    Args:
        query_QH: the queries.
        in_proj_weight: projections of queries, keys and values, (3 H, H).
        ln_kv_weight_H: scale of the norm of keys and values.
        num_heads: heads of the attention.
        grid: rows and columns of patches.
    """
    num_queries, width = query_QH.shape
    quarter, head_dim = width // 4, width // num_heads
    frequencies = sincos_frequencies(width)
    sign_H = (1 - 2 * (torch.arange(quarter) % 2)).float().repeat(4)
    query_QH.copy_(sincos(query_points(num_queries, grid), width) * sign_H)

    query_HH, key_HH, value_HH = in_proj_weight.chunk(3)
    reach = max(1.0, math.sqrt(grid[0] * grid[1] / num_queries) / 2)
    for head in range(num_heads):
        mine = torch.arange(head, quarter, num_heads)
        telling = mine[frequencies[mine] >= min(math.pi / max(grid), _MIN_FREQUENCY)]
        fall = float((1 - torch.cos(frequencies[telling] * reach)).sum())
        # The norm doubles the mean square of the query, 1/2, to 1.
        gain = math.sqrt(_BORDER_NATS * math.sqrt(head_dim) / (math.sqrt(2) * fall))
        inputs = torch.cat([telling + part * quarter for part in range(4)])
        outputs = head * head_dim + torch.arange(len(inputs))
        for weight, sign in ((query_HH, sign_H), (key_HH, torch.ones_like(sign_H))):
            nn.init.trunc_normal_(weight[head * head_dim : (head + 1) * head_dim], std=0.02)
            weight[outputs] = 0
            weight[outputs, inputs] = gain * sign[inputs].to(weight.dtype)
    ln_kv_weight_H.fill_(_CONTENT_SIZE)
    value_HH.div_(math.sqrt(_CONTENT_SIZE))  # the norm behind the attention takes up the rest
