"""One optimizer step: micro-batches, the guard against non-finite values, clipping, update, average."""

from __future__ import annotations

import gc
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from fc_model.config import StageConfig
from fc_model.decoder import Decoder
from fc_model.device import is_out_of_memory
from fc_model.errors import UserError
from fc_model.loss import IGNORE
from fc_model.optim import StageOptimizer, clip_gradient
from fc_model.schedule import lr_factor
from fc_model.seed import seed_torch
from fc_model.train.batches import Batch
from fc_model.train.ema import Ema
from fc_model.train.state import TrainState

logger = logging.getLogger(__name__)

_FIRST_SCALE, _SCALE_STEPS = 2.0**16, 2000  # as in Micikevicius et al. 2018, "Mixed precision training"


@dataclass(frozen=True)
class Outcome:
    """What a step did."""

    loss: float
    """Mean over the targets of the whole batch, nats a token."""
    grad_norm: float
    """Before clipping."""
    applied: bool
    """False when loss or gradient were not finite, and so nothing was changed."""


class Learner:
    """A decoder with its optimizer and averages."""

    def __init__(
        self, decoder: Decoder, stage: StageConfig, *, device: torch.device, dtype: torch.dtype | None
    ) -> None:
        self.decoder = decoder.to(device)
        self.decoder.gradient_checkpointing = stage.gradient_checkpointing
        self.stage, self.device, self.dtype = stage, device, dtype
        self.optimizer = StageOptimizer(self.decoder, stage)
        self.ema = Ema(self.decoder, stage.ema_decay)
        self.compiled: Callable[..., Tensor] | None = None
        """`decoder.loss` compiled, for the windows of training; None takes it as it is."""

    def weights(self) -> dict[str, Tensor]:
        """The decoder's parameters by name, a tied head not twice."""
        return {name: parameter.detach() for name, parameter in self.decoder.named_parameters()}

    def first_scale(self) -> float:
        """Loss scale to begin with."""
        return _FIRST_SCALE if self.dtype == torch.float16 else 1.0

    def step(
        self, batch: Batch, state: TrainState, *, backward: Callable[[Tensor], None] = torch.Tensor.backward
    ) -> Outcome:
        """Train on one batch; `state` gives the step and takes the micro-batch and the loss scale.

        Raises UserError when memory runs out with a single window.
        """
        loss = self._accumulate(batch, state, backward)
        if state.loss_scale != 1:
            for parameter in self.decoder.parameters():
                if parameter.grad is not None:
                    parameter.grad /= state.loss_scale
        grad_norm = float(clip_gradient(self.decoder.parameters(), self.stage.clip_norm))
        applied = math.isfinite(loss) and math.isfinite(grad_norm)
        if applied:
            self.optimizer.step(lr_factor(state.step, self.stage))
            self.ema.update(state.step)
        else:
            self.optimizer.zero_grad()
        if self.dtype == torch.float16:
            _adapt_scale(state, fits=applied)
        return Outcome(loss=loss, grad_norm=grad_norm, applied=applied)

    def _accumulate(self, batch: Batch, state: TrainState, backward: Callable[[Tensor], None]) -> float:
        """Gradient of the mean loss of the whole batch; the micro-batch is halved while memory runs out."""
        while True:
            try:
                return self._forward_backward(batch, state, backward)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                if state.micro_batch == 1:
                    raise UserError(
                        f"stage {self.stage.name}: out of memory with one window of {self.stage.seq_len} tokens: "
                        "lower seq_len, set gradient_checkpointing, or take a larger machine"
                    ) from error
            # Outside of the handler, where the traceback no longer holds the activations.
            self.optimizer.zero_grad()
            state.micro_batch = (state.micro_batch + 1) // 2
            logger.warning(
                "step %d: out of memory, going on with micro-batches of %d windows", state.step, state.micro_batch
            )
            gc.collect()
            if self.device.type == "cuda":
                torch.cuda.empty_cache()

    def _forward_backward(self, batch: Batch, state: TrainState, backward: Callable[[Tensor], None]) -> float:
        seed_torch(self.stage.seed, "step", state.step)
        self.decoder.train()
        compute = self.compiled or self.decoder.loss
        num_targets = int((batch.targets_BT != IGNORE).sum())
        total = torch.zeros((), device=self.device)
        for start in range(0, len(batch), state.micro_batch):
            part = batch.rows(start, start + state.micro_batch).to(self.device)
            with torch.autocast(self.device.type, dtype=self.dtype, enabled=self.dtype is not None):
                loss = compute(part.ids_BT, part.targets_BT, part.document_BT, num_targets=num_targets)
            backward(loss * state.loss_scale if state.loss_scale != 1 else loss)
            total += loss.detach()
        return float(total)


def load_weights(decoder: Decoder, tensors: Mapping[str, Tensor], *, source: Path) -> None:
    """Take over weights by name. Raises UserError that names the first tensor that is absent or of another shape."""
    shapes = {name: tuple(parameter.shape) for name, parameter in decoder.named_parameters()}
    given = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if shapes != given:
        name = min(name for name in shapes.keys() | given.keys() if shapes.get(name) != given.get(name))
        raise UserError(
            f"{source}: {name} is {given.get(name)}, but this model's is {shapes.get(name)}: "
            "the stage before it must have the same model"
        )
    decoder.load_state_dict(dict(tensors))


def _adapt_scale(state: TrainState, *, fits: bool) -> None:
    """Halve the loss scale when a step overflowed, double it after many that did not."""
    state.good_scales = state.good_scales + 1 if fits else 0
    if not fits:
        state.loss_scale = max(1.0, state.loss_scale / 2)
    elif state.good_scales == _SCALE_STEPS:
        state.loss_scale, state.good_scales = state.loss_scale * 2, 0
