"""An experiment: a track, and variants of it that are trained and scored side by side.

An experiment is a Dagster component, `fc_pipeline/defs/experiments/<name>/defs.yaml`. Nothing here imports Dagster.
"""

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from fc_model.config.problems import problems
from fc_model.config.strict import Strict
from fc_model.errors import UserError
from fc_pipeline.experiments.comparison import Better
from fc_pipeline.track.config import read_component

EXPERIMENTS = Path(__file__).resolve().parents[1] / "defs" / "experiments"
EXPERIMENT_TYPE = "fc_pipeline.components.Experiment"
BASELINE = "baseline"
_NAME = r"^[a-z][a-z0-9_]*$"
_MISSING = {"metric": "say what decides, as in metric: read_exact_match_line", "better": "less or more of the metric"}


class VariantConfig(BaseModel):
    """Differences to the track: fields of a track, validated like the track's own. Mappings are merged, lists replaced,
    null removes an entry."""

    model_config = ConfigDict(extra="allow", frozen=True)

    stages: dict[str, dict[str, Any]] = Field(
        default={}, description="Settings of the experiment's stages by name, but their length and seed."
    )
    without_filters: list[str] = Field(default=[], description="Kinds of filters that are left out.")
    with_filters: list[dict[str, Any]] = Field(default=[], description="In place of those of the same kind, or last.")


class StageLength(Strict):
    """How long a stage is trained, in place of its length in the track."""

    steps: int | None = Field(default=None, gt=0, description="Optimizer steps; give this or tokens.")
    tokens: int | None = Field(default=None, gt=0, description="Tokens, a multiple of the stage's batch_tokens.")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.steps is None) == (self.tokens is None):
            raise ValueError("name steps or tokens, one of the two")
        return self


class ExperimentConfig(Strict):
    """Variants of a track, each trained once a seed and scored by the evaluations after the last stage."""

    name: str = Field(pattern=_NAME, description="Name of the experiment: its artifacts are experiments/<name>/...")
    description: str = Field(default="", description="The question of the experiment, in one sentence.")
    owners: list[str] = Field(default=[], description="team:<name> or e-mail addresses, shown in the UI.")
    track: str = Field(description="The baseline: its data, tokenizer and model, and what all are scored on.")
    start: str | None = Field(default=None, description="Stage whose weights all trainings begin with; null: scratch.")
    stages: dict[str, StageLength] = Field(
        min_length=1, description="Stages of the track that are trained, in its order, and the length of each."
    )
    seeds: list[int] = Field(min_length=1, description="A training of each variant a seed, of weights and data order.")
    metric: str = Field(description="Metric of the evaluations that decides, as in bits_per_byte_mix.")
    better: Better = Field(description="Whether less or more of the metric is better.")
    also: dict[str, Better] = Field(default={}, description="Other metrics, `*` for any end, and what is better.")
    variants: dict[str, VariantConfig] = Field(min_length=2, description="What each changes, by name; baseline none.")

    @field_validator("seeds")
    @classmethod
    def _each_once(cls, seeds: list[int]) -> list[int]:
        if len(set(seeds)) < len(seeds) or min(seeds) < 0:
            raise ValueError(f"{seeds}: each seed once, 0 or more")
        return seeds

    @field_validator("variants")
    @classmethod
    def _has_a_baseline(cls, variants: dict[str, VariantConfig]) -> dict[str, VariantConfig]:
        if variants.get(BASELINE) != VariantConfig():
            raise ValueError(f"`{BASELINE}: {{}}` is missing: what the others are compared with changes nothing")
        for name in variants:
            if not name.replace("_", "").isalnum() or name != name.lower() or not name.isascii():
                raise ValueError(f"variant name {name!r}: take lower case letters, digits and _")
        return variants

    @model_validator(mode="after")
    def _decides_once(self) -> Self:
        if self.metric in self.also:
            raise ValueError(f"also: {self.metric} is the metric that decides: take it away")
        return self

    @property
    def partitions(self) -> list[str]:
        """The last part of the key of each training."""
        return [f"{variant}.s{seed}" for variant in self.variants for seed in self.seeds]


def parse_experiment(name: str, attributes: dict[str, Any]) -> ExperimentConfig:
    """Raises UserError, one line: the experiment, each field, what is wrong and the remedy."""
    try:
        return ExperimentConfig.model_validate({**attributes, "name": name})
    except ValidationError as error:
        raise UserError(f"experiments/{name}: {problems(error, ExperimentConfig, missing=_MISSING)}") from error


def load_experiments(folder: Path = EXPERIMENTS) -> dict[str, ExperimentConfig]:
    """Every experiment below the folder, by name, sorted. Raises UserError for the first that is wrong."""
    return {path.parent.name: load_experiment(path) for path in sorted(folder.glob("*/defs.yaml"))}


def load_experiment(path: Path) -> ExperimentConfig:
    """The experiment of this file. Raises UserError when it is wrong."""
    return parse_experiment(path.parent.name, read_component(path, "an experiment", EXPERIMENT_TYPE))
