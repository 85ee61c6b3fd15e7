"""A vision encoder whose attention turns by row and column: Pixtral's transformer in plain torch.

Positions are rotary in two dimensions, so an image of any size needs no table, and an encoder that is trained from
scratch learns faster (docs/experiments). Norms and MLP are those of the decoder: RMSNorm, SwiGLU, no biases. The
weights carry the names of transformers' PixtralVisionModel, but for `ln_post`, which llama.cpp's graph of the same name
applies where it is there (`v.post_ln`); the patches' matrix is that of `patch_conv`, flattened.

Source: Agrawal et al. 2024 (Pixtral 12B), section 2.1. Shapes: B images, H and W pixels, N patches, D hidden size, A
width of a head, P patch size.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from fc_model.config.vision import EncoderConfig
from fc_model.model.decoder import SwiGLU, draw_blocks
from fc_model.model.rope import rope_table_2d
from fc_model.vision.encoders.attention import MultiHeadAttention
from fc_model.vision.encoders.encoder import Encoder

ROPE_THETA = 10_000.0
"""What llama.cpp's graph fixes."""


class PixtralEncoder(Encoder):
    """See `Encoder`. Raises ValueError for a size that is no multiple of P."""

    tower, last_norm = "transformer", "ln_post"

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        self.patch_conv = nn.Linear(3 * config.patch_size**2, config.hidden_size, bias=False)
        self.ln_pre = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.transformer = nn.ModuleDict({"layers": nn.ModuleList(Block(config) for _ in range(config.num_layers))})
        self.ln_post = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        if not self.patch_conv.weight.is_meta:  # counted, or about to be loaded
            draw_blocks(self)

    def forward(self, pixels_BCHW: Tensor) -> Tensor:
        config = self.config
        grid = config.grid(pixels_BCHW.shape[2], pixels_BCHW.shape[3])
        patches_BNX = F.unfold(pixels_BCHW, config.patch_size, stride=config.patch_size).transpose(1, 2)
        rope = rope_table_2d(grid, config.hidden_size // config.num_heads, ROPE_THETA, pixels_BCHW.device)
        return self.ln_post(self.blocks(self.ln_pre(self.patch_conv(patches_BNX)), rope))


class Block(nn.Module):
    """x + attention(norm(x)), then x + feed_forward(norm(x))."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        names = ("q_proj", "k_proj", "v_proj", "o_proj")
        self.attention = MultiHeadAttention(config.hidden_size, names, num_heads=config.num_heads, bias=False)
        self.ffn_norm = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.feed_forward = SwiGLU(config.hidden_size, config.intermediate_size)

    def forward(self, x_BND: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        normed_BND = self.attention_norm(x_BND)
        x_BND = x_BND + self.attention(normed_BND, normed_BND, normed_BND, rope)
        return x_BND + self.feed_forward(self.ffn_norm(x_BND))
