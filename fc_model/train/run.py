"""A training run: where it stands, what it logs, how it begins, goes on and ends. Read this file first.

`fc_model.train.lightning` drives it: Lightning's loop calls `Run.step`, which calls `TrainStep`.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fc_model.artifacts.files import write_bytes
from fc_model.artifacts.sealed import Damaged, read_sealed, write_sealed
from fc_model.checkpoints.load import load_weights
from fc_model.checkpoints.run_checkpoints import Checkpoints, save_tensors
from fc_model.data.prefetch import Prefetcher
from fc_model.errors import UserError
from fc_model.observer import Track
from fc_model.optim.schedule import lr_factor
from fc_model.train.adapter import save_adapted
from fc_model.train.build import build_training, draw_again, outputs, start
from fc_model.train.metrics import Meter, MetricsLog, Progress
from fc_model.train.settings import RunSettings, StageFile, remember_way
from fc_model.train.state import Skip, TrainState, batch_number, on_plateau
from fc_model.train.train_step import StepResult, TrainStep

logger = logging.getLogger(__name__)

_MAX_ROLLBACKS = 3
_MAX_WORKERS, _CORES_OF_TRAINING = 8, 2
_SKIPS = "skips.json"


class Run:
    """One stage in training.

    Args:
        folder: the stage's folder, which everything is written into.
        spec: the stage file.
        settings: the settings that the run began with, and the choices of this machine.
        report: takes live progress.
        track: begins the tracking, see `run_stage`.
    """

    def __init__(
        self,
        folder: Path,
        spec: StageFile,
        settings: RunSettings,
        *,
        report: Callable[[dict[str, Any]], None] | None,
        track: Track,
    ) -> None:
        self.folder, self.spec, self.stage, self.settings = folder, spec, spec.stage, settings
        self._report = report
        training = build_training(spec, compiled=settings.compile, way=settings.way)
        self.objective, self._evaluate_holdout = training.objective, training.evaluate
        workers = spec.runtime.workers
        if workers is None:
            workers = min(_MAX_WORKERS, max(0, settings.threads - _CORES_OF_TRAINING))
        self.batches = Prefetcher(training.batches, workers=workers if spec.stage.images is not None else 0)
        self.train_step = TrainStep(
            training.objective, spec.stage, device=settings.torch_device, dtype=settings.autocast_dtype
        )
        self.checkpoints = Checkpoints(
            folder / "checkpoints", run=settings.fingerprint, keep=spec.runtime.keep_checkpoints
        )
        self.state = TrainState()
        self.skips: list[Skip] = []
        self.meter = Meter(
            spec,
            sized=training.sized,
            device=settings.torch_device,
            dtype=settings.autocast_dtype,
            bytes_per_token=training.bytes_per_token,
        )
        self._restore()
        self.log = MetricsLog(folder / "metrics.jsonl", step=self.state.step)
        self.progress = Progress(spec.stage.name, steps=spec.stage.num_steps, enabled=spec.runtime.progress)
        artifact = spec.tags.get("fc.artifact", f"{spec.stage.name}/{settings.fingerprint[:16]}")
        self.tracker = track(artifact=artifact, tags=spec.tags, params=settings.settings)

    @property
    def computed(self) -> str:
        """How and on what, for the manifest: `compiled, fp32, 2 threads, AVX2`."""
        way = self.objective.way or "eager"
        on_cpu = self.settings.device == "cpu"
        machine = f"{self.settings.threads} threads, {torch.backends.cpu.get_cpu_capability()}"
        parts = [way if self.stage.images is None else f"text {way}, images eager", self.settings.precision]
        return ", ".join([*parts, machine if on_cpu else self.settings.device])

    @property
    def done(self) -> bool:
        return self.state.step >= self.stage.num_steps or self.state.stopped_early

    def step(self, backward: Callable[[Tensor], None]) -> None:
        """One step, with all that is due after it but the checkpoint."""
        begin = time.perf_counter()
        state, number = self.state, batch_number(self.state.step, self.skips)
        factor = lr_factor(state.step, self.stage)
        result = self.train_step(self.batches(number), state, backward=backward)
        if (way := self.objective.way) is not None and way != self.settings.way:
            self.settings = remember_way(self.folder, self.settings, way)
        state.losses.append(result.loss if result.applied else None)
        state.step += 1
        state.seconds += self.meter.step_took(time.perf_counter() - begin)
        state.bad_in_a_row = 0 if result.applied else state.bad_in_a_row + 1
        if result.spike or not result.applied:
            self._note_bad_step(result, number)
        metrics: dict[str, Any] = {}
        if state.step % self.spec.runtime.log_every == 0 or state.step in (1, self.stage.num_steps):
            metrics |= self.meter.step_metrics(state, grad_norm=result.grad_norm, lr=self.stage.lr * factor)
            metrics |= self.objective.figures()
        every = self.stage.eval_every
        if (every and state.step % every == 0) or state.step == self.stage.num_steps:
            metrics |= self._evaluate()
        if metrics:
            self._write({"step": state.step, "steps": self.stage.num_steps, **metrics})
        if state.bad_in_a_row >= self.stage.max_bad_steps:
            self._roll_back()

    def save(self) -> None:
        """Write a checkpoint, unless the weights or moments are not finite."""
        tensors = {
            "model": self.train_step.weights(),
            "ema": self.train_step.ema.tensors(),
            "optimizer": self.train_step.optimizer.tensors(),
        }
        for name, group in tensors.items():
            for key, tensor in group.items():
                if not bool(torch.isfinite(tensor).all()):
                    logger.warning("step %d: %s of %s is not finite; no checkpoint", self.state.step, key, name)
                    return
        self.checkpoints.save(self.state.step, tensors, asdict(self.state))

    def finish(self) -> tuple[dict[str, float], list[str]]:
        """Write the results.

        Returns:
            Flat figures of the whole run (`Meter.result_metrics`, and with LoRA those of `save_adapted`), and the names
            of the files.
        """
        state, train_step = self.state, self.train_step
        metrics = self.meter.result_metrics(state, rollbacks=len(self.skips))
        tensors = {"optimizer.safetensors": train_step.optimizer.tensors()}
        names: list[str] = []
        if self.stage.lora is None:
            weights = outputs(train_step.weights()) | outputs(train_step.ema.tensors(), suffix="ema")
            tensors = weights | tensors
        else:
            adapted, names = save_adapted(self.folder, train_step, self.stage.lora, self.batches(0))
            metrics |= adapted
        for name, group in tensors.items():
            save_tensors(self.folder / name, group)
        history = {
            "steps": state.step,
            "tokens": self.meter.tokens(state.step),
            "losses": state.losses,
            "evaluations": state.evaluations,
            "bad_steps": state.bad_steps,
            "spikes": state.spikes,
            "skips": [[skip.step, skip.batches] for skip in self.skips],
            "stopped_early": state.stopped_early,
        }
        write_bytes(self.folder / "state.json", (json.dumps(history, allow_nan=False) + "\n").encode())
        return metrics, [*names, *tensors, "state.json", "metrics.jsonl"]

    def close(self, status: str) -> None:
        """Close the logs, and make no more batches."""
        self.batches.close()
        self.log.close()
        self.progress.close()
        self.tracker.close(status)

    def _restore(self) -> None:
        """Take up the newest checkpoint, or the weights to start from, or fresh ones."""
        path = self.folder / _SKIPS
        try:
            self.skips = [Skip(*pair) for pair in read_sealed(path)["skips"]] if path.is_file() else []
        except Damaged as error:
            raise UserError(
                f"{error}: restore it, or remove the folder {self.folder} to train from the start"
            ) from error
        checkpoint = self.checkpoints.newest()
        if checkpoint is not None:
            load_weights(self.train_step.model, checkpoint.tensors("model"), source=checkpoint.folder)
            self.train_step.ema.load_tensors(checkpoint.tensors("ema"))
            self.train_step.optimizer.load_tensors(checkpoint.tensors("optimizer"))
            self.state = TrainState(**checkpoint.state)
            logger.info("stage %s goes on at step %d", self.stage.name, self.state.step)
            return
        if self.skips:
            draw_again(self.train_step.model, self.spec)
        start(self.train_step.model, self.spec)
        self.train_step.ema.load_tensors(self.train_step.weights())
        self.train_step.optimizer.load_tensors({})
        self.state = TrainState(micro_batch=self.settings.micro_batch, loss_scale=self.train_step.first_scale())

    def _note_bad_step(self, result: StepResult, number: int) -> None:
        state, windows = self.state, self.batches.window_ids(number)
        state.spikes += result.spike
        state.bad_steps += not result.spike
        logger.warning(
            "step %d %s%s: loss %s, gradient norm %s, on windows %s",
            state.step, "is a spike" if result.spike else "is not finite", "" if result.applied else " and not applied",
            result.loss, result.grad_norm, windows,
        )  # fmt: skip
        record = {"step": state.step, "bad_windows": windows, "nan_count": state.bad_steps}
        self._write(record | ({"spike": result.loss, "spike_count": state.spikes} if result.spike else {}))

    def _roll_back(self) -> None:
        """Go back to the last checkpoint and jump over the batches between it and here (as PaLM, section 5.1)."""
        failed, bad_steps, spikes = self.state.step, self.state.bad_steps, self.state.spikes
        if len(self.skips) == _MAX_ROLLBACKS:
            raise UserError(
                f"stage {self.stage.name}: step {failed} and {self.stage.max_bad_steps - 1} before it had no finite "
                f"loss or gradient, or were spikes, after {_MAX_ROLLBACKS} rollbacks: lower lr, or check the data "
                "of the windows in metrics.jsonl"
            )
        checkpoint = self.checkpoints.newest()
        step = checkpoint.step if checkpoint is not None else 0
        skips = [*self.skips, Skip(step=step, batches=failed - step)]
        # On the disk before the state goes back, so that a kill here resumes with the jump.
        write_sealed(self.folder / _SKIPS, {"skips": [[skip.step, skip.batches] for skip in skips]})
        seconds = self.state.seconds
        self._restore()
        self.state.bad_steps, self.state.spikes, self.state.seconds = bad_steps, spikes, seconds
        logger.warning("rolled back from step %d to %d; its batches are skipped", failed, step)

    def _evaluate(self) -> dict[str, float]:
        """Held-out figures of the weights and of their average; may stop the stage on a plateau."""
        begin = time.perf_counter()
        train_step, state = self.train_step, self.state
        now = self._evaluate_holdout(train_step.device, train_step.dtype)
        train_step.ema.swap()
        average = self._evaluate_holdout(train_step.device, train_step.dtype)
        train_step.ema.swap()
        figures = {f"holdout_{key}": value for key, value in now.items()}
        figures |= {f"ema_{key}": value for key, value in average.items()}
        state.seconds += time.perf_counter() - begin
        if not all(math.isfinite(value) for value in figures.values()):
            logger.warning("step %d: the held-out loss is not finite", state.step)
            return figures
        state.evaluations.append({"step": state.step, **figures})
        curve = [evaluation["holdout_bpb"] for evaluation in state.evaluations]
        if self.stage.plateau is not None and on_plateau(curve, self.stage.plateau):
            state.stopped_early = True
            logger.info("stage %s stops at step %d: the held-out loss is on a plateau", self.stage.name, state.step)
        return figures

    def _write(self, record: dict[str, Any]) -> None:
        self.log.write(record)
        if "loss" in record or "holdout_loss" in record:
            self.tracker.log({key: value for key, value in record.items() if key != "steps"}, step=record["step"])
        if "loss" in record:
            self.progress.update(record)
            if self._report is not None:
                self._report(record)
