"""Weights of our decoder under the names and in the layout of transformers' Llama."""

import torch
from torch import Tensor

from fc_model.config.model import ModelConfig
from fc_model.errors import UserError
from fc_model.model.decoder import Decoder

EMBEDDING, HEAD = "embed_tokens.weight", "lm_head.weight"


def llama_name(name: str) -> str:
    """What transformers' LlamaForCausalLM calls a weight of our decoder."""
    return name if name == HEAD else f"model.{name}"


def llama_weights(model: Decoder, config: ModelConfig) -> dict[str, Tensor]:
    """Float32 CPU copies of the weights, sorted by name; a tied head is left out.

    Raises UserError for a model that the Llama architecture can't express, or with a weight that isn't finite.
    """
    if config.position != "rope":
        raise UserError(f"model.position is {config.position}: only rope can be exported, train the model with rope")
    weights = {}
    for name, tensor in sorted(model.state_dict().items()):
        if name == HEAD and config.tie_embeddings:
            continue
        if not torch.isfinite(tensor).all():
            raise UserError(f"{name} has values that are not finite: export an earlier checkpoint")
        weights[llama_name(name)] = tensor.detach().to("cpu", torch.float32).contiguous()
    return weights
