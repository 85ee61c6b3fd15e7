"""Settings of the model and of the stages that train it."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig
from fc_pipeline.engine.part import TrackFields


class TrainingFields(TrackFields):
    """The model, and its stages in order."""

    model: ModelConfig = Field(description="Shape of the decoder; vocab_size is the tokenizer's.")
    stages: dict[str, StageConfig] = Field(min_length=1, description="Stages of training, in order, by name.")
    weights: Literal["model", "ema"] = Field(
        default="ema", description="What is judged, exported, trained on: the last step's weights, or their mean."
    )

    @model_validator(mode="before")
    @classmethod
    def _name_stages(cls, raw: Any) -> Any:
        """Copy each stage's key into its name."""
        if isinstance(raw, dict) and isinstance(stages := raw.get("stages"), dict):
            named = {name: {**one, "name": name} if isinstance(one, dict) else one for name, one in stages.items()}
            return raw | {"stages": named}
        return raw

    @field_validator("stages")
    @classmethod
    def _names(cls, stages: dict[str, StageConfig]) -> dict[str, StageConfig]:
        for name in stages:
            if not name.replace("_", "").isalnum() or name != name.lower():
                raise ValueError(f"stage name {name!r}: take lower case letters, digits and _")
        return stages

    @property
    def main_stages(self) -> list[tuple[str, StageConfig]]:
        """The stages whose weights are used further, in order: all but those that overfit."""
        return [(name, stage) for name, stage in self.stages.items() if stage.kind != "overfit"]

    @property
    def final_stage(self) -> str:
        """The stage whose weights are exported: the last of the main stages."""
        return self.main_stages[-1][0]

    def is_behind(self, name: str, other: str) -> bool:
        """Whether one of the main stages comes after another."""
        order = [stage for stage, _ in self.main_stages]
        return order.index(name) > order.index(other)

    def stage_key(self, name: str) -> str:
        return f"{self.name}/stages/{name}"
