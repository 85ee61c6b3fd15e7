"""A contender with wrong gradients has no speed."""

import math

import pytest
import torch
from torch import Tensor, nn

from bench import trust
from bench.train_step import SHAPE, Refused, trusted_step


def figures(loss: float = 2.0, scale: float = 1.0) -> tuple[float, list[Tensor]]:
    return loss, [scale * torch.arange(1.0, 5.0), torch.zeros(2)]


@pytest.mark.parametrize(
    ("actual", "why"),
    [
        (figures(), None),
        (figures(loss=2.0001), None),
        (figures(loss=2.01), "refused: its loss is 5.0e-03 off uncompiled fp32, at most 0.0001 is rounding"),
        (figures(scale=1.01), "refused: its gradient is 1.0e-02 off uncompiled fp32, at most 0.001 is rounding"),
        (figures(scale=math.nan), "refused: its loss is 2.0, the norm of its gradient nan"),
        (figures(loss=math.inf), "refused: its loss is inf, the norm of its gradient 5.4"),
    ],
)
def test_faults_in_fp32(actual: tuple[float, list[Tensor]], why: str | None) -> None:
    found = trust.fault(actual, figures(), torch.float32)
    assert (found or "").startswith(why or "") and bool(found) == bool(why)


def test_bf16_may_round() -> None:
    assert trust.fault(figures(loss=2.01, scale=1.01), figures(), torch.bfloat16) is None


class WrongBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, loss: Tensor, factor: float) -> Tensor:  # type: ignore[no-untyped-def, override]
        ctx.factor = factor
        return loss.clone()

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[no-untyped-def, override]
        return gradient * ctx.factor, None


class Twofaced(nn.Module):
    """Right at first, as uncompiled; with wrong gradients from the second call on."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.table = nn.Embedding(SHAPE.vocab_size, 4)
        self.factor, self.calls = factor, 0

    def forward(self, ids_BT: Tensor, targets_BT: Tensor) -> Tensor:
        self.calls += 1
        loss = self.table(ids_BT).square().mean()
        return loss if self.calls == 1 else WrongBackward.apply(loss, self.factor)


@pytest.mark.parametrize("factor", [1.1, float("nan")])
def test_a_step_with_wrong_gradients_is_refused(factor: float) -> None:
    with pytest.raises(Refused, match="refused: "):
        trusted_step(Twofaced(factor), compiled=False, dtype=torch.float32)
    assert trusted_step(Twofaced(1.0), compiled=False, dtype=torch.float32)()
