"""What a track says of its problems with a chain of thought."""

from typing import Any

from pydantic import Field, model_validator

from fc_model.config.strict import Strict
from fc_pipeline.instructions.config import InstructionsFields


class Kinds(Strict):
    """How often each family of problems is drawn, in parts of the whole; 0 leaves it out."""

    table: float = Field(default=25, ge=0, description="Statistics over rows of real tables.")
    text: float = Field(default=10, ge=0, description="Letters and words of the corpus, counted.")
    units: float = Field(default=15, ge=0, description="Unit conversions in steps.")
    story: float = Field(default=20, ge=0, description="Word problems with numbers and names of the corpus.")
    chess: float = Field(default=10, ge=0, description="Positions from the openings of the corpus.")
    gym: float = Field(default=20, ge=0, description="Tasks of reasoning-gym (7 MB of download).")

    @model_validator(mode="after")
    def _some(self) -> "Kinds":
        if not any(self.model_dump().values()):
            raise ValueError("every kind has share 0: give one a share")
        return self


class ReasoningConfig(Strict):
    """Problems whose chains of thought and answers are checked by programs."""

    train: int = Field(default=20_000, ge=1, le=10_000_000, description="Problems to train on.")
    holdout: int = Field(default=500, ge=0, description="Problems with other values and other words, for evaluation.")
    kinds: Kinds = Field(default_factory=Kinds)
    tables: list[str | dict[str, Any]] = Field(
        default=["iris", "wine", "diabetes", "tumours", "exercises", "physiology"],
        description="Names of fc_pipeline/reasoning/catalog, or tables of your own.",
    )
    max_characters: int = Field(default=1_200, ge=100, description="Of a rendered problem; longer ones go.")
    documents: int = Field(
        default=2_000, ge=1, description="Documents of each side of the corpus that values come from."
    )
    seed: int = Field(default=0, ge=0)


class ReasoningFields(InstructionsFields):
    """Settings of the problems."""

    reasoning: ReasoningConfig | None = Field(
        default=None,
        description="Problems with a chain of thought, as the source `reasoning` of conversations; null: none.",
    )
