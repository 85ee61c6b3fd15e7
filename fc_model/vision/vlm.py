"""A decoder that sees: encoder, fusion and decoder as one module, with the heads that training needs beside it.

A sequence is `<s>`, then `<image>`, the tokens of an image and `</image>` for each image, then text. The tokens of
images are embeddings, everything else is looked up; attention is causal throughout.

Shapes: B sequences, I images of a sequence, H and W pixels, N patches, Q tokens of an image, L tokens of text behind
the images, T = 1 + I * (Q + 2) + L, D hidden size of the decoder.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fc_model.config.image_stage import ImageStageConfig, VisionConfig
from fc_model.config.model import ModelConfig
from fc_model.config.vision import EncoderConfig, FusionConfig
from fc_model.data.images.resize import CLIP, SIGLIP
from fc_model.model.decoder import Decoder
from fc_model.special_tokens import BOS, SPECIAL_TOKENS
from fc_model.vision.contrastive import ContrastiveHead, QueuedInfoNCE, last_states
from fc_model.vision.ctc_head import CtcHead
from fc_model.vision.encoders.encoder import Encoder
from fc_model.vision.encoders.pixtral import PixtralEncoder
from fc_model.vision.encoders.vit import VisionEncoder
from fc_model.vision.fusion.perceiver import PerceiverResampler
from fc_model.vision.fusion.projector import MLPProjector
from fc_model.vision.fusion.qformer import QFormer

BOS_ID, IMAGE_ID, IMAGE_END_ID = (SPECIAL_TOKENS.index(name) for name in (BOS, "<image>", "</image>"))
DECODER = "decoder."
"""Prefix of the decoder's weights among those of the whole model."""
QUEUE = "heads.info_nce."
"""Prefix of InfoNCE's queue and temperature."""


Fusion = PerceiverResampler | QFormer | MLPProjector


def build_encoder(config: EncoderConfig) -> Encoder:
    """An encoder with fresh weights; `fc_model.checkpoints.load.load_encoder` copies published ones into it."""
    return PixtralEncoder(config) if config.kind == "pixtral" else VisionEncoder(config)


def build_fusion(config: FusionConfig, encoder: EncoderConfig, hidden_size: int) -> Fusion:
    """A fusion with fresh weights: `forward(features_BND, grid)` gives (B, Q, hidden_size).

    Raises ValueError where the widths do not fit, naming the setting.
    """
    kinds: dict[str, type[Fusion]] = {"perceiver": PerceiverResampler, "qformer": QFormer, "mlp": MLPProjector}
    return kinds[config.kind](config, encoder, hidden_size)


class VisionLanguageModel(nn.Module):
    """The model; `training_heads` adds what only training uses, under `heads`."""

    def __init__(
        self, model: ModelConfig, vision: VisionConfig, *, training_heads: ImageStageConfig | None = None
    ) -> None:
        super().__init__()
        self.config, self.vision = model, vision
        self.decoder = Decoder(model)
        self.encoder = build_encoder(vision.encoder)
        self.fusion = build_fusion(vision.fusion, vision.encoder, model.hidden_size)
        self.normalization = CLIP if vision.encoder.kind == "clip" else SIGLIP
        self.heads = None if training_heads is None else TrainingHeads(model, vision, training_heads)

    def pixels(self, images_BIHWC: Tensor) -> Tensor:
        """uint8 images, (..., H, W, 3), as the encoder takes them, (..., 3, H, W), float32."""
        mean, std = (torch.tensor(values, device=images_BIHWC.device) for values in self.normalization)
        return ((images_BIHWC.float() / 255 - mean) / std).movedim(-1, -3)

    def encode_images(self, images_BIHWC: Tensor) -> tuple[Tensor, Tensor]:
        """Features of the patches, (B * I, N, encoder's width), and tokens for the decoder, (B, I, Q, D)."""
        features_BND = self.encode_patches(images_BIHWC)
        return features_BND, self.fuse(features_BND, images_BIHWC)

    def encode_patches(self, images_BIHWC: Tensor) -> Tensor:
        """Features of the patches, (B * I, N, encoder's width): all that the CTC head needs."""
        return self.encoder(self.pixels(images_BIHWC).flatten(0, 1))

    def fuse(self, features_BND: Tensor, images_BIHWC: Tensor) -> Tensor:
        """Tokens for the decoder, (B, I, Q, D), of the images' patches."""
        height, width = images_BIHWC.shape[2:4]
        tokens_BQD = self.fusion(features_BND, self.vision.encoder.grid(height, width))
        return tokens_BQD.unflatten(0, images_BIHWC.shape[:2])

    def embed(self, tokens_BIQD: Tensor, ids_BL: Tensor) -> Tensor:
        """Embeddings of whole sequences, (B, T, D)."""
        batch, images, _, width = tokens_BIQD.shape
        lookup = self.decoder.embed_tokens
        bos_D, begin_D, end_D = lookup(torch.tensor([BOS_ID, IMAGE_ID, IMAGE_END_ID], device=ids_BL.device))
        framed = torch.cat(
            (
                begin_D.expand(batch, images, 1, width),
                tokens_BIQD.to(begin_D.dtype),
                end_D.expand(batch, images, 1, width),
            ),
            dim=2,
        )
        return torch.cat((bos_D.expand(batch, 1, width), framed.flatten(1, 2), lookup(ids_BL)), dim=1)

    def hidden(self, tokens_BIQD: Tensor, ids_BL: Tensor) -> Tensor:
        """Output of the decoder's last norm from the last image's end on, (B, 1 + L, D).

        State l predicts token l of the text; the last one predicts what would follow.
        """
        x_BTD = self.decoder.hidden_of(self.embed(tokens_BIQD, ids_BL))
        return x_BTD[:, -(ids_BL.shape[1] + 1) :]

    def image_features(self, tokens_BIQD: Tensor) -> Tensor:
        """What InfoNCE compares of images, (B, E), of unit length."""
        assert self.heads is not None
        return self.heads.image(tokens_BIQD.flatten(1, 2))

    def caption_features(self, captions_BL: Tensor, lengths_B: Tensor) -> Tensor:
        """The same of captions alone, (B, L) with BOS in front and `lengths_B` tokens each.

        The decoder's state at the last token beside the mean of the embeddings: the state of a small decoder says more
        of what may follow than of what stood there.
        """
        assert self.heads is not None
        state_BD = last_states(self.decoder.hidden(captions_BL), lengths_B)
        embeddings_BLD = self.decoder.embed_tokens(captions_BL[:, 1:])
        places_L = torch.arange(1, captions_BL.shape[1], device=captions_BL.device)
        counted_BL1 = (places_L < lengths_B[:, None]).unsqueeze(2)
        mean_BD = (embeddings_BLD * counted_BL1).sum(dim=1) / (lengths_B[:, None] - 1).clamp_min(1)
        return self.heads.text(torch.cat((state_BD, mean_BD), dim=-1))


class TrainingHeads(nn.Module):
    """Features to compare images with captions, and the CTC head for lines."""

    def __init__(self, model: ModelConfig, vision: VisionConfig, stage: ImageStageConfig) -> None:
        super().__init__()
        self.image = ContrastiveHead(model.hidden_size, vision.feature_width, pool=True)
        self.text = ContrastiveHead(2 * model.hidden_size, vision.feature_width)
        self.info_nce = QueuedInfoNCE(vision.feature_width, queue_size=stage.queue_size, temperature=stage.temperature)
        self.recognizer = (  # the name of its weights in files
            None if vision.ctc_head is None else CtcHead(vision.ctc_head, vision.encoder.hidden_size)
        )
