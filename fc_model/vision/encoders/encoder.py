"""What the vision encoders share: blocks that may be recomputed, the last of them trained again, and fresh weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from fc_model.config.vision import EncoderConfig


class Encoder(nn.Module):
    """Pixels (B, 3, H, W) to features of patches (B, N, D), row by row, for all sizes that the patch divides.

    `gradient_checkpointing`: in training each block's activations are computed again for the backward pass, not kept.
    """

    tower: str
    """Name of the module that holds the blocks as `layers`."""
    last_norm: str
    """Name of the norm behind the blocks."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.gradient_checkpointing = False

    @property
    def layers(self) -> nn.ModuleList:
        return cast("nn.ModuleList", self.get_submodule(f"{self.tower}.layers"))

    def blocks(self, x_BTD: Tensor, *arguments: object) -> Tensor:
        """The blocks one after another, each with these further arguments, (B, T, D)."""
        recompute = self.gradient_checkpointing and self.training
        for layer in self.layers:
            x_BTD = checkpoint(layer, x_BTD, *arguments, use_reentrant=False) if recompute else layer(x_BTD, *arguments)
        return x_BTD

    def unfreeze_last(self, num_layers: int) -> None:
        """Train the last blocks again, and the norm behind them where patches pass through it (not under clip).

        Raises ValueError for more blocks than there are.
        """
        if not 0 < num_layers <= self.config.num_layers:
            raise ValueError(f"unfreeze_last({num_layers}): the encoder has {self.config.num_layers} blocks")
        self.layers[-num_layers:].requires_grad_(True)
        self.get_submodule(self.last_norm).requires_grad_(self.config.kind != "clip")


def draw_weights(module: nn.Module, stds: Mapping[str, float] | None = None, *, residual: float = 1.0) -> None:
    """Draw from torch's default generator: norms 1, biases 0, matrices normal with variance 1 / inputs.

    They are cut at two deviations. Those that write into the residual stream are smaller by `residual`, so that its
    variance does not grow with depth (Radford et al. 2019, GPT-2). `stds` has other deviations, by name.
    """
    for name, weight in module.named_parameters():
        if weight.ndim < 2:
            nn.init.constant_(weight, float(name.endswith("weight")))
            continue
        std = (stds or {}).get(name, weight[0].numel() ** -0.5)
        if name.endswith(("out_proj.weight", "fc2.weight")):
            std /= residual
        nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)
