"""Settings of the mixture: weights of the domains, budgets, a curriculum."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, field_validator, model_validator

from fc_model.config.strict import Strict

TRAIN = "train"
"""The split of stages without their own mixture; a stage with one reads `train-<stage>`."""
HOLDOUT = "holdout-"
"""Prefix of the names of held-out splits; the rest is the domain."""


class _Weights(Strict):
    weights: dict[str, float] = Field(min_length=1, description="Share of the tokens by domain; they are normalised.")

    @field_validator("weights")
    @classmethod
    def _positive(cls, weights: dict[str, float]) -> dict[str, float]:
        for domain, weight in weights.items():
            if weight < 0:
                raise ValueError(f"{domain}: a weight is 0 or more, not {weight:g}")
        if not any(weights.values()):
            raise ValueError("all weights are 0: give at least one domain a share")
        return weights


class StageMixture(_Weights):
    """The mixture of one stage in place of the track's: a step of a curriculum."""

    tokens: int | None = Field(default=None, gt=0, description="Tokens of its split; null takes what the stage reads.")


class MixtureConfig(_Weights):
    """The mixture of a track's shards."""

    tokens: int = Field(gt=0, description="Tokens of the training split.")
    stages: dict[str, StageMixture] = Field(
        default={}, description="Curriculum: stages of pre-training that read other weights, each a split of its own."
    )
    max_epochs: float = Field(default=1.0, ge=1, description="How often a document may come over all splits.")
    max_passes: float = Field(default=1.0, gt=0, description="How often the stages together may go over the shards.")
    shard_tokens: int = Field(default=100_000_000, gt=0, description="Tokens a file; the last document fills it up.")
    seed: int = Field(default=0, ge=0, description="Changes the order of the documents.")

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name, stage in self.stages.items():
            if unknown := sorted(stage.weights.keys() - self.weights.keys()):
                raise ValueError(
                    f"stages.{name}: {unknown[0]} has no weight in mixture.weights: give it one there, or 0"
                )
        return self

    def split_of(self, stage: str) -> str:
        return f"{TRAIN}-{stage}" if stage in self.stages else TRAIN

    @property
    def splits(self) -> dict[str, tuple[dict[str, float], int]]:
        """The training splits in order: name -> (weights, tokens)."""
        own = {self.split_of(name): (stage.weights, stage.tokens or 0) for name, stage in self.stages.items()}
        return {TRAIN: (self.weights, self.tokens)} | own

    @property
    def domains(self) -> list[str]:
        """Domains with a share of any split, sorted."""
        return sorted({domain for weights, _ in self.splits.values() for domain in shares(weights)})


def shares(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights normalised to 1, without the domains of weight 0, by name."""
    total = sum(weights.values())
    return {domain: weights[domain] / total for domain in sorted(weights) if weights[domain] > 0}
