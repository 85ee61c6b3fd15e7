"""Figures of a run by name: loss, bits per byte, throughput, utilisation, time left."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import torch

from fc_model.config.flops import flops_per_token, step_tokens
from fc_model.device import memory_bytes, peak_flops
from fc_model.errors import UserError
from fc_model.train.holdout import perplexity
from fc_model.train.spec import StageFile
from fc_model.train.state import TrainState


class Meter:
    """Turns the state of a run into metrics.

    Args:
        spec: the stage file.
        device: where it computes.
        dtype: the autocast type.
        bytes_per_token: of the training tokens, for bits per byte.
    """

    def __init__(
        self, spec: StageFile, *, device: torch.device, dtype: torch.dtype | None, bytes_per_token: float
    ) -> None:
        self._spec, self._device, self._dtype = spec, device, dtype
        self._bytes_per_token = bytes_per_token
        self._eyes = spec.vision if spec.stage.images is not None else None
        self._step_tokens = step_tokens(spec.stage, self._eyes)
        self._recent: deque[float] = deque(maxlen=spec.runtime.log_every)

    def step_took(self, seconds: float) -> float:
        """Note the wall time of a step; gives it back."""
        self._recent.append(seconds)
        return seconds

    def tokens(self, steps: int) -> int:
        """Tokens of so many steps."""
        return round(steps * self._step_tokens)

    def step_metrics(self, state: TrainState, *, grad_norm: float, lr: float) -> dict[str, Any]:
        """What is logged every few steps; the loss and the throughput are means since the log before."""
        stage = self._spec.stage
        losses = [loss for loss in state.losses[-self._spec.runtime.log_every :] if loss is not None]
        loss = sum(losses) / len(losses) if losses else math.nan
        rate = self._step_tokens * len(self._recent) / max(sum(self._recent), 1e-9)
        return {
            "loss": loss,
            "bpb": loss / math.log(2) / self._bytes_per_token,
            "ppl": perplexity(loss),
            "lr": lr,
            "grad_norm": grad_norm,
            "tokens": self.tokens(state.step),
            "tokens_per_second": rate,
            "mfu": self._mfu(rate),
            "memory_bytes": memory_bytes(self._device),
            "nan_count": state.bad_steps,
            "eta_seconds": max(0, stage.num_steps - state.step) * self._step_tokens / rate,
            "seconds": state.seconds,
        }

    def result_metrics(self, state: TrainState, *, rollbacks: int) -> dict[str, float]:
        """Flat figures of the whole run, for gates and reports. Raises UserError when nothing was learnt from."""
        stage = self._spec.stage
        losses = [loss for loss in state.losses if loss is not None]
        if not losses or not state.evaluations:
            raise UserError(
                f"stage {stage.name}: no step of {state.step} had a finite loss or evaluation: lower lr, or check the "
                "weights that it starts from"
            )
        tail = losses[-max(1, len(losses) // 20) :]
        tokens, seconds = self.tokens(state.step), max(state.seconds, 1e-9)
        return {
            "loss_first": losses[0],
            "loss_final": sum(tail) / len(tail),
            **{name: value for name, value in state.evaluations[-1].items() if name != "step"},
            "steps": state.step,
            "tokens": tokens,
            "seconds": seconds,
            "tokens_per_second": tokens / seconds,
            "mfu": self._mfu(tokens / seconds),
            "memory_bytes": memory_bytes(self._device),
            "nan_count": state.bad_steps,
            "rollbacks": rollbacks,
            "stopped_early": int(state.stopped_early),
            "parameters": self._spec.model.num_parameters(),
            **({"vision_parameters": self._eyes.num_parameters(self._spec.model.hidden_size)} if self._eyes else {}),
        }

    def _mfu(self, tokens_per_second: float) -> float:
        flops = flops_per_token(self._spec.model, self._spec.stage, self._eyes) * tokens_per_second
        return flops / peak_flops(self._device, self._dtype)
