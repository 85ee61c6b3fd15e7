"""Compiled code is trusted after it was compared, whatever a compiler makes of a processor."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
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


NARROW = "compiled for 256-bit vectors"


@pytest.fixture
def widths(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """The widths of vectors that are set, on a processor that has more than one."""
    set_widths: list[int | None] = []
    monkeypatch.setattr(module, "_set_vector_width", set_widths.append)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    return set_widths


@pytest.mark.parametrize(
    ("ways", "chosen"),
    [
        ([right], "compiled"),
        ([no_numbers, right], NARROW),
        ([a_tenth_more, right], NARROW),
        ([no_numbers, no_numbers], "eager"),
    ],
)
def test_the_first_way_that_is_right_is_taken(
    decoder: Decoder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    widths: list[int | None],
    ways: Any,
    chosen: str,
) -> None:
    coming = iter(ways)
    monkeypatch.setattr(torch, "compile", lambda loss, dynamic: next(coming)(loss))
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


def test_a_compiler_that_fails_on_the_whole_loss_does_not_end_the_training(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """As old ones do, and those that run out of memory: the compiler's own check, a small function, passes."""
    broken = tmp_path / "g++"
    broken.write_text(
        f"""#!/bin/sh
for argument; do case "$argument" in *.cpp) [ "$(wc -c < "$argument")" -gt 4000 ] && exit 1;; esac; done
exec {shutil.which("g++")} "$@"
"""
    )
    broken.chmod(0o755)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(torch._inductor.config.cpp, "cxx", (str(broken),))
    compiled = CompiledLoss(decoder, seq_len=16)
    with caplog.at_level(logging.WARNING):
        compiled(IDS, IDS).backward()
    assert compiled.way == "eager"
    assert "torch.compile fails here (compiled)" in caplog.text


@pytest.mark.parametrize("error", [NotADirectoryError(20, "Not a directory", "/cache"), AssertionError()])
def test_whatever_the_compiler_fails_with_the_training_goes_on(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fails(loss: Callable[..., Tensor], dynamic: bool) -> Callable[..., Tensor]:
        raise error

    monkeypatch.setattr(torch, "compile", fails)
    compiled = CompiledLoss(decoder, seq_len=16)
    with caplog.at_level(logging.WARNING):
        compiled(IDS, IDS).backward()
    assert compiled.way == "eager"
    assert (str(error) or "AssertionError") in caplog.text


def test_memory_that_runs_out_is_no_fault_of_the_compiler(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step halves its micro-batch and computes the loss again."""

    def full(*inputs: Any, **options: Any) -> Tensor:
        raise torch.OutOfMemoryError("no memory")

    monkeypatch.setattr(torch, "compile", lambda loss, dynamic: full)
    with pytest.raises(torch.OutOfMemoryError):
        CompiledLoss(decoder, seq_len=16)(IDS, IDS)


@pytest.mark.parametrize("does", ["sleep 2", "exit 1"])
def test_a_compiler_that_does_not_answer_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, does: str
) -> None:
    broken = tmp_path / "g++"
    broken.write_text(f"#!/bin/sh\n{does}\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))
    monkeypatch.setattr(module, "_ANSWERS_SECONDS", 0.2)
    with caplog.at_level(logging.WARNING):
        assert not module._compiler_works(torch.device("cpu"))
    assert str(broken) in caplog.text


@pytest.mark.parametrize(
    ("seconds", "calls", "chosen"),
    [
        ([0.3], 0, "compiled"),  # no call is left: another compilation would not come back
        ([0.3, 0.2], 10**6, NARROW),
        ([0.3, 0.28], 10**6, "compiled"),  # not faster by a tenth: chance does not decide
        ([0.2, 0.3], 10**6, "compiled"),
    ],
)
def test_the_fastest_way_is_taken_where_there_is_time_to_look_for_it(
    decoder: Decoder,
    monkeypatch: pytest.MonkeyPatch,
    widths: list[int | None],
    seconds: list[float],
    calls: int,
    chosen: str,
) -> None:
    """Each way is timed twice."""
    times = iter([time for one in seconds for time in (one, one)])
    monkeypatch.setattr(torch, "compile", lambda loss, dynamic: right(loss))
    monkeypatch.setattr(module, "_timed", lambda call: next(times))
    compiled = CompiledLoss(decoder, seq_len=16, calls=calls)
    compiled(IDS, IDS)
    assert compiled.way == chosen and next(times, None) is None
    assert widths[-1] == module.WAYS[chosen]


@pytest.mark.parametrize("way", [*module.WAYS])
def test_a_resumed_run_takes_the_way_that_it_took(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch, widths: list[int | None], way: str
) -> None:
    monkeypatch.setattr(torch, "compile", lambda loss, dynamic: right(loss))
    compiled = CompiledLoss(decoder, seq_len=16, calls=1000, way=way)
    compiled(IDS, IDS)
    assert compiled.way == way and set(widths) == ({module.WAYS[way]} if way != "eager" else set())


def test_a_way_that_is_wrong_on_another_machine_is_left(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, widths: list[int | None]
) -> None:
    monkeypatch.setattr(torch, "compile", lambda loss, dynamic: no_numbers(loss))
    compiled = CompiledLoss(decoder, seq_len=16, way="compiled")
    assert compiled(IDS, IDS).isfinite() and compiled.way == "eager"
    assert "the loss was computed compiled before, eager from here on" in caplog.text and widths


def test_a_step_that_is_at_fault_itself_is_left_to_its_guard(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with torch.no_grad():
        decoder.norm.weight.fill_(float("nan"))
    monkeypatch.setattr(torch, "compile", lambda loss, dynamic: right(loss))
    compiled = CompiledLoss(decoder, seq_len=16)
    assert compiled(IDS, IDS).isnan() and compiled.way == "compiled" and not caplog.records, "no way is to blame"
