"""The step of a training stage: writes the stage file, trains by fc_model, and adopts the results."""

import json
import shutil
from pathlib import Path
from typing import Any

from fc_model.artifacts import Artifact
from fc_model.config.image_stage import VisionConfig
from fc_model.config.model import ModelConfig
from fc_model.config.runtime import RuntimeConfig
from fc_model.config.stage import StageConfig
from fc_model.errors import UserError
from fc_pipeline.engine.step import Step

_LOGS = {"metrics.jsonl"}
_VISION = {"vision.json", "vision.safetensors", "vision_ema.safetensors"}


def train_stage(step: Step) -> None:
    """Train one stage on the packed shards, from the weights of the stage before it if there is one.

    After a kill the next attempt resumes from the newest good checkpoint in the workspace.
    Metrics: what `fc_model.train.run_stage` returns, and flops.
    """
    from fc_model.train import Interrupted, run_stage

    model = ModelConfig.model_validate(step.config["model"])
    stage = StageConfig.model_validate(step.config["stage"])
    folder = step.out.workspace("training")
    start = step.inputs.get("start")
    vision = VisionConfig.model_validate(step.config["vision"]) if "vision" in step.config else None
    runtime = RuntimeConfig(
        device=step.runtime.device,  # type: ignore[arg-type]
        threads=step.runtime.threads,
        progress=False,
    )
    stage_file: dict[str, Any] = {
        "model": model.model_dump(),
        "stage": stage.model_dump(),
        "runtime": runtime.model_dump(),
        "shards": str(step.inputs["shards"].folder),
        "instructions": str(step.inputs["instructions"].folder) if stage.kind == "sft" else None,
        "start": str(start.path(f"{step.config.get('start_weights', 'model')}.safetensors")) if start else None,
        **(_image_settings(step, vision) if vision is not None else {}),
        "tags": {**step.runtime.tags, "fc.artifact": f"{step.key}/{step.out.folder.name}"},
    }
    (folder / "stage.json").write_text(json.dumps(stage_file, indent=1) + "\n", "utf-8")
    try:
        result = run_stage(folder, report=step.runtime.report, track=step.runtime.track)
    except Interrupted as error:  # no failure, which the asset would try again
        raise KeyboardInterrupt(str(error)) from error

    step.out.write_text("config.json", model.model_dump_json(indent=1) + "\n")
    if vision is not None:
        step.out.write_text("vision.json", vision.model_dump_json(indent=1) + "\n")
    elif stage.kind == "sft" and start is not None:
        _keep_vision(step, start)
    for name in result.files:
        step.out.adopt(name, folder / name, content=name not in _LOGS)
    step.out.metrics |= result.metrics
    step.out.run |= {
        "mlflow_run_id": result.mlflow_run_id,
        "mlflow_error": result.mlflow_error,
        "loss_computed": result.loss_computed,
    }


def _keep_vision(step: Step, start: Artifact) -> None:
    """What the stage before has beside its decoder, so that its model sees after this stage as well."""
    for name in sorted({entry.path for entry in start.manifest.files} & _VISION):
        with start.path(name).open("rb") as source, step.out.open(name) as target:
            shutil.copyfileobj(source, target)


def _image_settings(step: Step, vision: VisionConfig) -> dict[str, Any]:
    """The entries of the stage file for a stage with images."""
    _check_weights(step.key, vision)
    start = step.inputs.get("start")
    weights_file = "vision_ema.safetensors" if step.config["start_weights"] == "ema" else "vision.safetensors"
    seen = start is not None and any(entry.path == weights_file for entry in start.manifest.files)
    return {
        "vision": vision.model_dump(),
        "images": str(step.inputs["images"].folder),
        "start_vision": str(start.path(weights_file)) if start is not None and seen else None,
    }


def _check_weights(key: str, vision: VisionConfig) -> None:
    """Raises UserError unless the encoder's weights, a file outside of the store, have the track's sha256."""
    from fc_model.checkpoints.pretrained_encoder import weights_sha256

    if vision.encoder.weights is None:
        return
    sha256 = weights_sha256(Path(vision.encoder.weights))
    if sha256 != vision.encoder.weights_sha256:
        raise UserError(
            f"{key}: vision.encoder.weights ({vision.encoder.weights}) has sha256 {sha256}, weights_sha256 says "
            f"{vision.encoder.weights_sha256 or 'nothing'}: set it to that if these are the weights that are meant"
        )
