"""A vision encoder whose attention turns by row and column: Pixtral's transformer in plain torch.

Positions are rotary in two dimensions, so an image of any size needs no table, and an encoder that is trained from
scratch learns faster (docs/experiments). Norms and MLP are those of the decoder: RMSNorm, SwiGLU, no biases. The
weights carry the names of transformers' PixtralVisionModel, but for `ln_post`, which llama.cpp's graph of the same name
applies where it is there (`v.post_ln`); the patches' matrix is that of `patch_conv`, flattened.

Source: Agrawal et al. 2024 (Pixtral 12B), section 2.1. Shapes: B images, H and W pixels, N patches, D hidden size, A
width of a head, P patch size.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from fc_model.config.vision import EncoderConfig
from fc_model.model.decoder import SwiGLU
from fc_model.model.rope import rope_table_2d
from fc_model.vision.encoders.attention import multi_head_attention
from fc_model.vision.encoders.vit import Encoded

ROPE_THETA = 10_000.0
"""What llama.cpp's graph fixes."""


class PixtralEncoder(nn.Module):
    """Pixels to features of patches, for images of any height and width that the patch divides."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.gradient_checkpointing = False
        self.patch_conv = nn.Linear(3 * config.patch_size**2, config.hidden_size, bias=False)
        self.ln_pre = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.transformer = nn.ModuleDict({"layers": nn.ModuleList(Block(config) for _ in range(config.num_layers))})
        self.ln_post = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self._tables: dict[tuple[tuple[int, int], torch.device], tuple[Tensor, Tensor]] = {}
        self.init_weights()

    def forward(self, pixels_BCHW: Tensor) -> Tensor:
        """Features of the patches, (B, N, D), row by row. Raises ValueError for a size that is no multiple of P."""
        grid = self.patch_grid(pixels_BCHW.shape[2], pixels_BCHW.shape[3])
        x_BND = self.ln_pre(self.patch_conv(patches(pixels_BCHW, self.config.patch_size)))
        rope = self.rope(grid, pixels_BCHW.device)
        for layer in self.layers:
            if self.gradient_checkpointing and self.training:
                x_BND = checkpoint(layer, x_BND, rope, use_reentrant=False)
            else:
                x_BND = layer(x_BND, rope)
        return self.ln_post(x_BND)

    def encode(self, pixels_BCHW: Tensor) -> Encoded:
        """Features of the patches; there is no class token."""
        return Encoded(self(pixels_BCHW), None)

    @property
    def layers(self) -> nn.ModuleList:
        """The blocks."""
        layers = self.transformer["layers"]
        assert isinstance(layers, nn.ModuleList)
        return layers

    def patch_grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of patches of an image, in pixels; ValueError where the patch does not divide it."""
        return self.config.grid(height, width)

    def freeze(self) -> None:
        """No weight is trained."""
        self.requires_grad_(False)

    def unfreeze_last(self, num_layers: int) -> None:
        """Train the last blocks, and the norm behind them, again. ValueError for more blocks than there are."""
        if not 0 < num_layers <= self.config.num_layers:
            raise ValueError(f"unfreeze_last({num_layers}): the encoder has {self.config.num_layers} blocks")
        self.layers[-num_layers:].requires_grad_(True)
        self.ln_post.requires_grad_(True)

    @torch.no_grad()
    def init_weights(self) -> None:
        """Draw the weights from torch's default generator, as the decoder's: blocks start as the identity."""
        if self.patch_conv.weight.is_meta:
            return  # counted, or about to be loaded
        for name, weight in self.named_parameters():
            if weight.ndim < 2:
                nn.init.ones_(weight)
            elif name.endswith(("o_proj.weight", "down_proj.weight")):
                nn.init.zeros_(weight)
            else:
                bound = math.sqrt(3 / weight.shape[1])
                nn.init.uniform_(weight, -bound, bound)

    def rope(self, grid: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor]:
        """Cosines and sines of a patch grid, (N, A), kept for the next image of the same grid."""
        if (grid, device) not in self._tables:
            head_dim = self.config.hidden_size // self.config.num_heads
            self._tables[grid, device] = rope_table_2d(grid, head_dim, ROPE_THETA, device)
        return self._tables[grid, device]


class Block(nn.Module):
    """x + attention(norm(x)), then x + feed_forward(norm(x))."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.attention = Attention(config)
        self.ffn_norm = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.feed_forward = SwiGLU(config.hidden_size, config.intermediate_size)

    def forward(self, x_BND: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        """(B, N, D) to (B, N, D)."""
        x_BND = x_BND + self.attention(self.attention_norm(x_BND), rope)
        return x_BND + self.feed_forward(self.ffn_norm(x_BND))


class Attention(nn.Module):
    """Every patch attends to every patch of its image."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.num_heads = config.num_heads
        width = config.hidden_size
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(width, width, bias=False) for _ in range(4))

    def forward(self, x_BND: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        """(B, N, D) to (B, N, D)."""
        q_BND, k_BND, v_BND = self.q_proj(x_BND), self.k_proj(x_BND), self.v_proj(x_BND)
        return self.o_proj(multi_head_attention(q_BND, k_BND, v_BND, num_heads=self.num_heads, rope=rope))


def patches(pixels_BCHW: Tensor, side: int) -> Tensor:
    """The patches row by row, each with its channels one after another: (B, N, 3 * side^2)."""
    return F.unfold(pixels_BCHW, side, stride=side).transpose(1, 2)
