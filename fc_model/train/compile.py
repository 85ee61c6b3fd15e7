"""torch.compile, where it pays."""

from __future__ import annotations

import os
import shutil

import torch

from fc_model.config import ModelConfig, StageConfig
from fc_model.decoder import Decoder
from fc_model.device import gemm_flops

_PAYS_SECONDS = 90.0
_EAGER_SHARE = 0.15
"""Share of the matrix product's rate that an uncompiled step reaches on a CPU."""


def should_compile(
    setting: str | bool, *, model: ModelConfig, stage: StageConfig, device: torch.device, dtype: torch.dtype | None
) -> bool:
    """Resolve the setting; auto compiles where a compiler stands and the stage is long enough to pay for it."""
    if isinstance(setting, bool):
        return setting
    if device.type == "mps" or (device.type == "cpu" and shutil.which(os.environ.get("CXX", "g++")) is None):
        return False
    flops = model.flops_per_token(stage.seq_len) * stage.num_steps * stage.batch_tokens
    return flops / (_EAGER_SHARE * gemm_flops(device, dtype or torch.float32)) > _PAYS_SECONDS


def compile_blocks(decoder: Decoder) -> None:
    """Compile the blocks in place; they share one graph, so depth costs no compile time. Names stay as they are."""
    for layer in decoder.layers:
        layer.compile(dynamic=False)
