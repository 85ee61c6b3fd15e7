"""An experiment: a track, and variants of it that are trained and scored side by side.

An experiment is a Dagster component, `fc_pipeline/defs/experiments/<name>/defs.yaml`. Nothing here imports Dagster.
"""

from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import Field, PositiveInt, ValidationError, field_validator, model_validator

from fc_model.config.strict import Strict
from fc_model.errors import UserError
from fc_pipeline.experiments.comparison import Better
from fc_pipeline.yaml_loader import read_yaml

EXPERIMENTS = Path(__file__).resolve().parents[1] / "defs" / "experiments"
EXPERIMENT_TYPE = "fc_pipeline.components.Experiment"
BASELINE = "baseline"
_NAME = r"^[a-z][a-z0-9_]*$"


class VariantConfig(Strict):
    """What is different from the track. Mappings are merged, lists replaced, null takes an entry away.

    `vision` and `stages` belong to experiments on stages with images, everything else to experiments on text.
    """

    corpus: dict[str, Any] = Field(default={}, description="Fields of the track's corpus; not its name or holdout.")
    mixture: dict[str, Any] = Field(default={}, description="Fields of the track's mixture.")
    model: dict[str, Any] = Field(default={}, description="Fields of the track's model.")
    stage: dict[str, Any] = Field(default={}, description="Settings of the stage, but its tokens and seed.")
    without_filters: list[str] = Field(default=[], description="Kinds of filters that are left out.")
    with_filters: list[dict[str, Any]] = Field(
        default=[], description="Filters in place of the ones of the same kind, or after all others."
    )
    vision: dict[str, Any] = Field(default={}, description="Images: fields of the track's vision.")
    stages: dict[str, dict[str, Any]] = Field(
        default={}, description="Images: settings of the stages by name, but their steps and seed."
    )


class ExperimentConfig(Strict):
    """Variants of a track, each trained once a seed and scored on what the track holds out.

    On text: `stage` and `tokens`, from scratch, scored by `evals`. On images: `stages`, from the weights of the
    track's last stage of text, on the track's own images, scored by `image_evals` after the last of them.
    """

    name: str = Field(pattern=_NAME, description="Name of the experiment: its artifacts are experiments/<name>/...")
    description: str = Field(default="", description="What it asks, in one sentence.")
    owners: list[str] = Field(default=[], description="team:<name> or e-mail addresses, shown in the UI.")
    track: str = Field(description="The baseline: its corpus, tokenizer, model and held-out text.")
    stage: str | None = Field(
        default=None, description="Text: stage of pre-training of the track whose settings the trainings take."
    )
    tokens: int | None = Field(
        default=None, gt=0, description="Text: tokens of one training, a multiple of the stage's batch_tokens."
    )
    stages: dict[str, PositiveInt] = Field(
        default={}, description="Images: stages with images of the track, in its order, and the steps of each."
    )
    seeds: list[int] = Field(
        min_length=1, description="A training of each variant a seed: of the weights and the order of the data."
    )
    metric: str = Field(
        default="bits_per_byte_mix", description="Metric of the evaluation that decides; named for images."
    )
    better: Better = Field(
        default="less", description="Whether less or more of the metric is better; given for images, less for text."
    )
    also: dict[str, Better] = Field(
        default={}, description="Images: other metrics of the table, and whether less or more of each is better."
    )
    variants: dict[str, VariantConfig] = Field(
        min_length=2, description="What each lays over the track, by name; `baseline` changes nothing."
    )

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
    def _of_one_kind(self) -> Self:
        """An experiment on text or on images, and what belongs to it is there."""
        given = self.model_fields_set
        if not self.stages:
            for name, why in (("stage", "name a stage of pre-training"), ("tokens", "say how many one training takes")):
                if getattr(self, name) is None:
                    raise ValueError(f"{name}: missing: {why}; or give `stages` for an experiment on images")
            if self.better != "less" or self.also:
                raise ValueError("better and also belong to an experiment on images: take them away, or give `stages`")
            return self
        if self.stage is not None or self.tokens is not None:
            raise ValueError("stage and tokens belong to text, stages to images: take one of the two away")
        for name in ("metric", "better"):
            if name not in given:
                raise ValueError(
                    f"{name}: missing: say what decides, as in metric: read_exact_match_line, better: more"
                )
        if self.metric in self.also:
            raise ValueError(f"also: {self.metric} is the metric that decides: take it away")
        return self


def parse_experiment(name: str, attributes: dict[str, Any]) -> ExperimentConfig:
    """Raises UserError, one line: the experiment, each field, what is wrong and the mend."""
    try:
        return ExperimentConfig.model_validate({**attributes, "name": name})
    except ValidationError as error:
        raise UserError(f"experiments/{name}: {'; '.join(map(_problem, error.errors()))}") from error


def load_experiments(folder: Path = EXPERIMENTS) -> dict[str, ExperimentConfig]:
    """Every experiment below the folder, by name, sorted. Raises UserError for the first that is wrong."""
    return {path.parent.name: _read(path) for path in sorted(folder.glob("*/defs.yaml"))}


def _read(path: Path) -> ExperimentConfig:
    try:
        raw = read_yaml(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(raw, dict) or raw.get("type") != EXPERIMENT_TYPE or not isinstance(raw.get("attributes"), dict):
        raise UserError(f"{path}: an experiment needs `type: {EXPERIMENT_TYPE}` and `attributes:`")
    return parse_experiment(path.parent.name, raw["attributes"])


def _problem(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        known = VariantConfig if item["loc"][0] == "variants" else ExperimentConfig
        return f"{where} is no field; there are: {', '.join(known.model_fields)}"
    if item["type"] == "missing":
        return f"{where} is missing: add it"
    message = item["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
