"""Fusion by a projection of each patch: llama.cpp's `phi4` and `janus_pro` (two layers), `idefics3` (one).

Shapes: B images, N patches, D width of the encoder, Q tokens, H hidden size of the decoder, r pixel_shuffle.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from fc_model.config.vision import EncoderConfig, FusionConfig
from fc_model.vision.encoders.encoder import draw_weights


class MLPProjector(nn.Module):
    """Linear, tanh-GELU, linear: one token a patch. With pixel_shuffle: one linear layer without a bias, for r x r.

    | here | phi4 in GGUF | janus_pro | idefics3 |
    |---|---|---|---|
    | `linear_1.{weight,bias}` | `mm.0.*` | `mm.0.*` | |
    | `linear_2.{weight,bias}` | `mm.2.*` | `mm.1.*` | |
    | `proj.weight` | | | `mm.model.fc.weight` |
    """

    def __init__(self, config: FusionConfig, encoder: EncoderConfig, hidden_size: int) -> None:
        super().__init__()
        self.config = config
        if config.pixel_shuffle > 1:
            self.proj = nn.Linear(encoder.hidden_size * config.pixel_shuffle**2, hidden_size, bias=False)
        else:
            self.linear_1 = nn.Linear(encoder.hidden_size, hidden_size)
            self.linear_2 = nn.Linear(hidden_size, hidden_size)
        draw_weights(self)

    def forward(self, features_BND: Tensor, grid: tuple[int, int]) -> Tensor:
        """Tokens (B, Q, H), row by row. Raises ValueError for a grid that pixel_shuffle does not divide."""
        self.config.num_tokens(grid)
        if self.config.pixel_shuffle > 1:
            return self.proj(pixel_shuffle(features_BND, grid, self.config.pixel_shuffle))
        return self.linear_2(F.gelu(self.linear_1(features_BND), approximate="tanh"))


def pixel_shuffle(features_BND: Tensor, grid: tuple[int, int], side: int) -> Tensor:
    """The patches of each square of side x side behind one another, row by row: (B, N / side^2, side^2 * D).

    Order of the channels as in transformers' Idefics3 and llama.cpp's `build_patch_merge_permute`.
    """
    rows, columns = grid[0] // side, grid[1] // side
    squares = features_BND.unflatten(1, (rows, side, columns, side)).transpose(2, 3)
    return squares.reshape(features_BND.shape[0], rows * columns, -1)
