"""Both sides of the attention bench compute the same."""

import pytest
import torch

from bench import attention


@pytest.mark.parametrize("causal", [True, False])
def test_race(causal):
    found = attention.race((2, 2, 9, 8, causal), torch.bfloat16, rounds=1)
    assert found["ratio"] == pytest.approx(found["fused_ms"] / found["products_ms"], rel=0.2, abs=0.2)
