"""The fusion that a configuration names. Each has `forward(features_BND, grid) -> (B, Q, H)`, `num_tokens(grid)`."""

from __future__ import annotations

from fc_model.config.vision import EncoderConfig, FusionConfig
from fc_model.vision.fusion.perceiver import PerceiverResampler
from fc_model.vision.fusion.projector import MLPProjector
from fc_model.vision.fusion.qformer import QFormer

Fusion = PerceiverResampler | QFormer | MLPProjector


def build_fusion(config: FusionConfig, encoder: EncoderConfig, hidden_size: int) -> Fusion:
    """A fusion between this encoder and a decoder of this hidden_size, with fresh weights.

    Raises ValueError where the widths do not fit, naming the setting.
    """
    if config.kind == "perceiver":
        return PerceiverResampler(config, encoder, hidden_size)
    if config.kind == "qformer":
        return QFormer(config, encoder, hidden_size)
    return MLPProjector(config, encoder, hidden_size)
