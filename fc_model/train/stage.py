"""Trains one stage in its folder, from wherever an earlier attempt left it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fc_model.artifacts.files import write_bytes
from fc_model.device import tune_allocator
from fc_model.train.run import Run
from fc_model.train.settings import read_stage_file, resolve_settings
from fc_model.train.signals import Interrupted, StopRequest

RESULT_FILE = "result.json"


@dataclass(frozen=True)
class StageResult:
    """What a finished stage hands on."""

    metrics: dict[str, float]
    """Flat figures, see `Meter.result_metrics`."""
    files: list[str]
    """Names in the folder: model.safetensors (what later stages start from), ema.safetensors,
    optimizer.safetensors, state.json (losses and evaluations, no timings), metrics.jsonl (the log)."""
    mlflow_run_id: str | None
    loss_computed: str = "eager"
    """How: eager, compiled, or compiled for narrower vectors (fc_model/train/compile.py)."""
    mlflow_error: str | None = None
    """Why MLflow does not have all of it."""


def run_stage(folder: Path, *, report: Callable[[dict[str, Any]], None] | None = None) -> StageResult:
    """Train the stage that `folder/stage.json` describes; everything is written into the folder.

    Killed at any moment and called again, it goes on from the newest good checkpoint, and the weights, moments,
    averages and losses in the end are those of a run that was never killed. A finished folder gives its result at once.

    Args:
        folder: the stage's folder.
        report: takes each logged record: step, steps, loss, bpb, tokens_per_second, eta_seconds and so on.

    Raises:
        UserError: anything that a person must set right.
        Interrupted: SIGTERM or Ctrl-C came; a checkpoint is saved.
    """
    spec = read_stage_file(folder)
    with StopRequest() as request:
        settings = resolve_settings(folder, spec)
        finished = folder / RESULT_FILE
        if finished.is_file():
            return StageResult(**json.loads(finished.read_text("utf-8")))
        tune_allocator()
        run = Run(folder, spec, settings, report=report)
        status = "FAILED"
        try:
            if not run.done:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # Lightning's, on loaders and versions of its dependencies
                    from fc_model.train.lightning import fit

                    fit(run, request)
            metrics = run.meter.result_metrics(run.state, rollbacks=len(run.skips))
            run.tracker.log({f"final_{name}": value for name, value in metrics.items()}, step=run.state.step)
            run.tracker.flush()
            result = StageResult(metrics, run.finish(), run.tracker.run_id, run.objective.way, run.tracker.error)
            write_bytes(finished, (json.dumps(asdict(result), indent=1) + "\n").encode())
            status = "FINISHED"
            return result
        except Interrupted:
            status = "KILLED"
            raise
        finally:
            run.close(status)
