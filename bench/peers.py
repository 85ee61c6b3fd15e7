"""The peers, built as their users build them. A peer that is not installed is left out, with the reason.

litgpt comes from PyPI; nanoGPT and nanochat are not on PyPI and come from a checkout. None of their code is here.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from fc_model.config.model import ModelConfig


class LossOf(nn.Module):
    """A peer that gives logits, with the usual cross-entropy of its fp32 logits behind it."""

    def __init__(self, model: nn.Module, logits: Callable[[nn.Module, Tensor], Tensor]) -> None:
        super().__init__()
        self.model, self.logits = model, logits

    def forward(self, ids_BT: Tensor, targets_BT: Tensor) -> Tensor:
        """Mean cross-entropy in nats."""
        logits_BTV = self.logits(self.model, ids_BT)
        return F.cross_entropy(logits_BTV.float().flatten(0, 1), targets_BT.flatten())


class OwnLoss(nn.Module):
    """A peer that works its loss out itself."""

    def __init__(self, model: nn.Module, loss: Callable[[nn.Module, Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.model, self.loss = model, loss

    def forward(self, ids_BT: Tensor, targets_BT: Tensor) -> Tensor:
        """Mean cross-entropy in nats."""
        return self.loss(self.model, ids_BT, targets_BT)


def absent(module: str) -> str | None:
    """Why a peer cannot take part; None when it can."""
    return None if importlib.util.find_spec(module) else f"{module} is not installed: left out"


def litgpt(shape: ModelConfig) -> nn.Module:
    """litgpt's GPT in the Llama family, with torch's initial weights scaled to its own pretraining's 0.02."""
    from litgpt.model import GPT, Config

    model = GPT(
        Config(
            name="bench",
            block_size=shape.context_length,
            vocab_size=shape.vocab_size,
            padded_vocab_size=shape.vocab_size,
            n_layer=shape.num_layers,
            n_head=shape.num_heads,
            n_query_groups=shape.num_kv_heads,
            n_embd=shape.hidden_size,
            rotary_percentage=1.0,
            parallel_residual=False,
            bias=False,
            norm_class_name="RMSNorm",
            mlp_class_name="LLaMAMLP",
            intermediate_size=shape.intermediate_size,
            shared_attention_norm=False,
        )
    )
    for weight in model.parameters():
        if weight.ndim == 2:
            nn.init.normal_(weight, std=0.02)
    return LossOf(model, lambda model, ids_BT: model(ids_BT))


def transformers(shape: ModelConfig) -> nn.Module:
    """LlamaForCausalLM of transformers with torch's fused attention."""
    from transformers import LlamaConfig, LlamaForCausalLM

    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=shape.vocab_size,
            hidden_size=shape.hidden_size,
            intermediate_size=shape.intermediate_size,
            num_hidden_layers=shape.num_layers,
            num_attention_heads=shape.num_heads,
            num_key_value_heads=shape.num_kv_heads,
            max_position_embeddings=shape.context_length,
            tie_word_embeddings=shape.tie_embeddings,
            use_cache=False,
        )
    )
    model.set_attn_implementation("sdpa")
    return LossOf(model, lambda model, ids_BT: model(input_ids=ids_BT).logits)


def nanogpt(shape: ModelConfig, *, checkout: Path, lr: float) -> tuple[nn.Module, list[Optimizer]]:
    """nanoGPT and the optimizer that it makes itself."""
    sys.path.insert(0, str(checkout))
    from model import GPT, GPTConfig

    model = GPT(
        GPTConfig(
            block_size=shape.context_length,
            vocab_size=shape.vocab_size,
            n_layer=shape.num_layers,
            n_head=shape.num_heads,
            n_embd=shape.hidden_size,
            dropout=0.0,
            bias=False,
        )
    )
    optimizer = model.configure_optimizers(0.1, lr, (0.9, 0.99), "cpu")
    return OwnLoss(model, lambda model, ids_BT, targets_BT: model(ids_BT, targets_BT)[1]), [optimizer]


def nanochat(shape: ModelConfig, *, checkout: Path) -> tuple[nn.Module, list[Optimizer]]:
    """nanochat's GPT and the groups of Muon and AdamW that it makes itself; it trains in fp32 on a CPU."""
    sys.path.insert(0, str(checkout))
    from nanochat.gpt import GPT, GPTConfig

    model = GPT(
        GPTConfig(
            sequence_len=shape.context_length,
            vocab_size=shape.vocab_size,
            n_layer=shape.num_layers,
            n_head=shape.num_heads,
            n_kv_head=shape.num_kv_heads,
            n_embd=shape.hidden_size,
            window_pattern="L",
        )
    )
    model.init_weights()
    made = model.setup_optimizer()
    optimizers = list(made) if isinstance(made, list | tuple) else [made]
    return OwnLoss(model, lambda model, ids_BT, targets_BT: model(ids_BT, targets_BT)), optimizers


def adamw(model: nn.Module, lr: float) -> Optimizer:
    """The optimizer of a peer that has none of its own."""
    return torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.95), weight_decay=0.1)
