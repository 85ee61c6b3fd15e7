"""Both sides of the attention bench compute the same."""

import pytest
import torch
import torch.nn.functional as F

from bench import attention


def test_products_are_attention():
    random = torch.Generator().manual_seed(0)
    rows = [torch.randn(2, 3, 7, 8, generator=random) for _ in range(3)]
    assert torch.allclose(attention._products(*rows), F.scaled_dot_product_attention(*rows), atol=1e-5)


@pytest.mark.parametrize("causal", [True, False])
def test_the_race_gives_both_sides_and_their_ratio(causal):
    found = attention.race((2, 2, 9, 8, causal), torch.bfloat16, rounds=1)
    assert found["ratio"] == pytest.approx(found["fused_ms"] / found["products_ms"], rel=0.2, abs=0.2)
