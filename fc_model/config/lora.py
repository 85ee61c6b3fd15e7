"""Low-rank adaptation of a decoder (LoRA, Hu et al. 2021, arXiv 2106.09685). Imports no torch."""

from __future__ import annotations

from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from fc_model.config.model import ModelConfig
from fc_model.config.strict import Strict

Projection = Literal["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
"""The matrices of a block."""


class LoraConfig(Strict):
    """Each target W is computed as W + alpha / rank * B A, and A (rank, inputs) and B (outputs, rank) are trained."""

    rank: int = Field(default=16, gt=0, description="Rows of A and columns of B.")
    alpha: int = Field(default=32, gt=0, description="The adapter counts alpha / rank times.")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Dropout of what A reads, in training only.")
    targets: list[Projection] = Field(
        default=list(get_args(Projection)), min_length=1, description="Matrices that are adapted, in every block."
    )
    embeddings: bool = Field(
        default=False, description="Train embedding and head, too, whole: for tokens that the base has never seen."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if twice := sorted({name for name in self.targets if self.targets.count(name) > 1}):
            raise ValueError(f"targets: {', '.join(twice)} stands twice: take it away")
        return self

    @property
    def scaling(self) -> float:
        return self.alpha / self.rank

    def check_model(self, model: ModelConfig) -> None:
        """Raise ValueError where the rank exceeds that of a matrix, so that A and B would be larger than it."""
        for name in self.targets:
            inputs, outputs = model.projections[name]
            if self.rank > min(inputs, outputs):
                raise ValueError(
                    f"rank ({self.rank}) exceeds that of {name} ({inputs} inputs, {outputs} outputs): "
                    f"set it to {min(inputs, outputs)} or less, or take {name} out of targets"
                )

    def num_parameters(self, model: ModelConfig) -> int:
        """Number of trained parameters: those of A and B in all blocks, and of embedding and head if they are."""
        return self._num_matrices(model) + (model.num_embeddings() if self.embeddings else 0)

    def flops_per_token(self, model: ModelConfig) -> int:
        """Floating point operations beside those of the frozen decoder: of A and B, and for the head's gradient."""
        head = model.vocab_size * model.hidden_size
        return 6 * self._num_matrices(model) + (2 * head if self.embeddings else 0)

    def _num_matrices(self, model: ModelConfig) -> int:
        return model.num_layers * self.rank * sum(sum(model.projections[name]) for name in self.targets)
