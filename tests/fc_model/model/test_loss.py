"""The chunked cross-entropy against torch's."""

import pytest
import torch
import torch.nn.functional as F

from fc_model.model import loss as loss_module
from fc_model.model.loss import IGNORE, next_token_loss


@pytest.mark.parametrize("chunk_logits", [1, 100, 2**24])
def test_value_and_gradients_equal_torch(chunk_logits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_module, "CHUNK_LOGITS", chunk_logits)
    torch.manual_seed(0)
    hidden = torch.randn(19, 8, requires_grad=True)
    head = torch.randn(11, 8, requires_grad=True)
    targets = torch.randint(0, 11, (19,))
    targets[[0, 7]] = IGNORE
    ours = next_token_loss(hidden_ND=hidden, head_VD=head, targets_N=targets)
    gradients = torch.autograd.grad(3 * ours, (hidden, head))
    theirs = F.cross_entropy(hidden @ head.T, targets)
    expected = torch.autograd.grad(3 * theirs, (hidden, head))
    assert torch.allclose(ours, theirs)
    for one, other in zip(gradients, expected, strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_divisor_of_the_whole_batch() -> None:
    hidden, head, targets = torch.randn(4, 8), torch.randn(11, 8), torch.randint(0, 11, (4,))
    mean = next_token_loss(hidden_ND=hidden, head_VD=head, targets_N=targets)
    part = next_token_loss(hidden_ND=hidden, head_VD=head, targets_N=targets, num_targets=16)
    assert torch.allclose(part * 4, mean)


def test_no_targets_give_zero() -> None:
    hidden = torch.randn(4, 8, requires_grad=True)
    total = next_token_loss(hidden_ND=hidden, head_VD=torch.randn(11, 8), targets_N=torch.full((4,), IGNORE))
    total.backward()
    assert total.detach() == 0
    assert float(hidden.grad.abs().max()) == 0


def test_autocast_computes_the_product_in_bf16_and_the_sum_in_fp32() -> None:
    torch.manual_seed(0)
    hidden, head = torch.randn(64, 32, requires_grad=True), (torch.randn(50, 32) / 6).requires_grad_()
    targets = torch.randint(0, 50, (64,))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = next_token_loss(hidden_ND=hidden, head_VD=head, targets_N=targets)
    full = next_token_loss(hidden_ND=hidden, head_VD=head, targets_N=targets)
    assert low.dtype == torch.float32
    assert low.detach() != full.detach()
    assert (low - full).detach().abs() < 2e-2
    (gradient,) = torch.autograd.grad(low, head)
    assert gradient.dtype == torch.float32
