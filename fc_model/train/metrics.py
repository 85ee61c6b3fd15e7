"""Metrics of a run: how they are measured, their file, and the progress line for people.

metrics.jsonl has one JSON object a line, in the order of the steps, without repeats through kills and resumes.
"""

from __future__ import annotations

import json
import logging
import math
import sys
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from fc_model.artifacts.files import write_bytes
from fc_model.config.flops import step_flops, step_tokens
from fc_model.config.stage import StageConfig
from fc_model.device import memory_bytes, peak_flops
from fc_model.errors import UserError
from fc_model.train.holdout import perplexity
from fc_model.train.settings import StageFile
from fc_model.train.state import TrainState

logger = logging.getLogger(__name__)

_PLAIN_SECONDS = 10.0
"""Least time between two lines of progress where they are not redrawn."""


class Meter:
    """Turns the state of a run into metrics.

    Args:
        spec: the stage file.
        sized: the stage with the sizes that its images come to, see `ImageBatches.sized`.
        device: where it computes.
        dtype: the autocast type.
        bytes_per_token: of the training tokens, for bits per byte.
    """

    def __init__(
        self,
        spec: StageFile,
        *,
        sized: StageConfig,
        device: torch.device,
        dtype: torch.dtype | None,
        bytes_per_token: float,
    ) -> None:
        self._spec, self._device, self._dtype = spec, device, dtype
        self._bytes_per_token = bytes_per_token
        self._vision = spec.vision if spec.stage.images is not None else None
        self._step_tokens = step_tokens(sized, self._vision)
        self._step_flops = step_flops(spec.model, sized, self._vision)
        self._recent: deque[float] = deque(maxlen=spec.runtime.log_every)

    def step_took(self, seconds: float) -> float:
        """Note the wall time of a step; returns it."""
        self._recent.append(seconds)
        return seconds

    def tokens(self, steps: int) -> int:
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
        vision = {}
        if self._vision is not None:
            vision["vision_parameters"] = self._vision.num_parameters(self._spec.model.hidden_size)
        return {
            "loss_first": losses[0],
            "loss_final": sum(tail) / len(tail),
            **{name: value for name, value in state.evaluations[-1].items() if name != "step"},
            "steps": state.step,
            "tokens": tokens,
            "flops": round(state.step * self._step_flops),
            "seconds": seconds,
            "tokens_per_second": tokens / seconds,
            "mfu": self._mfu(tokens / seconds),
            "memory_bytes": memory_bytes(self._device),
            "nan_count": state.bad_steps,
            "spike_count": state.spikes,
            "rollbacks": rollbacks,
            "stopped_early": int(state.stopped_early),
            "parameters": self._spec.model.num_parameters(),
        } | vision

    def _mfu(self, tokens_per_second: float) -> float:
        flops = self._step_flops / self._step_tokens * tokens_per_second
        return flops / peak_flops(self._device, self._dtype)


class MetricsLog:
    """Appends metrics to a file; lines of steps after `step`, and a last line cut by a kill, are dropped first."""

    def __init__(self, path: Path, *, step: int) -> None:
        kept = [record for record in read_metrics(path) if record["step"] <= step]
        write_bytes(path, b"".join(_line(record) for record in kept))
        self._file = path.open("ab", buffering=0)
        self._failed = False

    def write(self, record: Mapping[str, Any]) -> None:
        """Add a line; values that are not finite become null.

        What the disk refuses is left out, and said once: no result depends on the log. The next checkpoint tells
        whether the disk is full.
        """
        try:
            self._file.write(_line(record))
        except OSError as error:
            if not self._failed:
                self._failed = True
                logger.warning("%s: %s; training goes on without these lines", self._file.name, error.strerror)

    def close(self) -> None:
        self._file.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The records of a log, whole lines only; none when there is no file.

    A damaged line is left out: no result depends on the log, and a training must not stop for it.
    """
    if not path.is_file():
        return []
    records = []
    for line in path.read_bytes().split(b"\n")[:-1]:
        with suppress(ValueError):
            record = json.loads(line)
            if isinstance(record, dict) and isinstance(record.get("step"), int):
                records.append(record)
    return records


def _line(record: Mapping[str, Any]) -> bytes:
    finite = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in record.items()
    }
    return (json.dumps(finite, allow_nan=False) + "\n").encode()


class Progress:
    """Shows the metrics of a stage on standard error."""

    def __init__(self, stage: str, *, steps: int, enabled: bool) -> None:
        self._stage, self._steps, self._enabled = stage, steps, enabled
        self._redraw = sys.stderr.isatty()
        self._next = 0.0

    def update(self, metrics: Mapping[str, Any]) -> None:
        """Show the newest metrics; in a file or pipe at most one line in ten seconds, and the last one."""
        last = metrics["step"] == self._steps
        if not self._enabled or not (self._redraw or last or time.monotonic() >= self._next):
            return
        self._next = time.monotonic() + _PLAIN_SECONDS
        line = progress_line(self._stage, self._steps, metrics)
        print(
            f"\r\x1b[K{line}" if self._redraw else line, end="" if self._redraw else "\n", file=sys.stderr, flush=True
        )

    def close(self) -> None:
        if self._enabled and self._redraw:
            print(file=sys.stderr)


def progress_line(stage: str, steps: int, metrics: Mapping[str, Any]) -> str:
    """`pretrain 120/400 30% loss 3.412 bpb 1.893 14,203 tok/s mfu 21% 02:10 left`."""
    step = metrics["step"]
    minutes, seconds = divmod(round(metrics["eta_seconds"]), 60)
    hours, minutes = divmod(minutes, 60)
    left = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"
    return (
        f"{stage} {step:,}/{steps:,} {step / steps:.0%} loss {metrics['loss']:.3f} bpb {metrics['bpb']:.3f} "
        f"{metrics['tokens_per_second']:,.0f} tok/s mfu {metrics['mfu']:.0%} {left} left"
    )
