"""Attention by products equals torch's own, forward and backward."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from fc_model.model.attention import (
    attention_mask,
    blockwise_attention,
    causal_attention,
    full_attention,
    product_attention,
)


def check_gradients(one: Tensor, other: Tensor, inputs: tuple[Tensor, ...], weight: Tensor, *, atol: float) -> None:
    pairs = zip(*(torch.autograd.grad(x, inputs, weight.to(x.dtype)) for x in (one, other)), strict=True)
    assert all(torch.allclose(*pair, atol=atol) for pair in pairs)


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
@pytest.mark.parametrize("length", [40, 128, 300])
def test_blockwise_attention_equals_torch(length: int, kv_heads: int, masked: bool) -> None:
    random = torch.Generator().manual_seed(length)
    query = torch.randn(2, 4, length, 8, generator=random, requires_grad=True)
    key, value = (torch.randn(2, kv_heads, length, 8, generator=random, requires_grad=True) for _ in range(2))
    document_BT = torch.randint(0, 3, (2, length), generator=random).sort(dim=1).values
    mask = attention_mask(document_BT) if masked else None
    ours = blockwise_attention(query, key, value, mask)
    theirs = F.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, is_causal=mask is None, enable_gqa=kv_heads != 4
    )
    weight = torch.randn(ours.shape, generator=random)
    assert torch.allclose(ours, theirs, atol=1e-5)
    check_gradients(ours, theirs, (query, key, value), weight, atol=1e-5)


@pytest.mark.parametrize("length", [5, 40, 300])
@pytest.mark.parametrize("masked", [True, False])
def test_causal_attention_in_bf16_is_that_of_fp32(length: int, masked: bool) -> None:
    random = torch.Generator().manual_seed(length)
    query, key, value = (torch.randn(2, 3, length, 16, generator=random) for _ in range(3))
    mask = attention_mask(torch.arange(length).div(4, rounding_mode="floor").expand(2, -1)) if masked else None
    exact = causal_attention(query, key, value, mask)
    rounded = causal_attention(query.bfloat16(), key.bfloat16(), value.bfloat16(), mask)
    assert rounded.dtype == torch.bfloat16
    assert torch.allclose(rounded.float(), exact, atol=0.05)


@pytest.mark.parametrize(("queries", "keys"), [(18, 18), (5, 70), (1, 3)])
def test_full_attention_in_bf16_is_that_of_fp32(queries: int, keys: int) -> None:
    random = torch.Generator().manual_seed(keys)
    query = torch.randn(2, 3, queries, 16, generator=random, requires_grad=True)
    key, value = (torch.randn(2, 3, keys, 16, generator=random, requires_grad=True) for _ in range(2))
    weight = torch.randn(2, 3, queries, 16, generator=random)
    exact = F.scaled_dot_product_attention(query, key, value)
    rounded = full_attention(query.bfloat16(), key.bfloat16(), value.bfloat16())
    assert torch.allclose(rounded.float(), exact, atol=0.05)
    check_gradients(rounded, exact, (query, key, value), weight, atol=0.1)
    own = full_attention(query, key, value)
    assert torch.equal(own, exact) == (keys > 64), "torch's own in fp32, but on short rows"
    assert torch.allclose(product_attention(query, key, value), exact, atol=1e-5)
