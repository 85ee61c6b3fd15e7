"""The stage file: all that `python -m fc_model.train FOLDER` is told, in FOLDER/stage.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fc_model.artifacts.files import sha256_file
from fc_model.config.image_stage import VisionConfig
from fc_model.config.model import ModelConfig
from fc_model.config.runtime import RuntimeConfig
from fc_model.config.stage import StageConfig
from fc_model.errors import UserError

STAGE_FILE = "stage.json"


class StageFile(BaseModel):
    """A stage to train: shapes and settings, and where its inputs stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: ModelConfig = Field(description="Shape of the decoder.")
    vision: VisionConfig | None = Field(default=None, description="Eyes of the model, for a stage with images.")
    stage: StageConfig = Field(description="What matters.")
    runtime: RuntimeConfig = Field(default_factory=RuntimeConfig, description="What must not matter.")
    shards: Path = Field(description="Folder of the packed shards.")
    images: Path | None = Field(default=None, description="Folder of the image shards, for a stage with images.")
    start: Path | None = Field(default=None, description="model.safetensors to start from; null for fresh weights.")
    start_vision: Path | None = Field(
        default=None, description="vision.safetensors of the stage with images before; null for fresh eyes."
    )
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
        for start in (self.start, self.start_vision):
            if start is not None and not start.is_file():
                raise UserError(f"{start}: the weights to start from are not there; train the stage before this one")
        settings: dict[str, Any] = {
            "model": self.model.model_dump(mode="json"),
            "stage": self.stage.model_dump(mode="json"),
            "shards": sha256_file(self.shards / "index.json"),
            "start": sha256_file(self.start) if self.start is not None else None,
        }
        if self.vision is not None and self.images is not None:
            settings |= {
                "vision": self.vision.model_dump(mode="json"),
                "images": sha256_file(self.images / "index.json"),
                "start_vision": sha256_file(self.start_vision) if self.start_vision is not None else None,
            }
        return settings


def read_stage_file(folder: Path) -> StageFile:
    """FOLDER/stage.json, validated. Raises UserError, one line that names each field and the mend."""
    path = folder / STAGE_FILE
    try:
        return StageFile.model_validate(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; a stage folder holds {STAGE_FILE}") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path}: no valid JSON ({error}); write it again") from None
    except ValidationError as error:
        lines = [
            ".".join(str(part) for part in item["loc"]) + ": " + item["msg"].removeprefix("Value error, ")
            for item in error.errors()
        ]
        raise UserError(f"{path}: " + "; ".join(line.removeprefix(": ") for line in lines)) from None
