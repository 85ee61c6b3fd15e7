"""The smallest model and stage that train; a test names what it varies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fc_model.config.model import ModelConfig
from fc_model.config.stage import StageConfig

if TYPE_CHECKING:
    from torch import Tensor

    from fc_model.model.decoder import Decoder

MODEL: dict[str, Any] = {
    "vocab_size": 64, "num_layers": 2, "hidden_size": 32, "num_heads": 4, "num_kv_heads": 2, "head_dim": 8,
    "intermediate_size": 64, "context_length": 64,
}  # fmt: skip
STAGE: dict[str, Any] = {"name": "tiny", "steps": 40, "seq_len": 32, "batch_tokens": 128, "lr": 3e-3}


def tiny_model(**changes: Any) -> ModelConfig:
    return ModelConfig.model_validate(MODEL | changes)


def tiny_stage(**changes: Any) -> StageConfig:
    return StageConfig.model_validate(STAGE | changes)


def random_decoder(**changes: Any) -> Decoder:
    """A tiny decoder of which no weight is zero, the same for every call."""
    import torch

    from fc_model.model.decoder import Decoder

    torch.manual_seed(0)
    random: dict[str, Any] = {"zero_init_outputs": False, "embedding_init_std": 0.5, "head_init_std": 0.1}
    return Decoder(tiny_model(**random | changes))


def random_ids(*shape: int) -> Tensor:
    import torch

    return torch.randint(0, MODEL["vocab_size"], shape, generator=torch.Generator().manual_seed(1))


def adapted_decoder(*, lora: dict[str, Any] | None = None, **changes: Any) -> Decoder:
    """`random_decoder` with an adapter of which no weight is zero, in evaluation mode."""
    import torch

    from fc_model.config.lora import LoraConfig
    from fc_model.model.lora import add_lora, trained_parameters

    decoder = random_decoder(**changes)
    add_lora(decoder, LoraConfig.model_validate({"rank": 4, "alpha": 6} | (lora or {})))
    with torch.no_grad():
        for parameter in trained_parameters(decoder).values():
            parameter.normal_(std=0.1)
    return decoder.eval()
