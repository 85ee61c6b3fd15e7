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
from fc_model.vision.encoders.attention import MultiHeadAttention
from fc_model.vision.encoders.encoder import draw_weights
from fc_model.vision.encoders.positions import key_positions


class QFormer(nn.Module):
    """Learned queries read the patches over a few layers."""

    def __init__(self, config: FusionConfig, encoder: EncoderConfig, hidden_size: int) -> None:
        super().__init__()
        config.check_widths(encoder, hidden_size)
        self.config = config
        self.query = nn.Parameter(torch.empty(config.num_queries, hidden_size))
        self.ln_patches = nn.LayerNorm(encoder.hidden_size, eps=encoder.norm_eps)
        self.layers = nn.ModuleList(
            QFormerLayer(hidden_size, encoder.hidden_size, head_dim=config.head_dim, norm_eps=encoder.norm_eps)
            for _ in range(config.num_layers)
        )
        self.ln_post = nn.LayerNorm(hidden_size, eps=encoder.norm_eps)
        self.proj = nn.Linear(hidden_size, hidden_size)
        if not self.query.is_meta:  # counted, or about to be loaded
            draw_weights(self, {"query": 1.0}, residual=math.sqrt(3 * config.num_layers))

    def forward(self, features_BND: Tensor, grid: tuple[int, int]) -> Tensor:
        """Tokens (B, Q, H)."""
        patches_BND = self.ln_patches(features_BND)
        positions_ND = key_positions(grid, patches_BND.shape[-1], features_BND.device)
        keys_BND = patches_BND + positions_ND.to(patches_BND.dtype)
        x_BQH = self.query.expand(len(features_BND), -1, -1)
        for layer in self.layers:
            x_BQH = layer(x_BQH, keys_BND, patches_BND)
        return self.proj(self.ln_post(x_BQH))


class QFormerLayer(nn.Module):
    """Self-attention of the queries, cross-attention to the patches, MLP; each is added to its input."""

    def __init__(self, width: int, patch_width: int, *, head_dim: int, norm_eps: float) -> None:
        super().__init__()
        self.ln_self = nn.LayerNorm(width, eps=norm_eps)
        names = ("q_proj", "k_proj", "v_proj", "out_proj")
        self.self_attn = MultiHeadAttention(width, names, num_heads=width // head_dim)
        self.ln_cross = nn.LayerNorm(width, eps=norm_eps)
        self.cross_attn = MultiHeadAttention(width, names, num_heads=width // head_dim, source_width=patch_width)
        self.ln_mlp = nn.LayerNorm(width, eps=norm_eps)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x_BQH: Tensor, keys_BND: Tensor, values_BND: Tensor) -> Tensor:
        normed_BQH = self.ln_self(x_BQH)
        x_BQH = x_BQH + self.self_attn(normed_BQH, normed_BQH, normed_BQH)
        x_BQH = x_BQH + self.cross_attn(self.ln_cross(x_BQH), keys_BND, values_BND)
        return x_BQH + self.fc2(F.gelu(self.fc1(self.ln_mlp(x_BQH)), approximate="tanh"))
