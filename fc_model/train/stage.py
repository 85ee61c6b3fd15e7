"""Trains one stage in its folder, from wherever an earlier attempt left it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fc_model.artifacts.files import sha256_file
from fc_model.artifacts.sealed import Damaged, read_sealed, write_sealed
from fc_model.device import tune_allocator
from fc_model.observer import Track, untracked
from fc_model.train.run import Run
from fc_model.train.settings import read_stage_file, resolve_settings
from fc_model.train.signals import Interrupted, StopRequest

logger = logging.getLogger(__name__)

RESULT_FILE = "result.json"


@dataclass(frozen=True)
class StageResult:
    """What a finished stage hands on."""

    metrics: dict[str, float]
    """Flat figures, see `Run.finish`."""
    files: list[str]
    """Names in the folder: model.safetensors (what later stages start from), ema.safetensors,
    optimizer.safetensors, state.json (losses and evaluations, no timings), metrics.jsonl (the log); with LoRA also the
    adapters of the first two, see `save_adapted`."""
    mlflow_run_id: str | None
    loss_computed: str = "eager"
    """How and on what, see `Run.computed`."""
    mlflow_error: str | None = None
    """Why MLflow does not have all of it."""


def run_stage(
    folder: Path, *, report: Callable[[dict[str, Any]], None] | None = None, track: Track = untracked
) -> StageResult:
    """Train the stage that `folder/stage.json` describes; everything is written into the folder.

    Killed at any moment and called again, it goes on from the newest good checkpoint, and the weights, moments,
    averages and losses in the end are those of a run that was never killed. A finished folder gives its result at once.

    Args:
        folder: the stage's folder.
        report: takes each logged record: step, steps, loss, bpb, tokens_per_second, eta_seconds and so on.
        track: called once with artifact (key/identity), tags and params (the settings); what it returns watches the
            run, such as `fc_model.tracking.Tracker`. It is passed in, so that no change of it changes the stage.

    Raises:
        UserError: anything that a person must set right.
        Interrupted: SIGTERM or Ctrl-C came; a checkpoint is saved.
    """
    spec = read_stage_file(folder)
    with StopRequest() as request:
        settings = resolve_settings(folder, spec)
        if (before := _finished(folder)) is not None:
            return before
        tune_allocator()
        run = Run(folder, spec, settings, report=report, track=track)
        status = "FAILED"
        try:
            if not run.done:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # Lightning's, on loaders and versions of its dependencies
                    from fc_model.train.lightning import fit

                    fit(run, request)
            metrics, files = run.finish()
            run.tracker.log({f"final_{name}": value for name, value in metrics.items()}, step=run.state.step)
            run.tracker.flush()
            result = StageResult(metrics, files, run.tracker.run_id, run.computed, run.tracker.error)
            digests = {name: sha256_file(folder / name) for name in result.files}
            write_sealed(folder / RESULT_FILE, {**asdict(result), "sha256": digests})
            status = "FINISHED"
            return result
        except Interrupted:
            status = "KILLED"
            raise
        finally:
            run.close(status)


def _finished(folder: Path) -> StageResult | None:
    """The result of an earlier attempt that came to its end; None, and said so, where a byte of it was changed since.

    The last steps are then trained again from the newest checkpoint, and give the same bytes.
    """
    path = folder / RESULT_FILE
    try:
        fields = read_sealed(path)
        for name, digest in fields.pop("sha256").items():
            if not (folder / name).is_file() or sha256_file(folder / name) != digest:
                raise Damaged(f"{folder / name} differs from its sha256")
    except FileNotFoundError:
        return None
    except Damaged as error:
        logger.warning("%s: the last steps are trained again", error)
        path.unlink()
        return None
    return StageResult(**fields)
