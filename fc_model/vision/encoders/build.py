"""The vision encoder that a configuration names."""

from __future__ import annotations

from fc_model.config.vision import EncoderConfig
from fc_model.vision.encoders.pixtral import PixtralEncoder
from fc_model.vision.encoders.vit import VisionEncoder

Encoder = VisionEncoder | PixtralEncoder


def build_encoder(config: EncoderConfig) -> Encoder:
    """An encoder with fresh weights; `fc_model.checkpoints.load.load_encoder` copies published ones into it."""
    return PixtralEncoder(config) if config.kind == "pixtral" else VisionEncoder(config)
