"""Settings of the held-out evaluation."""

from typing import Literal

from pydantic import Field

from fc_model.config.strict import Strict

_PROMPTS = {
    "science": ["The law of conservation of energy states that", "A cell is"],
    "data": ["To standardize the features of a data set,", "The following example plots"],
    "code": ["def mean(values):\n", "import numpy as np\n\n"],
    "chess": ["1. e4 c5 2. Nf3", "The Sicilian Defence"],
    "chat": ["What is your favourite book?\n", "How do I make pancakes?\n"],
}


class EvalConfig(Strict):
    """Settings of the evaluation after every stage of pre-training."""

    window: int | None = Field(default=None, gt=0, description="Tokens seen at once; null: the stage's seq_len.")
    stride: int | None = Field(
        default=None, gt=0, description="Tokens between two windows, at most window; null for no overlap."
    )
    max_tokens_per_domain: int | None = Field(
        default=200_000, gt=0, description="Held-out tokens that are scored, in whole documents; null for all."
    )
    control_tokens: int = Field(default=4096, gt=0, description="Tokens a domain to score shuffled weights on.")
    precision: Literal["fp32", "bf16", "auto"] = Field(
        default="fp32", description="Of the forward pass; auto takes bf16 where it is faster, so machines may differ."
    )
    prompts: dict[str, list[str]] = Field(default=_PROMPTS, description="Beginnings of texts to go on with, by domain.")
    sample_tokens: int = Field(default=48, gt=0, description="Tokens of a sample.")
    temperature: float = Field(default=0.8, gt=0, description="Of the samples that are drawn; others are greedy.")
    seed: int = Field(default=0, ge=0, description="Of the drawn samples and the shuffled weights.")
