"""Settings of the exports."""

from typing import Literal

from pydantic import Field

from fc_model.config.strict import Strict
from fc_pipeline.tokens.config import TokensFields


class GgufConfig(Strict):
    """Files for llama.cpp."""

    quantizations: list[Literal["f32", "f16", "bf16", "q8_0"]] = Field(
        default=["f16", "q8_0"], min_length=1, description="One file each."
    )


class ParityConfig(Strict):
    """Settings of the comparison of the exports."""

    seed: int = Field(default=0, ge=0, description="Chooses the held-out prompts and lines.")
    num_prompts: int = Field(default=16, gt=0, description="Held-out prompts, beside the edge cases.")
    prompt_length: int = Field(default=64, gt=0, description="Tokens of a prompt.")
    continuation_length: int = Field(default=24, gt=0, description="Tokens of the greedy continuation.")
    top_k: int = Field(default=10, gt=0, description="Logits kept for other runtimes.")
    num_lines: int = Field(default=2000, gt=0, description="Held-out lines on which the tokenizers are compared.")


class ExportsConfig(Strict):
    """The formats and their settings."""

    gguf: GgufConfig = Field(default_factory=GgufConfig, description="Files for llama.cpp.")


class ExportFields(TokensFields):
    """Settings of the exports and of their comparison."""

    exports: ExportsConfig = Field(default_factory=ExportsConfig, description="Formats for other runtimes.")
    parity: ParityConfig = Field(default_factory=ParityConfig, description="Comparison of the exports with torch.")
