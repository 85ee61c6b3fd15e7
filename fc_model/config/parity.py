"""How much of the exports is compared with the trained model."""

from pydantic import Field

from fc_model.config.strict import Strict


class ParityConfig(Strict):
    """Settings of the comparison of the exports."""

    seed: int = Field(default=0, ge=0, description="Chooses the held-out prompts and lines.")
    num_prompts: int = Field(default=16, gt=0, description="Held-out prompts, beside the edge cases.")
    prompt_length: int = Field(default=64, gt=0, description="Tokens of a prompt.")
    continuation_length: int = Field(default=24, gt=0, description="Tokens of the greedy continuation.")
    top_k: int = Field(default=10, gt=0, description="Logits kept for other runtimes.")
    num_lines: int = Field(default=2000, gt=0, description="Held-out lines on which the tokenizers are compared.")
