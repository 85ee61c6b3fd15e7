"""The decoder, all of it: RMSNorm before each part, rotary positions, grouped-query attention, SwiGLU.

The weights carry the names of transformers' Llama without its `model.` prefix, and compute the same.

Shapes: B windows, T tokens of a window, V vocabulary, D hidden size, F width of the MLP, H query heads,
K key and value heads, A width of a head, N = B * T.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from fc_model.config.model import ModelConfig
from fc_model.model.attention import causal_attention
from fc_model.model.induction_init import init_look_back
from fc_model.model.loss import next_token_loss


class Decoder(nn.Module):
    """Token ids to next-token logits.

    A document mask keeps attention inside documents. `document_BT` names for each input position the document of
    the token that it predicts, so the start token in front of a document belongs to that document
    (`fc_model.data.windows` builds it). Positions run on through a window: RoPE only sees differences.
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

    def forward(self, ids_BT: Tensor, document_BT: Tensor | None = None) -> Tensor:
        """Logits of the token after each position, (B, T, V)."""
        return F.linear(self.hidden(ids_BT, document_BT), self.head_VD)

    def loss(
        self,
        ids_BT: Tensor,
        targets_BT: Tensor,
        document_BT: Tensor | None = None,
        *,
        num_targets: int | None = None,
    ) -> Tensor:
        """Mean next-token cross-entropy in nats, without a full array of logits; see `next_token_loss`."""
        hidden_ND = self.hidden(ids_BT, document_BT).flatten(0, 1)
        return next_token_loss(
            hidden_ND=hidden_ND,
            head_VD=self.head_VD,
            targets_N=targets_BT.flatten(),
            num_targets=num_targets,
        )

    def hidden(self, ids_BT: Tensor, document_BT: Tensor | None = None) -> Tensor:
        """Output of the last norm, (B, T, D)."""
        return self.hidden_of(self.embed_tokens(ids_BT), document_BT)

    def hidden_of(self, x_BTD: Tensor, document_BT: Tensor | None = None) -> Tensor:
        """The same from embeddings, some of which may be an image's."""
        length, device = x_BTD.shape[1], x_BTD.device
        positions: tuple[Tensor, Tensor] | None = self._positions(length=length, device=device)
        mask = attention_mask(document_BT) if document_BT is not None else None
        if self.config.position == "alibi":
            mask, positions = (
                alibi_bias(self.config.num_heads, length, device, mask),
                None,
            )
        for layer in self.layers:
            if self.gradient_checkpointing and self.training:
                x_BTD = checkpoint(layer, x_BTD, positions, mask, use_reentrant=False)
            else:
                x_BTD = layer(x_BTD, positions, mask)
        return self.norm(x_BTD)

    @torch.no_grad()
    def init_weights(self) -> None:
        """Draw the weights from torch's default generator.

        Matrices uniform with variance 1 / inputs; projections that write into the residual stream zero, so that the
        network starts as the identity and deep ones learn as fast as shallow ones (Zhang et al. 2019, Fixup).
        """
        config = self.config
        if self.embed_tokens.weight.is_meta:
            return  # counted, or about to be loaded
        nn.init.normal_(self.embed_tokens.weight, std=config.embedding_init_std)
        if self.lm_head is not None:
            nn.init.normal_(self.lm_head.weight, std=config.head_init_std)
        for name, weight in self.layers.named_parameters():
            if weight.ndim < 2:
                nn.init.ones_(weight)
            elif config.zero_init_outputs and name.endswith(("o_proj.weight", "down_proj.weight")):
                nn.init.zeros_(weight)
            else:
                bound = math.sqrt(3 / weight.shape[1])
                nn.init.uniform_(weight, -bound, bound)
        nn.init.ones_(self.norm.weight)
        if config.look_back_init:
            init_look_back(self)

    def _positions(self, length: int, device: torch.device) -> tuple[Tensor, Tensor]:
        if (length, device) not in self._tables:
            self._tables[length, device] = rope_table(self.config, length, device)
        return self._tables[length, device]


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.mlp = SwiGLU(config)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self,
        x_BTD: Tensor,
        positions: tuple[Tensor, Tensor] | None,
        mask: Tensor | None,
    ) -> Tensor:
        x_BTD = x_BTD + self.dropout(self.self_attn(self.input_layernorm(x_BTD), positions, mask))
        return x_BTD + self.dropout(self.mlp(self.post_attention_layernorm(x_BTD)))


class Attention(nn.Module):
    """Causal self-attention with num_heads / num_kv_heads query heads to each key head (Ainslie et al. 2023)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.head_dim = config.head_dim
        width, kv_width = (
            config.num_heads * config.head_dim,
            config.num_kv_heads * config.head_dim,
        )
        self.q_proj = nn.Linear(config.hidden_size, width, bias=False)
        self.k_proj = nn.Linear(config.hidden_size, kv_width, bias=False)
        self.v_proj = nn.Linear(config.hidden_size, kv_width, bias=False)
        self.o_proj = nn.Linear(width, config.hidden_size, bias=False)

    def forward(
        self,
        x_BTD: Tensor,
        positions: tuple[Tensor, Tensor] | None,
        mask: Tensor | None,
    ) -> Tensor:
        q_BHTA = self.q_proj(x_BTD).unflatten(2, (-1, self.head_dim)).transpose(1, 2)
        k_BKTA = self.k_proj(x_BTD).unflatten(2, (-1, self.head_dim)).transpose(1, 2)
        v_BKTA = self.v_proj(x_BTD).unflatten(2, (-1, self.head_dim)).transpose(1, 2)
        if positions is not None:
            q_BHTA, k_BKTA = rotate(q_BHTA, *positions), rotate(k_BKTA, *positions)
        y_BHTA = causal_attention(q_BHTA, k_BKTA, v_BKTA, mask)
        return self.o_proj(y_BHTA.transpose(1, 2).flatten(2))


class SwiGLU(nn.Module):
    """down(silu(gate(x)) * up(x)) (Shazeer 2020)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, x_BTD: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x_BTD)) * self.up_proj(x_BTD))


def rope_table(config: ModelConfig, length: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine of each position's angles, (T, A): frequencies theta^(-2i/A), once for each half of a head.

    Su et al. 2021; dimension i is paired with i + A/2, as in transformers' Llama.
    """
    exponents = torch.arange(0, config.head_dim, 2, dtype=torch.float32, device=device) / config.head_dim
    angles = torch.outer(
        torch.arange(length, dtype=torch.float32, device=device),
        config.rope_theta**-exponents,
    )
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def rotate(x_BHTA: Tensor, cos_TA: Tensor, sin_TA: Tensor) -> Tensor:
    """Turn each pair of dimensions (i, i + A/2) of each head by the angle of its position."""
    first, second = x_BHTA.chunk(2, dim=-1)
    turned = torch.cat((-second, first), dim=-1)
    return x_BHTA * cos_TA.to(x_BHTA.dtype) + turned * sin_TA.to(x_BHTA.dtype)


def attention_mask(document_BT: Tensor) -> Tensor:
    """True where a position may look: not ahead, and inside its own document. (B, 1, T, T)."""
    same_BTT = document_BT.unsqueeze(2) == document_BT.unsqueeze(1)
    return same_BTT.tril().unsqueeze(1)


def alibi_bias(num_heads: int, length: int, device: torch.device, mask: Tensor | None) -> Tensor:
    """Linear penalty on distance, one slope a head, -inf where a position may not look (Press et al. 2022).

    Slopes are 2^(-8 (h + 1) / H). Shape (1, H, T, T), or (B, H, T, T) with a mask of documents.
    """
    slopes_H11 = 2.0 ** (-8.0 * torch.arange(1, num_heads + 1, device=device) / num_heads).view(-1, 1, 1)
    places = torch.arange(length, device=device)
    distance_TT = places.unsqueeze(1) - places.unsqueeze(0)
    allowed = (distance_TT >= 0) if mask is None else mask
    return (-slopes_H11 * distance_TT).unsqueeze(0).masked_fill(~allowed, -math.inf)
