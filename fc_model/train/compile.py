"""torch.compile, where it pays."""

from __future__ import annotations

import logging
import math
import os
import shutil
import subprocess
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig
from fc_model.device import gemm_flops, is_out_of_memory
from fc_model.model.decoder import Decoder

logger = logging.getLogger(__name__)

_PAYS_SECONDS = 60.0
"""Uncompiled time from which on the compiler's own 6 to 30 seconds come back."""
_EAGER_SHARE = 0.3
"""Share of the matrix product's rate that an uncompiled step of a small decoder reaches on a CPU."""
_WHOLE_LAYERS = 12
"""Up to this depth forward and loss are one graph; deeper ones, which would compile for minutes, share one a block."""
WAYS: dict[str, int | None] = {"eager": None, "compiled": None, "compiled for 256-bit vectors": 256}
"""How the loss may be computed, and the compiler's bits a vector; None are the processor's own. With 256 the bf16 code
is right where its widest is not (Intel processors with AMX)."""
_ANSWERS_SECONDS = 60.0
_TIMED_CALLS = 2
_FASTER = 0.9
"""Of the time of the way before it, which another must stay below: chance is to choose as rarely as can be."""
_WORTH = 20
"""Times that compiling takes from which on all the calls are long enough to look for a faster way."""
_CLOSE = 0.1
"""Of the gradients' norm. In bf16 two right orders of summation differ by 0.01."""
_DROPOUT_CLOSE = 3.0
"""Two draws of dropout give gradients that are nearly at right angles, so at most of about twice the norm apart."""


def should_compile(
    setting: str | bool, *, model: ModelConfig, stage: StageConfig, device: torch.device, dtype: torch.dtype | None
) -> bool:
    """Resolve the setting; auto compiles where a compiler works and the stage is long enough to pay for it.

    Of a stage with images it is the steps of text: those of images come in many shapes, each of which would be compiled
    for as long as its steps take, and one graph for all shapes is no faster than none (docs/experiments).
    """
    if isinstance(setting, bool) or not stage.trains_decoder:
        return setting is True and stage.trains_decoder
    flops = model.flops_per_token(stage.seq_len) * stage.window_steps * stage.batch_tokens
    if flops / (_EAGER_SHARE * gemm_flops(device, dtype or torch.float32)) < _PAYS_SECONDS:
        return False
    return _compiler_works(device)


class CompiledLoss:
    """`decoder.loss` for training, compiled by the fastest way that is right here; eager where none is.

    The first call computes loss and gradients by each way and compares them with those of eager code: on some
    processors the compiler's code for bf16 gives the right loss and gradients that are not numbers, and on some it is
    faster with vectors of half the width. What cannot be compiled counts as wrong. Weights and their names stay the
    decoder's.

    Args:
        calls: how often it will be called, at least. Another width of vectors is tried where the first is wrong, or
            where the calls take so long that a faster way gives back the time of compiling it.
        way: what an earlier attempt of the run took, which its losses depend on in their last digits; only whether it
            is still right is looked at. None takes the fastest.
    """

    def __init__(self, decoder: Decoder, *, seq_len: int, calls: int = 0, way: str | None = None) -> None:
        # A table that is filled while tracing would make the second step compile again.
        decoder.rope(seq_len, decoder.embed_tokens.weight.device)
        self._decoder, self._calls = decoder, calls
        self._loss: Callable[..., Tensor] | None = None
        self.way = way
        """How the loss is computed, once that is known: a key of WAYS."""

    def __call__(self, *inputs: Tensor | None, **options: Any) -> Tensor:
        """As `Decoder.loss`."""
        if self._loss is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the compiler's, on its own dependencies
                self._loss = self._choose(*inputs, **options)
        return self._loss(*inputs, **options)

    def _choose(self, *inputs: Tensor | None, **options: Any) -> Callable[..., Tensor]:
        parameters = [parameter for parameter in self._decoder.parameters() if parameter.requires_grad]

        def computed(loss: Callable[..., Tensor]) -> list[Tensor]:
            with torch.random.fork_rng():  # a resumed stage makes this call, too, and its dropout is to be the same
                value = loss(*inputs, **options)
                gradients = torch.autograd.grad(value, parameters, allow_unused=True, materialize_grads=True)
            return [value.detach(), *gradients]

        expected = computed(self._decoder.loss)
        best, best_seconds, way, loss = "eager", math.inf, "eager", self._decoder.loss
        for way in self._candidates():
            begin = time.perf_counter()
            try:
                loss = self._switch_to(way)
                actual = computed(loss)
            except Exception as error:  # a compiler that can small functions only, or has lost its folder since
                if is_out_of_memory(error):
                    raise
                logger.warning("torch.compile fails here (%s): %s", way, _first_line(error))
                continue
            compiling = time.perf_counter() - begin
            if not _agree(actual, expected, dropout=_drops(self._decoder)):
                logger.warning("torch.compile gives other gradients than torch does here (%s)", way)
                continue
            seconds = min(_timed(partial(computed, loss)) for _ in range(_TIMED_CALLS))
            if seconds < _FASTER * best_seconds:
                best, best_seconds = way, seconds
            if seconds * self._calls < _WORTH * compiling:
                break
        if self.way not in (None, best):
            logger.warning("the loss was computed %s before, %s from here on: results may differ", self.way, best)
        self.way = best
        return loss if way == best else self._switch_to(best)

    def _candidates(self) -> list[str]:
        if self.way is not None:
            return [self.way] if self.way != "eager" else []
        on_cpu = self._decoder.embed_tokens.weight.device.type == "cpu"
        # Without AVX-512 the compiler's widest vectors are the narrower ones.
        wide = on_cpu and torch.backends.cpu.get_cpu_capability() != "AVX2"
        return [way for way, bits in WAYS.items() if way != "eager" and (bits is None or wide)]

    def _switch_to(self, way: str) -> Callable[..., Tensor]:
        """The loss by a way; what was compiled another way is dropped."""
        torch._dynamo.reset()
        for layer in self._decoder.layers:
            layer._compiled_call_impl = None
        _set_vector_width(WAYS[way])
        if way == "eager":
            return self._decoder.loss
        if self._decoder.config.num_layers > _WHOLE_LAYERS:
            for layer in self._decoder.layers:
                layer.compile(dynamic=False)
            return self._decoder.loss
        compiled: Callable[..., Tensor] = torch.compile(self._decoder.loss, dynamic=False)
        return compiled


def _drops(decoder: Decoder) -> bool:
    return any(module.p > 0 for module in decoder.modules() if isinstance(module, nn.Dropout))


def _timed(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def _set_vector_width(bits: int | None) -> None:
    from torch._inductor import config

    config.cpp.simdlen = bits


def _agree(actual: list[Tensor], expected: list[Tensor], *, dropout: bool) -> bool:
    """Whether all are finite and close: the norm of the differences is a small share of that of what is expected.

    Where that is no number itself, the step is at fault and not the compiler; the guard of the step sees to it. Dropout
    draws other units in compiled code, so with it only the size of the gradients can be compared.
    """
    wanted = torch.stack([tensor.float().norm() for tensor in expected]).norm()
    differences = [(one.float() - other.float()).norm() for one, other in zip(actual, expected, strict=True)]
    off = torch.stack(differences).norm()
    return not bool(wanted.isfinite()) or bool(off <= (_DROPOUT_CLOSE if dropout else _CLOSE) * wanted)


def _compiler_works(device: torch.device) -> bool:
    """Whether a small function can be compiled here: the compiler, its headers and its cache are all there."""
    if device.type == "mps" or (device.type == "cpu" and not _compiler_answers(os.environ.get("CXX", "g++"))):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.compile(_probe, dynamic=False)(torch.ones(16, device=device))
    except Exception as error:  # whatever a compiler can fail with, training goes without it
        logger.warning("torch.compile does not work here, training goes on without it: %s", _first_line(error))
        return False
    return True


def _compiler_answers(command: str) -> bool:
    """Whether the compiler tells its version. torch asks, too, and waits for good on one that hangs (a lost mount)."""
    if shutil.which(command) is None:
        return False
    try:
        # No pipes: what the command has started may hold them open after it was killed.
        subprocess.run(
            [command, "--version"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=_ANSWERS_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("no C++ compiler works here, training goes on without one: %s", error)
        return False
    return True


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _probe(x_N: Tensor) -> Tensor:
    return x_N.sin() + 1
