"""Fusion by a small Q-Former: layers of self-attention of learned queries and cross-attention to the patches.

PyTorch only: llama.cpp has no graph for it. After Li et al. 2023 (BLIP-2), with the norm before each part and, as in
the resampler, 2D sines and cosines in the keys: without them a small one finds the places of an encoder trained from
scratch too late.

Shapes: B images, N patches, D width of the encoder, Q queries, H hidden size of the decoder.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fc_model.config.vision import EncoderConfig, FusionConfig
from fc_model.vision.encoders.attention import multi_head_attention
from fc_model.vision.encoders.positions import KeyPositions


class QFormer(nn.Module):
    """Learned queries read the patches over a few layers."""

    def __init__(self, config: FusionConfig, encoder: EncoderConfig, hidden_size: int) -> None:
        super().__init__()
        config.check_widths(encoder, hidden_size)
        self.config = config
        self.query = nn.Parameter(torch.empty(config.num_queries, hidden_size))
        self.key_positions = KeyPositions(encoder.hidden_size)
        self.ln_patches = nn.LayerNorm(encoder.hidden_size, eps=encoder.norm_eps)
        self.layers = nn.ModuleList(
            QFormerLayer(hidden_size, encoder.hidden_size, head_dim=config.head_dim, norm_eps=encoder.norm_eps)
            for _ in range(config.num_layers)
        )
        self.ln_post = nn.LayerNorm(hidden_size, eps=encoder.norm_eps)
        self.proj = nn.Linear(hidden_size, hidden_size)
        self.init_weights()

    def num_tokens(self, grid: tuple[int, int]) -> int:
        """Tokens of an image of this patch grid: as many as there are queries."""
        return self.config.num_tokens(grid)

    def forward(self, features_BND: Tensor, grid: tuple[int, int]) -> Tensor:
        """Tokens (B, Q, H)."""
        patches_BND = self.ln_patches(features_BND)
        keys_BND = patches_BND + self.key_positions(grid, device=features_BND.device).to(patches_BND.dtype)
        x_BQH = self.query.expand(len(features_BND), -1, -1)
        for layer in self.layers:
            x_BQH = layer(x_BQH, keys_BND, patches_BND)
        return self.proj(self.ln_post(x_BQH))

    @torch.no_grad()
    def init_weights(self) -> None:
        """Matrices with variance 1 / inputs, those that write into the residual stream smaller by sqrt(3 x layers)."""
        if self.query.is_meta:
            return  # counted, or about to be loaded
        for name, weight in self.named_parameters():
            if weight.ndim < 2:
                nn.init.constant_(weight, 1.0 if "ln_" in name and name.endswith("weight") else 0.0)
                continue
            std = 1.0 if name == "query" else weight.shape[1] ** -0.5
            if name.endswith(("out_proj.weight", "fc2.weight")):
                std /= math.sqrt(3 * self.config.num_layers)
            nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)


class QFormerLayer(nn.Module):
    """Self-attention of the queries, cross-attention to the patches, MLP; each is added to its input."""

    def __init__(self, width: int, patch_width: int, *, head_dim: int, norm_eps: float) -> None:
        super().__init__()
        self.ln_self = nn.LayerNorm(width, eps=norm_eps)
        self.self_attn = MultiHeadAttention(width, width, head_dim=head_dim)
        self.ln_cross = nn.LayerNorm(width, eps=norm_eps)
        self.cross_attn = MultiHeadAttention(width, patch_width, head_dim=head_dim)
        self.ln_mlp = nn.LayerNorm(width, eps=norm_eps)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x_BQH: Tensor, keys_BND: Tensor, values_BND: Tensor) -> Tensor:
        """(B, Q, H) to (B, Q, H)."""
        normed_BQH = self.ln_self(x_BQH)
        x_BQH = x_BQH + self.self_attn(normed_BQH, normed_BQH, normed_BQH)
        x_BQH = x_BQH + self.cross_attn(self.ln_cross(x_BQH), keys_BND, values_BND)
        return x_BQH + self.fc2(F.gelu(self.fc1(self.ln_mlp(x_BQH)), approximate="tanh"))


class MultiHeadAttention(nn.Module):
    """Attention of one sequence to another, which may have another width."""

    def __init__(self, width: int, source_width: int, *, head_dim: int) -> None:
        super().__init__()
        self.num_heads = width // head_dim
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(source_width, width)
        self.v_proj = nn.Linear(source_width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x_BQH: Tensor, keys_BND: Tensor, values_BND: Tensor) -> Tensor:
        """(B, Q, H)."""
        q_BQH, k_BNH, v_BNH = self.q_proj(x_BQH), self.k_proj(keys_BND), self.v_proj(values_BND)
        return self.out_proj(multi_head_attention(q_BQH, k_BNH, v_BNH, num_heads=self.num_heads))
