"""Settings of a run: the stage file, FOLDER/stage.json, and the choices that its first attempt made for this machine.

A resumed run must have the same settings, and keeps those choices.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch
from pydantic import Field, ValidationError, model_validator

from fc_model.artifacts.files import sha256_file
from fc_model.artifacts.sealed import Damaged, read_sealed, write_sealed
from fc_model.config.differences import differences
from fc_model.config.image_stage import VisionConfig
from fc_model.config.model import ModelConfig
from fc_model.config.problems import problems
from fc_model.config.runtime import RuntimeConfig
from fc_model.config.stage import StageConfig
from fc_model.config.strict import Strict
from fc_model.device import autocast_dtype, pick_device, set_threads
from fc_model.errors import UserError
from fc_model.train.compile import should_compile

logger = logging.getLogger(__name__)

STAGE_FILE, BEGIN_FILE = "stage.json", "begin.json"
_MICRO_TOKENS = {"cpu": 16_384, "cuda": 65_536, "mps": 8_192}
"""Tokens of a first forward pass where micro_batch is left open."""


class StageFile(Strict):
    """A stage to train: shapes and settings, and where its inputs stand."""

    model: ModelConfig = Field(description="Shape of the decoder.")
    vision: VisionConfig | None = Field(default=None, description="Encoder and fusion, for a stage with images.")
    stage: StageConfig = Field(description="What matters.")
    runtime: RuntimeConfig = Field(default_factory=RuntimeConfig, description="What must not matter.")
    shards: Path = Field(description="Folder of the packed shards.")
    instructions: Path | None = Field(default=None, description="Folder of the packed conversations, for kind sft.")
    images: Path | None = Field(default=None, description="Folder of the image shards, for a stage with images.")
    start: Path | None = Field(default=None, description="model.safetensors to start from; null for fresh weights.")
    start_vision: Path | None = Field(default=None, description="vision.safetensors to start from; null: fresh.")
    tags: dict[str, str] = Field(
        default_factory=dict, description="For MLflow; fc.artifact (key/identity) names the run across resumes."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.stage.seq_len > self.model.context_length:
            raise ValueError(
                f"stage {self.stage.name}: seq_len ({self.stage.seq_len}) exceeds the model's context_length "
                f"({self.model.context_length}): lower the one or raise the other"
            )
        if self.stage.kind == "sft" and self.instructions is None:
            raise ValueError(f"stage {self.stage.name}: instructions is missing, which it trains on: add it")
        if self.stage.lora is not None:
            if self.start is None:
                raise ValueError(f"stage {self.stage.name}: lora adapts weights, and start names none: add it")
            try:
                self.stage.lora.check_model(self.model)
            except ValueError as error:
                raise ValueError(f"stage {self.stage.name}: lora: {error}") from None
        if self.stage.images is not None and (self.vision is None or self.images is None):
            raise ValueError(f"stage {self.stage.name}: vision and images are missing, which it trains: add both")
        if self.stage.images is not None and self.vision is not None:
            try:
                self.stage.images.check_vision(
                    self.vision, hidden_size=self.model.hidden_size, context_length=self.model.context_length
                )
            except ValueError as error:
                raise ValueError(f"stage {self.stage.name}: images: {error}") from None
        return self

    def settings(self) -> dict[str, Any]:
        """All that decides the result, as JSON: a run that is resumed must have begun with the same."""
        if not (self.shards / "index.json").is_file():
            raise UserError(f"{self.shards}: no index.json, so no shards; build them first")
        if self.images is not None and not (self.images / "index.json").is_file():
            raise UserError(f"{self.images}: no index.json, so no image shards; build them first")
        if self.instructions is not None and not (self.instructions / "index.json").is_file():
            raise UserError(f"{self.instructions}: no index.json, so no packed conversations; build them first")
        for start in (self.start, self.start_vision):
            if start is not None and not start.is_file():
                raise UserError(f"{start}: the weights to start from are not there; train the stage before this one")
        settings: dict[str, Any] = {
            "model": self.model.model_dump(mode="json"),
            "stage": self.stage.model_dump(mode="json"),
            "shards": sha256_file(self.shards / "index.json"),
            "start": sha256_file(self.start) if self.start is not None else None,
        }
        if self.instructions is not None:
            settings["instructions"] = sha256_file(self.instructions / "index.json")
        if self.vision is not None and self.images is not None:
            settings |= {
                "vision": self.vision.model_dump(mode="json"),
                "images": sha256_file(self.images / "index.json"),
                "start_vision": sha256_file(self.start_vision) if self.start_vision is not None else None,
            }
        return settings


@dataclass(frozen=True)
class RunSettings:
    """What a run began with: what decides its result, and the choices that were made for it on this machine."""

    settings: dict[str, Any]
    """See `StageFile.settings`."""
    device: str
    precision: str
    compile: bool
    micro_batch: int
    threads: int
    torch_version: str
    way: str | None = None
    """How the loss of text is computed (fc_model/train/compile.py), once a step was made with it."""

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()

    @property
    def torch_device(self) -> torch.device:
        return torch.device(self.device)

    @property
    def autocast_dtype(self) -> torch.dtype | None:
        """What it computes in; None for fp32."""
        return autocast_dtype(self.precision, self.torch_device)


def resolve_settings(folder: Path, spec: StageFile) -> RunSettings:
    """The settings of the run in `folder`: written by the first attempt, compared by later ones.

    Raises UserError when the settings differ from those that the run began with, naming each difference, or when the
    file that holds them is damaged.
    Other choices that change rounding (threads, device, versions) only warn.
    """
    path = folder / BEGIN_FILE
    settings, runtime = spec.settings(), spec.runtime
    threads = set_threads(runtime.threads)
    if not path.is_file():
        chosen = _choose(settings, spec, threads)
        write_sealed(path, asdict(chosen))
        return chosen
    try:
        before = RunSettings(**read_sealed(path))
    except Damaged as error:
        raise UserError(f"{error}: restore it, or remove the folder {folder} to begin anew") from error
    if changed := differences(before.settings, settings):
        raise UserError(
            f"{folder}: the run began with other settings ({'; '.join(changed)}): "
            "set them back, or remove the folder to begin anew"
        )
    wanted: dict[str, Any] = {"threads": threads, "torch_version": torch.__version__}
    if runtime.device != "auto":
        wanted["device"] = runtime.device
    if runtime.compile != "auto":
        wanted["compile"] = runtime.compile
    if changed := differences({name: getattr(before, name) for name in wanted}, wanted):
        logger.warning("%s: resumed with %s; results may differ in rounding", folder, "; ".join(changed))
    return RunSettings(**{**asdict(before), **wanted})


def remember_way(folder: Path, settings: RunSettings, way: str) -> RunSettings:
    """Settings with how the loss is computed, also in the file: the next attempt computes it the same way."""
    settings = replace(settings, way=way)
    write_sealed(folder / BEGIN_FILE, asdict(settings))
    return settings


def read_stage_file(folder: Path) -> StageFile:
    """FOLDER/stage.json, validated. Raises UserError, one line that names each field and the remedy."""
    path = folder / STAGE_FILE
    try:
        return StageFile.model_validate(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; a stage folder holds {STAGE_FILE}") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path}: no valid JSON ({error}); write it again") from None
    except ValidationError as error:
        raise UserError(f"{path}: {problems(error, StageFile)}") from None


def _choose(settings: dict[str, Any], spec: StageFile, threads: int) -> RunSettings:
    stage, runtime = spec.stage, spec.runtime
    device = pick_device(runtime.device)
    dtype = autocast_dtype(stage.precision, device)
    names = {None: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}
    micro_batch = runtime.micro_batch or max(1, _MICRO_TOKENS[device.type] // _row_tokens(spec))
    return RunSettings(
        settings=settings,
        device=device.type,
        precision=names[dtype],
        compile=should_compile(runtime.compile, model=spec.model, stage=stage, device=device, dtype=dtype),
        micro_batch=_divisor(stage.batch_size, at_most=micro_batch) if stage.images is None else micro_batch,
        threads=threads,
        torch_version=torch.__version__,
    )


def _row_tokens(spec: StageFile) -> int:
    """Tokens of the longest row of a batch: a window of text, or the patches of an image with the text behind it."""
    rows = [spec.stage.seq_len] if spec.stage.window_steps else []
    if spec.stage.images is not None and spec.vision is not None:
        patch = spec.vision.encoder.patch_size
        rows += [
            (group.height // patch) * (group.width // patch) + group.text_tokens for group in spec.stage.images.groups
        ]
    return max(rows)


def _divisor(number: int, *, at_most: int) -> int:
    """The largest divisor up to a bound: micro-batches of one shape need one compilation."""
    return next(size for size in range(min(number, at_most), 0, -1) if number % size == 0)
