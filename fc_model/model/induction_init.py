"""Attention that looks back from the first step: heads for the tokens just before, and an induction head.

A small model spends much of a short run on finding these heads (Olsson et al. 2022, In-context learning and induction
heads), though their weights can be written down. They are a start only: everything is trained from there.

Shapes: V vocabulary, D hidden size, A width of a head, P pairs of dimensions of a head that RoPE turns together.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

if TYPE_CHECKING:
    from fc_model.config.model import ModelConfig
    from fc_model.model.decoder import Attention, Decoder

_BIAS = 0.5
"""Size of the direction that all embeddings share, over the standard deviation of what differs."""

_PEAK_SCORE = 15.0
"""Score of the place that a head of position looks at; its neighbours are 3 lower."""

_MATCH_SCORE = 7.0
"""Score of a match of the induction head, where the others spread by about 2."""

_FAST = 0.3
"""Radians a token from which a pair of dimensions tells neighbours apart."""

_WRITE = 0.8
"""Size of what the first head writes into the stream, beside embeddings of this standard deviation."""


@torch.no_grad()
def init_look_back(decoder: Decoder) -> None:
    """Overwrite a few heads of a freshly drawn decoder, from torch's default generator.

    Heads 0 and 1 of the first block look 1 and 2 tokens back: all embeddings get a direction in common, queries and
    keys see only that, and RoPE turns it by the place. Head 0 writes the token it sees into the stream, and head 0 of
    the second block compares that with the present token, so it looks at what followed the token earlier on.
    """
    config = decoder.config
    shared_D = torch.randint(0, 2, (config.hidden_size,)) * 2.0 - 1.0
    direction_D = shared_D / math.sqrt(config.hidden_size)
    embedding_VD = decoder.embed_tokens.weight
    embedding_VD -= torch.outer(embedding_VD @ direction_D, direction_D)
    embedding_VD += _BIAS * config.embedding_init_std * shared_D
    first, second = (cast("Attention", layer.self_attn) for layer in list(decoder.layers)[:2])
    for head in range(min(2, config.num_heads)):
        _look_at(first, head, distance=head + 1, shared_D=shared_D, config=config)
    _match(first, second, shared_D=shared_D, config=config)


def slow_pairs(config: ModelConfig) -> Tensor:
    """Numbers of the pairs that turn so little over a whole context that they compare content, not place; (P,)."""
    return (pair_frequencies(config) * config.context_length < 2.5).nonzero().flatten()


def pair_frequencies(config: ModelConfig) -> Tensor:
    """Radians a token of each pair (i, i + A/2), (A/2,): theta^(-2i/A)."""
    return config.rope_theta ** (-torch.arange(0, config.head_dim, 2, dtype=torch.float32) / config.head_dim)


def _look_at(attention: Attention, head: int, *, distance: int, shared_D: Tensor, config: ModelConfig) -> None:
    """Score of a place at distance d: the sum of cos(frequency * (d - distance)) over the fast pairs, scaled."""
    width = config.head_dim
    frequencies = pair_frequencies(config)
    fast = (frequencies > _FAST).nonzero().flatten()
    seen = _BIAS / math.sqrt(1 + _BIAS**2)  # of the shared direction after the norm, in each dimension
    size = math.sqrt(math.sqrt(width) * _PEAK_SCORE / len(fast)) / (seen * config.hidden_size)
    query_AD, key_AD = torch.zeros(2, width, config.hidden_size)
    for pair in fast.tolist():
        angle = float(frequencies[pair]) * distance
        query_AD[pair] = size * math.cos(angle) * shared_D
        query_AD[pair + width // 2] = -size * math.sin(angle) * shared_D
        key_AD[pair] = size * shared_D
    _set_head(attention, head, query_AD=query_AD, key_AD=key_AD, config=config)


def _match(first: Attention, second: Attention, *, shared_D: Tensor, config: ModelConfig) -> None:
    """Let head 0 of `first` write what it reads, and head 0 of `second` find where that is like the token at hand."""
    width, hidden = config.head_dim, config.hidden_size
    direction_D = shared_D / math.sqrt(hidden)
    read_AD = first.v_proj.weight[:width]
    read_AD -= torch.outer(read_AD @ direction_D, direction_D)
    write_DA = torch.linalg.qr(torch.randn(hidden, width)).Q
    write_DA -= torch.outer(direction_D, direction_D @ write_DA)
    strength = _WRITE * config.embedding_init_std / 0.8
    first.o_proj.weight[:, :width] = strength * write_DA
    pairs = slow_pairs(config)
    slow = torch.cat((pairs, pairs + width // 2))
    chosen_PA = torch.linalg.qr(torch.randn(width, width)).Q[: len(slow)]
    stream = math.sqrt(config.embedding_init_std**2 * (1 + _BIAS**2) + strength**2 * width / hidden)
    product = config.embedding_init_std * strength / stream**2
    size = math.sqrt(_MATCH_SCORE * math.sqrt(width) / (len(slow) * product))
    query_AD, key_AD = torch.zeros(2, width, hidden)
    query_AD[slow] = size * chosen_PA @ read_AD
    key_AD[slow] = size * chosen_PA @ write_DA.T
    _set_head(second, 0, query_AD=query_AD, key_AD=key_AD, config=config)


def _set_head(attention: Attention, head: int, *, query_AD: Tensor, key_AD: Tensor, config: ModelConfig) -> None:
    width, key_head = config.head_dim, head * config.num_kv_heads // config.num_heads
    attention.q_proj.weight[head * width : (head + 1) * width] = query_AD
    attention.k_proj.weight[key_head * width : (key_head + 1) * width] = key_AD
