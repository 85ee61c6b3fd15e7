"""Attention on the path that is fastest where it runs.

On a CPU torch's fused attention runs at a sixth of the rate of its matrix products, worse in bf16 and on short rows:
64 images of 18 patches take 25 ms a layer in bf16, forward and backward, and 3 ms as products
(`python -m bench.attention`). In fp32, on two threads, rows of 64 and less take 1.1 to 4 times as long
(docs/experiments/image-steps.md).

Shapes: B sequences, H query heads, K key heads, T queries, S keys, A width of a head, G query heads of a key head.
In causal attention the queries are the last T of the S keys: all of them, or those behind a cache.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

_QUERY_BLOCK = 128
_SHORT = 64
"""Rows up to this length are products in every type."""
_MAX_KEPT = 1024
"""Longest row whose attention weights are kept for the backward pass, about 1 MiB a head in bf16."""


def causal_attention(q_BHTA: Tensor, k_BKTA: Tensor, v_BKTA: Tensor, mask: Tensor | None) -> Tensor:
    """softmax(q k^T / sqrt(A)) v; causal, or by a mask (true to look, or a bias) that is causal itself.

    Queries behind a cache, T < S, need the mask, but for a single one that looks at all.
    """
    whole = q_BHTA.shape[2] == k_BKTA.shape[2]
    if whole and _as_products(q_BHTA, masked=mask is not None) and (mask is None or mask.dtype == torch.bool):
        return blockwise_attention(q_BHTA, k_BKTA, v_BKTA, mask)
    return F.scaled_dot_product_attention(
        q_BHTA,
        k_BKTA,
        v_BKTA,
        attn_mask=mask,
        is_causal=mask is None and whole,
        enable_gqa=q_BHTA.shape[1] != k_BKTA.shape[1],
    )


def full_attention(q_BHTA: Tensor, k_BHSA: Tensor, v_BHSA: Tensor) -> Tensor:
    """softmax(q k^T / sqrt(A)) v; every query looks at every key."""
    if not _as_products(k_BHSA, masked=False):
        return F.scaled_dot_product_attention(q_BHTA, k_BHSA, v_BHSA)
    return product_attention(q_BHTA, k_BHSA, v_BHSA)


def product_attention(q_BHTA: Tensor, k_BHSA: Tensor, v_BHSA: Tensor) -> Tensor:
    """`full_attention` as matrix products around a softmax in fp32."""
    scores_BHTS = (q_BHTA @ k_BHSA.mT).float() * q_BHTA.shape[-1] ** -0.5
    return scores_BHTS.softmax(dim=-1).to(v_BHSA.dtype) @ v_BHSA


def blockwise_attention(q_BHTA: Tensor, k_BKTA: Tensor, v_BKTA: Tensor, mask: Tensor | None) -> Tensor:
    """Causal attention by blocks of queries, each against the keys up to its own end: most of the masked half is never
    made.

    The query heads of one key head lie below each other in one product. `mask` is boolean, (B, 1, T, T).
    """
    length, width = q_BHTA.shape[2:]
    q_BKGTA = q_BHTA.unflatten(1, (k_BKTA.shape[1], -1))
    if mask is None:
        mask = torch.ones(length, length, dtype=torch.bool, device=q_BHTA.device).tril().view(1, 1, length, length)
    blocks = []
    for start in range(0, length, _QUERY_BLOCK):
        stop = min(start + _QUERY_BLOCK, length)
        q_BKRA = q_BKGTA[:, :, :, start:stop].flatten(2, 3)
        scores = (q_BKRA @ k_BKTA[:, :, :stop].transpose(2, 3)).unflatten(2, (-1, stop - start)).float()
        seen = mask[:, :, start:stop, :stop].unsqueeze(2)
        odds = torch.where(seen, scores * width**-0.5, -math.inf).softmax(dim=-1).to(v_BKTA.dtype)
        blocks.append((odds.flatten(2, 3) @ v_BKTA[:, :, :stop]).unflatten(2, (-1, stop - start)))
    return torch.cat(blocks, dim=3).flatten(1, 2)


def attention_mask(document_BT: Tensor) -> Tensor:
    """True where a position may look: not ahead, and inside its own document. (B, 1, T, T)."""
    same_BTT = document_BT.unsqueeze(2) == document_BT.unsqueeze(1)
    return same_BTT.tril().unsqueeze(1)


def alibi_bias(num_heads: int, distance_BTS: Tensor, visible_B1TS: Tensor | None = None) -> Tensor:
    """Linear penalty on distance, one slope a head, -inf where a position may not look (Press et al. 2022).

    Slopes are 2^(-8 (h + 1) / H). Without `visible_B1TS` all that is not ahead is seen. Shape (B, H, T, S).
    """
    heads_H = torch.arange(1, num_heads + 1, device=distance_BTS.device)
    slopes_H11 = 2.0 ** (-8.0 * heads_H / num_heads).view(-1, 1, 1)
    distance_B1TS = distance_BTS.unsqueeze(1)
    visible = distance_B1TS >= 0 if visible_B1TS is None else visible_B1TS
    return (-slopes_H11 * distance_B1TS).masked_fill(~visible, -math.inf)


def _as_products(x_BHTA: Tensor, *, masked: bool) -> bool:
    """Whether products are faster: in bf16, on short rows, or where a compiler fuses what lies between them.

    With a mask compiled products are slower in fp32, and take twice to three times as long to compile.
    """
    fused_is_slow = x_BHTA.dtype == torch.bfloat16 or (torch.compiler.is_compiling() and not masked)
    return x_BHTA.device.type == "cpu" and x_BHTA.shape[2] <= (_MAX_KEPT if fused_is_slow else _SHORT)
