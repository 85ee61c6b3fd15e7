"""torch.compile, where it pays."""

from __future__ import annotations

import logging
import os
import shutil
import warnings
from collections.abc import Callable

import torch
from torch import Tensor

from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig
from fc_model.device import gemm_flops
from fc_model.model.decoder import Decoder

logger = logging.getLogger(__name__)

_PAYS_SECONDS = 60.0
"""Uncompiled time from which on the compiler's own 6 to 30 seconds come back."""
_EAGER_SHARE = 0.3
"""Share of the matrix product's rate that an uncompiled step of a small decoder reaches on a CPU."""
_WHOLE_LAYERS = 12
"""Up to this depth forward and loss are one graph; deeper ones, which would compile for minutes, share one a block."""


def should_compile(
    setting: str | bool, *, model: ModelConfig, stage: StageConfig, device: torch.device, dtype: torch.dtype | None
) -> bool:
    """Resolve the setting; auto compiles where a compiler works and the stage is long enough to pay for it."""
    if isinstance(setting, bool) or stage.images is not None:
        return setting is True and stage.images is None  # steps with images come in many shapes
    flops = model.flops_per_token(stage.seq_len) * stage.num_steps * stage.batch_tokens
    if flops / (_EAGER_SHARE * gemm_flops(device, dtype or torch.float32)) < _PAYS_SECONDS:
        return False
    return _compiler_works(device)


def compiled_loss(decoder: Decoder, *, seq_len: int) -> Callable[..., Tensor]:
    """`decoder.loss` for training, compiled; weights and their names stay the decoder's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the compiler's, on its own dependencies
        if decoder.config.num_layers > _WHOLE_LAYERS:
            for layer in decoder.layers:
                layer.compile(dynamic=False)
            return decoder.loss
        # A table that is filled while tracing would make the second step compile again.
        decoder.rope(seq_len, decoder.embed_tokens.weight.device)
        compiled: Callable[..., Tensor] = torch.compile(decoder.loss, dynamic=False)
        return compiled


def _compiler_works(device: torch.device) -> bool:
    """Whether a small function can be compiled here: the compiler, its headers and its cache are all there."""
    if device.type == "mps" or (device.type == "cpu" and shutil.which(os.environ.get("CXX", "g++")) is None):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.compile(_probe, dynamic=False)(torch.ones(16, device=device))
    except Exception as error:  # whatever a compiler can fail with, training goes without it
        logger.warning("torch.compile does not work here, training goes on without it: %s", str(error).splitlines()[0])
        return False
    return True


def _probe(x_N: Tensor) -> Tensor:
    return x_N.sin() + 1
