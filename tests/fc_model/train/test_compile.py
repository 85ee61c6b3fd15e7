"""Compiled code is trusted after it was compared, whatever a compiler makes of a processor."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
from factories.models import tiny_model
from torch import Tensor

from fc_model.model.decoder import Decoder
from fc_model.train import compile as module
from fc_model.train.compile import CompiledLoss

IDS = torch.arange(32).reshape(2, 16)


class NoNumbers(torch.autograd.Function):
    """The right value, with gradients that are not numbers."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor) -> Tensor:
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0] * float("nan")


def no_numbers(loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda *inputs, **options: NoNumbers.apply(loss(*inputs, **options))


def a_tenth_more(loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda *inputs, **options: 1.2 * loss(*inputs, **options)


def right(loss: Callable[..., Tensor]) -> Callable[..., Tensor]:
    return lambda *inputs, **options: loss(*inputs, **options)


@pytest.fixture
def decoder() -> Decoder:
    torch.manual_seed(0)
    return Decoder(tiny_model(vocab_size=64, zero_init_outputs=False, head_init_std=0.1))


@pytest.mark.parametrize(
    ("ways", "chosen"),
    [
        ([right], "compiled"),
        ([no_numbers, right], "compiled for 256-bit vectors"),
        ([a_tenth_more, right], "compiled for 256-bit vectors"),
        ([no_numbers, no_numbers], "eager"),
    ],
)
def test_the_first_way_that_is_right_is_taken(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, ways: Any, chosen: str
) -> None:
    widths: list[int | None] = []
    coming = iter(ways)
    monkeypatch.setattr(torch, "compile", lambda loss, dynamic: next(coming)(loss))
    monkeypatch.setattr(module, "_set_vector_width", widths.append)
    compiled = CompiledLoss(decoder, seq_len=16)
    with caplog.at_level(logging.WARNING):
        compiled(IDS, IDS).backward()
    assert compiled.way == chosen and widths[: len(ways)] == [None, 256][: len(ways)]
    assert len(caplog.records) == len(ways) - (chosen != "eager")
    gradient = {name: parameter.grad for name, parameter in decoder.named_parameters()}
    decoder.zero_grad()
    decoder.loss(IDS, IDS).backward()
    for name, parameter in decoder.named_parameters():
        torch.testing.assert_close(gradient[name], parameter.grad)


def test_a_step_that_is_at_fault_itself_is_left_to_its_guard(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    with torch.no_grad():
        decoder.norm.weight.fill_(float("nan"))
    monkeypatch.setattr(torch, "compile", lambda loss, dynamic: right(loss))
    compiled = CompiledLoss(decoder, seq_len=16)
    assert compiled(IDS, IDS).isnan() and compiled.way == "compiled"
