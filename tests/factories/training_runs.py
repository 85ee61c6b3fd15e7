"""Runs of training as tests open, drive and kill them."""

import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from factories.text_stage import write_stage
from fc_model.observer import untracked
from fc_model.train.run import Run
from fc_model.train.settings import read_stage_file, resolve_settings

_opened: list[Run] = []


def open_run(folder: Path, shards: Path | None = None, **changes: Any) -> Run:
    """The run of a stage folder, which is written first where there are shards; see `write_stage` for the changes."""
    if shards is not None:
        write_stage(folder, shards, **changes)
    spec = read_stage_file(folder)
    _opened.append(Run(folder, spec, resolve_settings(folder, spec), report=None, track=untracked))
    return _opened[-1]


def close_runs() -> None:
    while _opened:
        _opened.pop().close("FINISHED")


def drive(run: Run, *, steps: int | None = None) -> Run:
    """What Lightning does: steps and checkpoints until done, or until a step."""
    while not run.done and run.state.step != steps:
        run.step(torch.Tensor.backward)
        if run.state.step % run.stage.checkpoint_every == 0 and not run.done:
            run.save()
    return run


def weights(run: Run) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in run.train_step.weights().items()}


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    return {name for name, tensor in before.items() if not torch.equal(tensor, after[name])}


def wait_for_step(folder: Path, step: int, process: ForkServerProcess) -> None:
    """Until the log of a training in another process has a step."""
    log, deadline = folder / "metrics.jsonl", time.monotonic() + 120
    while process.is_alive() and time.monotonic() < deadline:
        if log.is_file() and f'"step": {step},' in log.read_text("utf-8"):
            return
        time.sleep(0.001)
