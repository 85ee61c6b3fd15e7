"""Perceiver queries that start as points on the image and attend to what is near them.

A reader must first find which query stands for which place; a query that looks at its place from the first step
need not. Only starting values change, so the graph that llama.cpp runs stays the same.

Shapes: Q queries, H hidden size, A width of a head.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from fc_model.vision.encoders.positions import sincos, sincos_frequencies

if TYPE_CHECKING:
    from fc_model.vision.fusion.perceiver import PerceiverResampler

_NEAR = 1.5
"""Nats of attention lost from a query's place to the border of its cell (at least one patch away)."""

_CONTENT = 1 / 16
"""Size of the patches' features beside their positions in the keys, so that a place is not lost in them."""


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
def init_queries_on_a_grid(fusion: PerceiverResampler, grid: tuple[int, int]) -> None:
    """Set queries, and the query and key projections, so that each query attends near its point on a patch grid.

    With a query at p and a key at k, the product of their sines and cosines is the sum over frequencies of
    cos(frequency * (p - k)), greatest at p = k. Each head gets every n-th frequency of both axes. Signs alternate in
    the query and are undone by its projection: its mean is then almost 0, and the norm in front changes nothing.
    Frequencies with a wave longer than twice the image tell no places apart; there the projections stay random.
    """
    width, num_heads = fusion.hidden_size, fusion.attn.num_heads
    quarter, head_dim = width // 4, width // num_heads
    frequencies = sincos_frequencies(width)
    sign_H = (1 - 2 * (torch.arange(quarter) % 2)).float().repeat(4)
    fusion.query.copy_(sincos(query_points(len(fusion.query), grid), width) * sign_H)

    query_HH, key_HH, value_HH = fusion.attn.in_proj_weight.chunk(3)
    reach = max(1.0, math.sqrt(grid[0] * grid[1] / len(fusion.query)) / 2)
    for head in range(num_heads):
        mine = torch.arange(head, quarter, num_heads)
        telling = mine[frequencies[mine] >= min(math.pi / max(grid), 0.3)]
        fall = float((1 - torch.cos(frequencies[telling] * reach)).sum())
        # The norm doubles the mean square of the query, 1/2, to 1.
        gain = math.sqrt(_NEAR * math.sqrt(head_dim) / (math.sqrt(2) * fall))
        inputs = torch.cat([telling + part * quarter for part in range(4)])
        outputs = head * head_dim + torch.arange(len(inputs))
        for weight, sign in ((query_HH, sign_H), (key_HH, torch.ones_like(sign_H))):
            nn.init.trunc_normal_(weight[head * head_dim : (head + 1) * head_dim], std=0.02)
            weight[outputs] = 0
            weight[outputs, inputs] = gain * sign[inputs].to(weight.dtype)
    fusion.ln_kv.weight.fill_(_CONTENT)
    value_HH.div_(math.sqrt(_CONTENT))  # the norm behind the attention takes up the rest
