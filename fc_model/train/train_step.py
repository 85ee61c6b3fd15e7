"""One optimizer step: micro-batches, the guard against non-finite values, clipping, update, average."""

from __future__ import annotations

import gc
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fc_model.checkpoints.load import weights_of
from fc_model.config.stage import StageConfig
from fc_model.device import is_out_of_memory
from fc_model.errors import UserError
from fc_model.model.lora import trained_parameters
from fc_model.optim.ema import Ema
from fc_model.optim.schedule import lr_factor
from fc_model.optim.stage_optimizer import StageOptimizer, clip_gradient
from fc_model.seed import seed_torch
from fc_model.train.objective import Objective
from fc_model.train.state import TrainState, spike_limit

logger = logging.getLogger(__name__)

_FIRST_SCALE, _SCALE_STEPS = 2.0**16, 2000  # as in Micikevicius et al. 2018, "Mixed precision training"


@dataclass(frozen=True)
class StepResult:
    """What a step did."""

    loss: float
    """Mean over the targets of the whole batch, nats a token."""
    grad_norm: float
    """Before clipping."""
    applied: bool
    """False when loss or gradient were not finite, or a spike was to be skipped, and so nothing was changed."""
    spike: bool = False
    """The loss was finite, and above the limit."""


class TrainStep:
    """The step of a model towards its objective, with its optimizer and averages."""

    def __init__(
        self, objective: Objective, stage: StageConfig, *, device: torch.device, dtype: torch.dtype | None
    ) -> None:
        self.objective = objective
        self.model = objective.model.to(device)
        self.stage, self.device, self.dtype = stage, device, dtype
        self.optimizer = StageOptimizer(self.model, stage)
        self.ema = Ema(trained_parameters(self.model), stage.ema_decay)

    def weights(self) -> dict[str, Tensor]:
        return weights_of(self.model)

    def first_scale(self) -> float:
        return _FIRST_SCALE if self.dtype == torch.float16 else 1.0

    def __call__(
        self, batch: Any, state: TrainState, *, backward: Callable[[Tensor], None] = torch.Tensor.backward
    ) -> StepResult:
        """Train on one batch; `state` gives the step and takes the micro-batch and the loss scale.

        A loss above `spike_limit` of the state is a spike; the stage's settings say whether it is skipped.

        Raises UserError when memory runs out with a single row: a window, or an image and its text.
        """
        loss = self._accumulate(batch, state, backward)
        if state.loss_scale != 1:
            for parameter in self.model.parameters():
                if parameter.grad is not None:
                    parameter.grad /= state.loss_scale
        grad_norm = float(clip_gradient(self.model.parameters(), self.stage.clip_norm))
        finite = math.isfinite(loss) and math.isfinite(grad_norm)
        spike = finite and loss > spike_limit(state.losses, self.stage.spike)
        applied = finite and not (spike and self.stage.spike is not None and self.stage.spike.action == "skip")
        if applied:
            self.optimizer.step(lr_factor(state.step, self.stage))
            self.ema.update(state.step)
            self.objective.end_step()
        else:
            self.optimizer.zero_grad()
        if self.dtype == torch.float16:
            _adapt_scale(state, fits=finite)
        return StepResult(loss=loss, grad_norm=grad_norm, applied=applied, spike=spike)

    def _accumulate(self, batch: Any, state: TrainState, backward: Callable[[Tensor], None]) -> float:
        """Gradient of the mean loss of the whole batch; the micro-batch is halved while memory runs out."""
        while True:
            try:
                return self._forward_backward(batch, state, backward)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if min(state.micro_batch, len(batch)) == 1:
                    raise UserError(
                        f"stage {self.stage.name}: out of memory with {self.objective.describe_row(batch)}, set "
                        "gradient_checkpointing, or take a larger machine"
                    ) from error
            # Outside of the handler, where the traceback no longer holds the activations.
            self.optimizer.zero_grad()
            # Batches of images may be smaller than what is asked for.
            state.micro_batch = (min(state.micro_batch, len(batch)) + 1) // 2
            logger.warning(
                "step %d: out of memory, going on with micro-batches of %d windows", state.step, state.micro_batch
            )
            gc.collect()
            if self.device.type == "cuda":
                torch.cuda.empty_cache()

    def _forward_backward(self, batch: Any, state: TrainState, backward: Callable[[Tensor], None]) -> float:
        seed_torch(self.stage.seed, "step", state.step)
        self.model.train()
        self.objective.begin_step(state.step)
        num_targets = self.objective.num_targets(batch)
        total = torch.zeros((), device=self.device)
        for start in range(0, len(batch), state.micro_batch):
            part = batch.rows(start, start + state.micro_batch).to(self.device)
            with torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype is not None):
                loss = self.objective.loss(part, num_targets=num_targets)
            backward(loss * state.loss_scale if state.loss_scale != 1 else loss)
            total += loss.detach()
        return float(total)


def _adapt_scale(state: TrainState, *, fits: bool) -> None:
    """Halve the loss scale when a step overflowed, double it after many that did not."""
    state.good_scales = state.good_scales + 1 if fits else 0
    if not fits:
        state.loss_scale = max(1.0, state.loss_scale / 2)
    elif state.good_scales == _SCALE_STEPS:
        state.loss_scale, state.good_scales = state.loss_scale * 2, 0
