"""The smallest model and stage that train; a test names what it varies."""

from typing import Any

from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig

MODEL: dict[str, Any] = {
    "vocab_size": 64, "num_layers": 2, "hidden_size": 32, "num_heads": 4, "num_kv_heads": 2, "head_dim": 8,
    "intermediate_size": 64, "context_length": 64,
}  # fmt: skip
STAGE: dict[str, Any] = {"name": "tiny", "steps": 40, "seq_len": 32, "batch_tokens": 128, "lr": 3e-3}


def tiny_model(**changes: Any) -> ModelConfig:
    return ModelConfig.model_validate(MODEL | changes)


def tiny_stage(**changes: Any) -> StageConfig:
    return StageConfig.model_validate(STAGE | changes)
