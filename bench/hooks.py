"""Our model as the benches want it: a module with forward(ids, targets) -> mean loss.

`train_step` is only the model, to be compiled by the bench like its peers. `quality` is model and recipe: it compiles
itself and carries its optimizers, batch and context along. Both are the project's own decoder, loss and optimizers,
and their weights load as LlamaForCausalLM.
"""

from __future__ import annotations

import math
import os
import shutil
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from fc_model.config.model import ModelConfig
from fc_model.config.stage import OptimizerConfig, StageConfig
from fc_model.model.decoder import Decoder
from fc_model.optim.stage_optimizer import StageOptimizer


class LossModule(nn.Module):
    """A decoder whose forward pass gives the loss; left to the caller to compile."""

    context: int
    batch: int
    amp: bool
    optimizer: list[Optimizer]

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.decoder = Decoder(config)
        self.context = config.context_length
        # Filled here, or the first step would fill it while it is traced and the second would compile anew.
        self.decoder.rope(config.context_length, torch.device("cpu"))

    def forward(self, ids_BT: Tensor, targets_BT: Tensor) -> Tensor:
        """Mean cross-entropy in nats."""
        return self.decoder.loss(ids_BT, targets_BT, num_targets=targets_BT.numel())


def train_step(vocab: int, hidden: int, layers: int, heads: int, seq: int) -> LossModule:
    """The shape of the bench of training speed: 8/3 of the hidden size in SwiGLU, head untied."""
    return LossModule(
        ModelConfig(
            vocab_size=vocab,
            num_layers=layers,
            hidden_size=hidden,
            num_heads=heads,
            num_kv_heads=heads,
            head_dim=hidden // heads,
            intermediate_size=-(-hidden * 8 // 3 // 16) * 16,
            context_length=seq,
            tie_embeddings=False,
        )
    )


def quality(vocab: int, context: int) -> LossModule:
    """Model and recipe for a few CPU minutes; `context` is what the race proposes, ours stands in the shape.

    How it was found, and what did not help, is in docs/experiments.
    """
    model = ModelConfig(
        vocab_size=vocab,
        num_layers=2,
        hidden_size=128,
        num_heads=2,
        num_kv_heads=2,
        head_dim=64,
        intermediate_size=352,
        context_length=256,
        tie_embeddings=False,
        embedding_init_std=0.8,
        induction_init=True,
    )
    stage = StageConfig(
        name="quality",
        steps=1,  # the race counts seconds, not steps
        seq_len=model.context_length,
        batch_tokens=8 * model.context_length,
        lr=0.01,
        optimizer=OptimizerConfig(
            kind="normuon",
            muon_lr=0.04,
            embedding_lr=0.1,
            head_lr=0.02,
            betas=(0.8, 0.95),
            eps=1e-10,
            weight_decay=0.0,
        ),
    )
    module = LossModule(model)
    module.batch, module.amp = stage.batch_size, True
    module.optimizer = StageOptimizer(module.decoder, stage).optimizers
    for optimizer in module.optimizer:
        optimizer.register_step_pre_hook(LinearToZero())
    if shutil.which(os.environ.get("CXX", "g++")) is not None:
        module.compile(dynamic=False)
    return module


class LinearToZero:
    """The race's cosine ends at a tenth of the peak; this bends it, after the warm-up, to a line that ends at zero."""

    def __init__(self) -> None:
        self._peaks: list[float] = []

    def __call__(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Before each step: the race has just set the learning rates."""
        rates = [group["lr"] for group in optimizer.param_groups]
        if not self._peaks or rates[0] >= self._peaks[0]:
            self._peaks = rates
            return
        for group, rate, peak in zip(optimizer.param_groups, rates, self._peaks, strict=True):
            group["lr"] = peak * (1 - spent_share(rate / peak))


def spent_share(factor: float) -> float:
    """Share of the budget at which the race's schedule, 0.1 + 0.9 * (1 + cos(pi * share)) / 2, has this factor."""
    return math.acos(min(1.0, max(-1.0, (factor - 0.1) / 0.45 - 1))) / math.pi
