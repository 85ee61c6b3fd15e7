"""Shapes of a vision encoder and of the fusion that turns its patches into input of the decoder.

Read when Dagster loads its definitions, so it imports no torch. The formulas count what
`fc_model.vision.encoders.vit` and the fusions build; tests hold them equal.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from fc_model.config.strict import Strict

LLAMA_CPP_HEAD_DIM = 128
"""Width of a head that llama.cpp's resampler fixes (tools/mtmd/models/minicpmv.cpp)."""


class EncoderConfig(Strict):
    """A vision transformer of the SigLIP, CLIP or Pixtral family."""

    kind: Literal["siglip", "clip", "pixtral"] = Field(
        default="siglip",
        description="siglip: tanh-GELU, norm after the last block; clip: class token, norm before the first block, "
        "quick-GELU; pixtral: rotary positions of rows and columns, RMSNorm, SwiGLU: the one to train from scratch.",
    )
    image_size: int = Field(default=224, gt=0, description="Height and width that the position table is made for.")
    patch_size: int = Field(default=16, gt=0, description="Height and width of a patch, in pixels.")
    hidden_size: int = Field(default=768, gt=0, description="Width of the residual stream.")
    num_layers: int = Field(default=12, gt=0, description="Encoder blocks.")
    num_heads: int = Field(default=12, gt=0, description="Attention heads; must divide hidden_size.")
    intermediate_size: int = Field(default=3072, gt=0, description="Width of the MLP.")
    norm_eps: float = Field(default=1e-6, gt=0, description="Epsilon of the norms, of the fusion's too.")
    interpolation: Literal["bicubic", "bilinear", "nearest"] = Field(
        default="bicubic",
        description="How the position table is fitted to other sizes: bicubic as transformers' SigLIP and CLIP; "
        "bilinear with antialiasing as SigLIP 2 and llama.cpp's phi4; nearest cell as MiniCPM-V.",
    )
    position_init: Literal["normal", "sincos"] = Field(
        default="normal", description="Small noise, or 2D sines and cosines, which need not be learnt first."
    )
    weights: str | None = Field(
        default=None, min_length=1, description="Hugging Face folder or file; null: from scratch."
    )
    weights_sha256: str | None = Field(
        default=None, pattern="^[0-9a-f]{64}$", description="Of the safetensors; weights without it are refused."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.hidden_size % self.num_heads:
            raise ValueError(
                f"num_heads ({self.num_heads}) does not divide hidden_size ({self.hidden_size}): take a divisor"
            )
        if self.image_size % self.patch_size:
            lower = max(self.image_size // self.patch_size, 1) * self.patch_size
            raise ValueError(
                f"image_size ({self.image_size}) is no multiple of patch_size ({self.patch_size}): set it to {lower}"
            )
        if self.kind == "pixtral" and self.hidden_size // self.num_heads % 4:
            raise ValueError(
                f"heads of {self.hidden_size // self.num_heads} have no rotary halves for rows and columns: take "
                "num_heads that leave a multiple of 4"
            )
        if self.kind == "pixtral" and self.weights is not None:
            raise ValueError("weights of kind pixtral cannot be loaded: set null, or take siglip or clip")
        if self.position_init == "sincos" and self.hidden_size % 4:
            raise ValueError(
                f"position_init sincos needs a hidden_size ({self.hidden_size}) that 4 divides: raise it or take normal"
            )
        return self

    @property
    def native_grid(self) -> tuple[int, int]:
        """Rows and columns of patches of an image of image_size."""
        side = self.image_size // self.patch_size
        return side, side

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """Rows and columns of patches of an image; ValueError where the patch does not divide it."""
        if height < 1 or width < 1 or height % self.patch_size or width % self.patch_size:
            raise ValueError(
                f"image of {height}x{width} pixels is no multiple of patch_size ({self.patch_size}): pad or resize it"
            )
        return height // self.patch_size, width // self.patch_size

    def num_parameters(self) -> int:
        """Number of weights, the position table included."""
        if self.kind == "pixtral":
            matrices = 4 * self.hidden_size**2 + 3 * self.hidden_size * self.intermediate_size
            return (3 * self.patch_size**2 + 2 + self.num_layers * 2) * self.hidden_size + self.num_layers * matrices
        rows, columns = self.native_grid
        clip = self.kind == "clip"
        patch = (3 * self.patch_size**2 + (0 if clip else 1)) * self.hidden_size
        positions = (rows * columns + (1 if clip else 0)) * self.hidden_size
        attention = 4 * (self.hidden_size + 1) * self.hidden_size
        mlp = 2 * self.hidden_size * self.intermediate_size + self.intermediate_size + self.hidden_size
        block = attention + mlp + 4 * self.hidden_size
        class_token_and_norm = 3 * self.hidden_size if clip else 0
        return patch + positions + self.num_layers * block + 2 * self.hidden_size + class_token_and_norm

    def flops_per_image(self, height: int, width: int) -> int:
        """Floating point operations of one forward pass; a backward pass takes twice as many.

        Two per weight of a matrix product and token, and 4 x tokens x hidden_size for the scores and values of a
        token in each block.
        """
        rows, columns = self.grid(height, width)
        tokens = rows * columns + (1 if self.kind == "clip" else 0)
        matrices = 3 if self.kind == "pixtral" else 2
        block = 4 * self.hidden_size**2 + matrices * self.hidden_size * self.intermediate_size
        patch = 2 * 3 * self.patch_size**2 * self.hidden_size * rows * columns
        return patch + self.num_layers * (2 * block * tokens + 4 * tokens**2 * self.hidden_size)


class FusionConfig(Strict):
    """How the patches of an image become tokens of the decoder; their width is the decoder's hidden_size."""

    kind: Literal["perceiver", "qformer", "mlp"] = Field(
        default="perceiver",
        description="perceiver: one cross-attention of learned queries (MiniCPM-V's resampler); qformer: a few layers "
        "of them, in PyTorch only; mlp: one token a patch.",
    )
    num_queries: int = Field(default=64, gt=0, description="perceiver, qformer: tokens of an image.")
    num_layers: int = Field(default=2, ge=2, le=4, description="qformer: layers.")
    head_dim: int = Field(
        default=LLAMA_CPP_HEAD_DIM, gt=0, description="perceiver, qformer: of an attention head; divides hidden_size."
    )
    pixel_shuffle: int = Field(
        default=1, gt=0, description="mlp: side of the square of patches of a token (Idefics3); 1: by two layers."
    )
    grid_init: bool = Field(default=False, description="perceiver: queries start as points spread over the image.")
    init_grid: tuple[int, int] | None = Field(
        default=None, description="perceiver with grid_init: rows and columns of its points; null: the encoder's."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.pixel_shuffle > 1 and self.kind != "mlp":
            raise ValueError(f"pixel_shuffle ({self.pixel_shuffle}) belongs to kind mlp, not {self.kind}: remove it")
        if self.grid_init and self.kind != "perceiver":
            raise ValueError(f"grid_init belongs to kind perceiver, not {self.kind}: remove it")
        if self.init_grid is not None and not self.grid_init:
            raise ValueError(f"init_grid {self.init_grid} has no use without grid_init: remove it or set grid_init")
        if self.init_grid is not None and min(self.init_grid) < 1:
            raise ValueError(f"init_grid {self.init_grid} has no patches: give rows and columns of at least 1")
        return self

    def check_widths(self, encoder: EncoderConfig, hidden_size: int) -> None:
        """Raise ValueError where this fusion does not fit between the encoder and a decoder of this hidden_size."""
        if self.kind != "mlp" and hidden_size % self.head_dim:
            raise ValueError(
                f"fusion.head_dim ({self.head_dim}) does not divide the decoder's hidden_size ({hidden_size}): "
                "take a divisor"
            )
        if self.kind == "perceiver" and self.head_dim % 4:
            raise ValueError(f"fusion.head_dim ({self.head_dim}) is no multiple of 4, which 2D positions need")
        if self.kind == "qformer" and encoder.hidden_size % 4:
            raise ValueError(
                f"encoder.hidden_size ({encoder.hidden_size}) is no multiple of 4, which 2D positions need"
            )

    def num_tokens(self, grid: tuple[int, int]) -> int:
        """Tokens that an image of this patch grid takes in the decoder; ValueError where the grid can't be merged."""
        if self.kind != "mlp":
            return self.num_queries
        rows, columns = grid
        if rows % self.pixel_shuffle or columns % self.pixel_shuffle:
            raise ValueError(
                f"patch grid {rows}x{columns} is no multiple of pixel_shuffle ({self.pixel_shuffle}): "
                "pad the image, or lower pixel_shuffle"
            )
        return rows * columns // self.pixel_shuffle**2

    def num_parameters(self, encoder: EncoderConfig, hidden_size: int) -> int:
        """Number of weights between the encoder and a decoder of this hidden_size."""
        width, patch = hidden_size, encoder.hidden_size
        if self.kind == "mlp":
            if self.pixel_shuffle > 1:
                return patch * self.pixel_shuffle**2 * width
            return (patch + 1) * width + (width + 1) * width
        attention = 4 * (width + 1) * width
        if self.kind == "perceiver":
            return self.num_queries * width + patch * width + 6 * width + attention + width * width
        cross = 2 * (width + 1) * width + 2 * (patch + 1) * width
        mlp = 8 * width * width + 5 * width
        layer = attention + cross + mlp + 6 * width
        return self.num_queries * width + 2 * patch + self.num_layers * layer + 2 * width + (width + 1) * width

    def flops_per_image(self, encoder: EncoderConfig, hidden_size: int, grid: tuple[int, int]) -> int:
        """Floating point operations of one forward pass; a backward pass takes twice as many."""
        width, patch, patches, queries = hidden_size, encoder.hidden_size, grid[0] * grid[1], self.num_queries
        if self.kind == "mlp":
            if self.pixel_shuffle > 1:
                return 2 * patches * patch * width
            return 2 * patches * (patch * width + width * width)
        if self.kind == "perceiver":
            per_patch = patch * width + 2 * width * width
            return 2 * patches * per_patch + 6 * queries * width * width + 4 * queries * patches * width
        matrices = 4 * queries * width * width + 2 * queries * width * width + 2 * patches * patch * width
        attention = 2 * queries * queries * width + 2 * queries * patches * width
        layer = 2 * (matrices + attention + 8 * queries * width * width)
        return self.num_layers * layer + 2 * queries * width * width
