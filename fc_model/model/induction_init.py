"""Previous-token heads and an induction head from the first step.

A small model spends much of a short run on finding these heads (Olsson et al. 2022, In-context learning and induction
heads), though their weights can be written down. They are a start only: everything is trained from there. The constants
set how sharp attention is at the start, which the tests hold; docs/experiments.md has what the heads gain.

Shapes: V vocabulary, D hidden size, A width of a head, P pairs of dimensions of a head that RoPE turns together.
"""

from __future__ import annotations

import math
from typing import Protocol

import torch
from torch import Tensor, nn

from fc_model.config.model import MAX_CONTENT_TURN, ModelConfig
from fc_model.model.rope import rope_frequencies

_SHARED_SIZE = 0.5
"""Size of the direction that all embeddings share, over the standard deviation of what differs. Larger, position heads
see it more clearly, and tokens differ less."""

_POSITION_SCORE = 15.0
"""Score of the place that a position head looks at. With the usual frequencies its neighbours are 3 lower, a twentieth
of its weight."""

_MATCH_SCORE = 7.0
"""Score of a match of the induction head. Scores of other tokens spread by about 2, so it stands out by more than three
deviations."""

_MIN_POSITION_TURN = 0.3
"""Radians a token from which a pair of dimensions tells neighbours apart: it goes once around in 21 tokens."""


class Projections(Protocol):
    """The matrices of an attention."""

    q_proj: nn.Linear
    k_proj: nn.Linear
    v_proj: nn.Linear
    o_proj: nn.Linear


@torch.no_grad()
def init_induction_heads(config: ModelConfig, embedding_VD: Tensor, first: Projections, second: Projections) -> None:
    """Overwrite a few heads of freshly drawn attentions of the first two blocks, from torch's default generator.

    Heads 0 and 1 of the first block look 1 and 2 tokens back: all embeddings get a direction in common, queries and
    keys see only that, and RoPE turns it by the place. Head 0 writes the token it sees into the stream, and head 0 of
    the second block compares that with the present token, so it looks at what followed the token earlier on.
    """
    shared_D = torch.randint(0, 2, (config.hidden_size,)) * 2.0 - 1.0
    direction_D = shared_D / math.sqrt(config.hidden_size)
    embedding_VD -= torch.outer(embedding_VD @ direction_D, direction_D)
    embedding_VD += _SHARED_SIZE * config.embedding_init_std * shared_D
    for head in range(min(2, config.num_heads)):
        _init_position_head(first, head, distance=head + 1, shared_D=shared_D, config=config)
    _init_match(first, second, shared_D=shared_D, config=config)


def _init_position_head(
    attention: Projections, head: int, *, distance: int, shared_D: Tensor, config: ModelConfig
) -> None:
    """Score of a place at distance d: the sum of cos(frequency * (d - distance)) over the fast pairs, scaled."""
    width = config.head_dim
    frequencies_P = rope_frequencies(width, config.rope_theta)
    fast = (frequencies_P > _MIN_POSITION_TURN).nonzero().flatten()
    seen = _SHARED_SIZE / math.sqrt(1 + _SHARED_SIZE**2)  # of the shared direction after the norm, in each dimension
    size = math.sqrt(math.sqrt(width) * _POSITION_SCORE / len(fast)) / (seen * config.hidden_size)
    query_AD, key_AD = torch.zeros(2, width, config.hidden_size)
    for pair in fast.tolist():
        angle = float(frequencies_P[pair]) * distance
        query_AD[pair] = size * math.cos(angle) * shared_D
        query_AD[pair + width // 2] = -size * math.sin(angle) * shared_D
        key_AD[pair] = size * shared_D
    _set_head(attention, head, query_AD=query_AD, key_AD=key_AD, config=config)


def _init_match(first: Projections, second: Projections, *, shared_D: Tensor, config: ModelConfig) -> None:
    """Let head 0 of `first` write what it reads, and head 0 of `second` find where that is like the token at hand."""
    width, hidden = config.head_dim, config.hidden_size
    direction_D = shared_D / math.sqrt(hidden)
    read_AD = first.v_proj.weight[:width]
    read_AD -= torch.outer(read_AD @ direction_D, direction_D)
    write_DA = torch.linalg.qr(torch.randn(hidden, width)).Q
    write_DA -= torch.outer(direction_D, direction_D @ write_DA)
    strength = config.embedding_init_std  # what is written weighs as much in the stream as an embedding
    first.o_proj.weight[:, :width] = strength * write_DA
    # Pairs that hardly turn over a whole context compare content, not place.
    pairs = (rope_frequencies(width, config.rope_theta) * config.context_length < MAX_CONTENT_TURN).nonzero().flatten()
    slow = torch.cat((pairs, pairs + width // 2))
    chosen_PA = torch.linalg.qr(torch.randn(width, width)).Q[: len(slow)]
    stream = math.sqrt(config.embedding_init_std**2 * (1 + _SHARED_SIZE**2) + strength**2 * width / hidden)
    product = config.embedding_init_std * strength / stream**2
    size = math.sqrt(_MATCH_SCORE * math.sqrt(width) / (len(slow) * product))
    query_AD, key_AD = torch.zeros(2, width, hidden)
    query_AD[slow] = size * chosen_PA @ read_AD
    key_AD[slow] = size * chosen_PA @ write_DA.T
    _set_head(second, 0, query_AD=query_AD, key_AD=key_AD, config=config)


def _set_head(attention: Projections, head: int, *, query_AD: Tensor, key_AD: Tensor, config: ModelConfig) -> None:
    width, key_head = config.head_dim, head * config.num_kv_heads // config.num_heads
    attention.q_proj.weight[head * width : (head + 1) * width] = query_AD
    attention.k_proj.weight[key_head * width : (key_head + 1) * width] = key_AD
