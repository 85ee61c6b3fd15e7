"""Attention of patches and queries, in heads; the modules around it differ in the names of their weights only.

Shapes: B images, T queries, S keys, D width, K heads, A = D / K width of a head.
"""

from __future__ import annotations

from torch import Tensor

from fc_model.model.attention import full_attention
from fc_model.model.rope import rotate


def multi_head_attention(
    q_BTD: Tensor, k_BSD: Tensor, v_BSD: Tensor, *, num_heads: int, rope: tuple[Tensor, Tensor] | None = None
) -> Tensor:
    """Every query attends to every key, (B, T, D); `rope` turns both by cosines and sines, (T, A) each."""
    q_BKTA, k_BKSA, v_BKSA = (x.unflatten(-1, (num_heads, -1)).transpose(1, 2) for x in (q_BTD, k_BSD, v_BSD))
    if rope is not None:
        q_BKTA, k_BKSA = rotate(q_BKTA, *rope), rotate(k_BKSA, *rope)
    return full_attention(q_BKTA, k_BKSA, v_BKSA).transpose(1, 2).flatten(2)
