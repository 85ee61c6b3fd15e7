"""The stage file: all that `python -m fc_model.train FOLDER` is told, in FOLDER/stage.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fc_model.artifacts.files import sha256_file
from fc_model.config import ModelConfig, RuntimeConfig, StageConfig
from fc_model.errors import UserError

STAGE_FILE = "stage.json"


class StageFile(BaseModel):
    """A stage to train: shapes and settings, and where its inputs stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: ModelConfig = Field(description="Shape of the decoder.")
    stage: StageConfig = Field(description="What matters.")
    runtime: RuntimeConfig = Field(default_factory=RuntimeConfig, description="What must not matter.")
    shards: Path = Field(description="Folder of the packed shards.")
    start: Path | None = Field(default=None, description="model.safetensors to start from; null for fresh weights.")
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
        return self

    def settings(self) -> dict[str, Any]:
        """All that decides the result, as JSON: a run that is resumed must have begun with the same."""
        index = self.shards / "index.json"
        if not index.is_file():
            raise UserError(f"{self.shards}: no index.json, so no shards; build them first")
        if self.start is not None and not self.start.is_file():
            raise UserError(f"{self.start}: the weights to start from are not there; train the stage before this one")
        return {
            "model": self.model.model_dump(mode="json"),
            "stage": self.stage.model_dump(mode="json"),
            "shards": sha256_file(index),
            "start": sha256_file(self.start) if self.start is not None else None,
        }


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


def differences(before: Any, now: Any, *, path: str = "") -> list[str]:
    """Leaves in which two JSON values differ, as `path: before -> now`."""
    if isinstance(before, dict) and isinstance(now, dict):
        return [
            line
            for key in sorted(before.keys() | now.keys())
            for line in differences(before.get(key), now.get(key), path=f"{path}.{key}" if path else key)
        ]
    return [] if before == now else [f"{path}: {before!r} -> {now!r}"]
