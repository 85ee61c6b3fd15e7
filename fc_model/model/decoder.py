"""The decoder, all of it: RMSNorm before each part, rotary positions, grouped-query attention, SwiGLU.

The weights carry the names of transformers' Llama without its `model.` prefix, and compute the same.

Shapes: B windows, T tokens of a window, S places of the cache, V vocabulary, D hidden size, F width of the MLP, H query
heads, K key and value heads, A width of a head, N = B * T.
"""

from __future__ import annotations

import math
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from fc_model.config.model import ModelConfig
from fc_model.model.attention import alibi_bias, attention_mask, causal_attention
from fc_model.model.induction_init import init_induction_heads
from fc_model.model.kv_cache import KVCache, LayerCache
from fc_model.model.loss import next_token_loss
from fc_model.model.rope import rope_table, rotate


class Decoder(nn.Module):
    """Token ids to next-token logits.

    A document mask keeps attention inside documents. `document_BT` names for each input position the document of
    the token that it predicts, so the start token in front of a document belongs to that document
    (`fc_model.data.windows` builds it). Positions run on through a window: RoPE only sees differences.

    With a `cache` the tokens go on behind those that it holds, without gradients. `lengths_B` then says how many of
    them are a sequence's own (at least one), where the rest is padding.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.gradient_checkpointing = False
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Block(config) for _ in range(config.num_layers))
        self.norm = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.lm_head: nn.Linear | None = None
        if not config.tie_embeddings:
            self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self._tables: dict[tuple[int, torch.device], tuple[Tensor, Tensor]] = {}
        self.init_weights()

    @property
    def head_VD(self) -> Tensor:
        """Weight of the head: its own, or the embedding's when tied."""
        return self.embed_tokens.weight if self.lm_head is None else self.lm_head.weight

    def forward(
        self,
        ids_BT: Tensor,
        document_BT: Tensor | None = None,
        *,
        cache: KVCache | None = None,
        lengths_B: Tensor | None = None,
    ) -> Tensor:
        """Logits of the token after each position, (B, T, V)."""
        x_BTD = self.embed_tokens(ids_BT)
        return F.linear(self.hidden_of(x_BTD, document_BT, cache=cache, lengths_B=lengths_B), self.head_VD)

    def loss(
        self,
        ids_BT: Tensor,
        targets_BT: Tensor,
        document_BT: Tensor | None = None,
        *,
        places_K: Tensor | None = None,
        num_targets: int | None = None,
    ) -> Tensor:
        """Mean next-token cross-entropy in nats, without a full array of logits; see `next_token_loss`.

        `places_K` are places in the flat batch outside of which no target counts: the head is spared the others.
        """
        hidden_ND, targets_N = self.hidden(ids_BT, document_BT).flatten(0, 1), targets_BT.flatten()
        if places_K is not None:
            hidden_ND, targets_N = hidden_ND[places_K], targets_N[places_K]
        return next_token_loss(hidden_ND=hidden_ND, head_VD=self.head_VD, targets_N=targets_N, num_targets=num_targets)

    def hidden(self, ids_BT: Tensor, document_BT: Tensor | None = None) -> Tensor:
        """Output of the last norm, (B, T, D)."""
        return self.hidden_of(self.embed_tokens(ids_BT), document_BT)

    def hidden_of(
        self,
        x_BTD: Tensor,
        document_BT: Tensor | None = None,
        *,
        cache: KVCache | None = None,
        lengths_B: Tensor | None = None,
    ) -> Tensor:
        """The same from embeddings, some of which may be an image's."""
        length, device = x_BTD.shape[1], x_BTD.device
        if cache is not None:
            rope, mask = self._continue(cache, length, lengths_B)
        else:
            rope = self.rope(length, device) if self.config.position == "rope" else None
            mask = attention_mask(document_BT) if document_BT is not None else None
            if self.config.position == "alibi":
                places_T = torch.arange(length, device=device)
                distance_1TT = (places_T.unsqueeze(1) - places_T.unsqueeze(0)).unsqueeze(0)
                mask = alibi_bias(self.config.num_heads, distance_1TT, mask)
        for number, layer in enumerate(self.layers):
            if self.gradient_checkpointing and self.training:
                x_BTD = checkpoint(layer, x_BTD, rope, mask, use_reentrant=False)
            elif cache is None:
                x_BTD = layer(x_BTD, rope, mask)
            else:
                x_BTD = layer(x_BTD, rope, mask, cache.layers[number])
        return self.norm(x_BTD)

    @torch.no_grad()
    def init_weights(self) -> None:
        """Draw the weights from torch's default generator."""
        config = self.config
        if self.embed_tokens.weight.is_meta:
            return  # counted, or about to be loaded
        nn.init.normal_(self.embed_tokens.weight, std=config.embedding_init_std)
        if self.lm_head is not None:
            nn.init.normal_(self.lm_head.weight, std=config.head_init_std)
        draw_blocks(self.layers, zero_outputs=config.zero_init_outputs)
        nn.init.ones_(self.norm.weight)
        if config.induction_init:
            first, second = (cast("Block", layer).self_attn for layer in self.layers[:2])
            init_induction_heads(config, self.embed_tokens.weight, first, second)

    def rope(self, length: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Cosines and sines of a window, (T, A), kept for the next one of the same length."""
        if (length, device) not in self._tables:
            with torch.inference_mode(False):  # or a later training step could not use it
                table = rope_table(length, self.config.head_dim, self.config.rope_theta, device)
            self._tables[length, device] = table
        return self._tables[length, device]

    def _continue(
        self, cache: KVCache, length: int, lengths_B: Tensor | None
    ) -> tuple[tuple[Tensor, Tensor] | None, Tensor | None]:
        """Cosines and sines of new tokens, (B, 1, T, A), and their mask or bias over the cache, (B, 1 or H, T, S)."""
        positions_BT = cache.advance(length, lengths_B)
        if self.config.position == "alibi":
            return None, alibi_bias(self.config.num_heads, *cache.distance(positions_BT))
        cosines, sines = self.rope(max(cache.length, self.config.context_length), positions_BT.device)
        rope = cosines[positions_BT].unsqueeze(1), sines[positions_BT].unsqueeze(1)
        sees_all = length == 1 and not cache.padded
        return rope, None if sees_all else cache.distance(positions_BT)[1]


def draw_blocks(blocks: nn.Module, *, zero_outputs: bool = True) -> None:
    """Norms 1; matrices uniform with variance 1 / inputs, but for those that write into the residual stream.

    With `zero_outputs` they are zero, so that the network starts as the identity and deep ones learn as fast as shallow
    ones (Zhang et al. 2019, Fixup).
    """
    for name, weight in blocks.named_parameters():
        if weight.ndim < 2:
            nn.init.ones_(weight)
        elif zero_outputs and name.endswith(("o_proj.weight", "down_proj.weight")):
            nn.init.zeros_(weight)
        else:
            bound = math.sqrt(3 / weight.shape[1])
            nn.init.uniform_(weight, -bound, bound)


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.mlp = SwiGLU(config.hidden_size, config.intermediate_size)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, x_BTD: Tensor, rope: tuple[Tensor, Tensor] | None, mask: Tensor | None, cache: LayerCache | None = None
    ) -> Tensor:
        x_BTD = x_BTD + self.dropout(self.self_attn(self.input_layernorm(x_BTD), rope, mask, cache))
        return x_BTD + self.dropout(self.mlp(self.post_attention_layernorm(x_BTD)))


class Attention(nn.Module):
    """Causal self-attention with num_heads / num_kv_heads query heads to each key head (Ainslie et al. 2023)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.head_dim = config.head_dim
        width, kv_width = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
        self.q_proj = nn.Linear(config.hidden_size, width, bias=False)
        self.k_proj = nn.Linear(config.hidden_size, kv_width, bias=False)
        self.v_proj = nn.Linear(config.hidden_size, kv_width, bias=False)
        self.o_proj = nn.Linear(width, config.hidden_size, bias=False)

    def forward(
        self, x_BTD: Tensor, rope: tuple[Tensor, Tensor] | None, mask: Tensor | None, cache: LayerCache | None = None
    ) -> Tensor:
        q_BHTA = self.q_proj(x_BTD).unflatten(2, (-1, self.head_dim)).transpose(1, 2)
        k_BKTA = self.k_proj(x_BTD).unflatten(2, (-1, self.head_dim)).transpose(1, 2)
        v_BKTA = self.v_proj(x_BTD).unflatten(2, (-1, self.head_dim)).transpose(1, 2)
        if rope is not None:
            q_BHTA, k_BKTA = rotate(q_BHTA, *rope), rotate(k_BKTA, *rope)
        if cache is not None:
            k_BKTA, v_BKTA = cache.append(k_BKTA, v_BKTA)
        y_BHTA = causal_attention(q_BHTA, k_BKTA, v_BKTA, mask)
        return self.o_proj(y_BHTA.transpose(1, 2).flatten(2))


class SwiGLU(nn.Module):
    """down(silu(gate(x)) * up(x)) (Shazeer 2020)."""

    def __init__(self, hidden_size: int, intermediate_size: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.up_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.down_proj = nn.Linear(intermediate_size, hidden_size, bias=False)

    def forward(self, x_BTD: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x_BTD)) * self.up_proj(x_BTD))
