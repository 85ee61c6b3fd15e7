"""Fusion by one cross-attention of learned queries: MiniCPM-V's resampler as stock llama.cpp runs it.

Shapes: B images, N patches, D width of the encoder, Q queries, H hidden size of the decoder, A width of a head.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fc_model.config.vision import EncoderConfig, FusionConfig
from fc_model.vision.encoders.attention import multi_head_attention
from fc_model.vision.encoders.positions import key_positions
from fc_model.vision.fusion.query_grid_init import init_queries_on_grid


class PerceiverResampler(nn.Module):
    """Queries attend once to the patches, whose keys carry 2D sines and cosines of their place.

    Names of MiniCPM-V's `resampler.*`, and of the same tensors in GGUF (llama.cpp's tools/mtmd/models/minicpmv.cpp):

    | here | GGUF | shape in torch |
    |---|---|---|
    | `query` | `resampler.query` | (Q, H) |
    | `kv_proj.weight` | `resampler.kv.weight` | (H, D) |
    | `ln_q.*`, `ln_kv.*`, `ln_post.*` | `resampler.ln_q.*`, `ln_kv`, `ln_post` | (H) |
    | `attn.in_proj_{weight,bias}` | thirds: `resampler.attn.{q,k,v}.{weight,bias}` | (3 H, H), (3 H) |
    | `attn.out_proj.{weight,bias}` | `resampler.attn.out.{weight,bias}` | (H, H), (H) |
    | `proj` | `resampler.proj.weight`, transposed: here it is y = x @ proj | (H, H) |
    | (not learned) | `resampler.pos_embed_k`, must exist, is not read | |

    Heads of llama.cpp are 128 wide, and all norms take the encoder's epsilon.
    """

    def __init__(self, config: FusionConfig, encoder: EncoderConfig, hidden_size: int) -> None:
        super().__init__()
        config.check_widths(encoder, hidden_size)
        self.config = config
        self.query = nn.Parameter(torch.empty(config.num_queries, hidden_size))
        self.kv_proj = nn.Linear(encoder.hidden_size, hidden_size, bias=False)
        self.ln_q = nn.LayerNorm(hidden_size, eps=encoder.norm_eps)
        self.ln_kv = nn.LayerNorm(hidden_size, eps=encoder.norm_eps)
        self.attn = CrossAttention(hidden_size, num_heads=hidden_size // config.head_dim)
        self.ln_post = nn.LayerNorm(hidden_size, eps=encoder.norm_eps)
        self.proj = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.init_weights()
        if config.grid_init and not self.query.is_meta:
            init_queries_on_grid(
                self.query,
                self.attn.in_proj_weight,
                self.ln_kv.weight,
                num_heads=self.attn.num_heads,
                grid=config.init_grid or encoder.native_grid,
            )

    def forward(self, features_BND: Tensor, grid: tuple[int, int]) -> Tensor:
        """Tokens (B, Q, H)."""
        value_BNH = self.ln_kv(self.kv_proj(features_BND))
        positions_NH = key_positions(grid, value_BNH.shape[-1], features_BND.device)
        key_BNH = value_BNH + positions_NH.to(value_BNH.dtype)
        query_BQH = self.ln_q(self.query).expand(len(features_BND), -1, -1)
        return self.ln_post(self.attn(query_BQH, key_BNH, value_BNH)) @ self.proj

    @torch.no_grad()
    def init_weights(self) -> None:
        """Draw the weights from torch's default generator: matrices with variance 1 / inputs, queries of variance 1."""
        if self.query.is_meta:
            return  # counted, or about to be loaded
        nn.init.trunc_normal_(self.query, std=1.0)
        for weight in (self.kv_proj.weight, self.attn.in_proj_weight, self.attn.out_proj.weight, self.proj):
            std = weight.shape[1] ** -0.5
            nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)
        nn.init.zeros_(self.attn.in_proj_bias)
        nn.init.zeros_(self.attn.out_proj.bias)


class CrossAttention(nn.Module):
    """Multi-head attention under the names of `nn.MultiheadAttention`; keys and values differ by the positions."""

    def __init__(self, width: int, *, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, query_BQH: Tensor, key_BNH: Tensor, value_BNH: Tensor) -> Tensor:
        """(B, Q, H)."""
        parts = zip(
            (query_BQH, key_BNH, value_BNH), self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3), strict=True
        )
        q_BQH, k_BNH, v_BNH = (F.linear(x, weight, bias) for x, weight, bias in parts)
        return self.out_proj(multi_head_attention(q_BQH, k_BNH, v_BNH, num_heads=self.num_heads))
