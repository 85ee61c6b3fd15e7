"""What a vision-language model writes behind images and a prompt: greedy, many samples at once.

Shapes: B samples, I images of each, H and W pixels, Q tokens of an image, L tokens of a prompt, D hidden size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fc_model.data.images.resize import fit
from fc_model.errors import UserError
from fc_model.inference.greedy_batch import extend
from fc_model.special_tokens import EOS, PAD, SPECIAL_TOKENS
from fc_model.vision.examples import padded
from fc_model.vision.vlm import VisionLanguageModel

EOS_ID, PAD_ID = SPECIAL_TOKENS.index(EOS), SPECIAL_TOKENS.index(PAD)
FORBIDDEN = [token for token in range(len(SPECIAL_TOKENS)) if token != EOS_ID]
"""Special tokens stand for no text and are never drawn, but for the one that ends an answer."""


def preprocess(images: Iterable[Image.Image], *, height: int, width: int) -> Tensor:
    """The images of one sample as in training, (I, H, W, 3), uint8: aspect kept, padded with white."""
    fitted = [fit(image, height=height, width=width) for image in images]
    return torch.from_numpy(np.stack([np.asarray(image) for image in fitted]))


@torch.no_grad()
def answers(
    model: VisionLanguageModel,
    images_BIHWC: Tensor,
    prompts: Sequence[Sequence[int]],
    *,
    max_tokens: int,
    batch_size: int = 32,
) -> list[list[int]]:
    """The likeliest tokens behind each sample's images and prompt, up to EOS (left out) or `max_tokens`.

    Args:
        images_BIHWC: uint8, as many images for each sample.
        prompts: token ids; they may be of different lengths.
        batch_size: samples that are computed at a time; it decides about memory and speed only.

    Raises:
        UserError: images and prompt alone are longer than the model's context; an answer ends where the context does.
    """
    texts: list[list[int]] = []
    for start in range(0, len(prompts), batch_size):
        images = images_BIHWC[start : start + batch_size]
        _, tokens_BIQD = model.encode_images(images.to(model.decoder.embed_tokens.weight.device))
        texts += generate_answers(model, tokens_BIQD, prompts[start : start + batch_size], max_tokens=max_tokens)
    return texts


@torch.no_grad()
def generate_answers(
    model: VisionLanguageModel, tokens_BIQD: Tensor, prompts: Sequence[Sequence[int]], *, max_tokens: int
) -> list[list[int]]:
    """The same from the tokens of encoded images, in one batch."""
    device, decoder = tokens_BIQD.device, model.decoder
    ids_BL = padded(prompts, max(map(len, prompts)), PAD_ID).to(device)
    x_BTD = model.embed(tokens_BIQD, ids_BL)
    in_front = x_BTD.shape[1] - ids_BL.shape[1]
    lengths_B = torch.tensor([in_front + len(prompt) for prompt in prompts], device=device)
    room_B = model.config.context_length - lengths_B
    if int(room_B.min()) < 0:
        raise UserError(
            f"images and prompt take {int(lengths_B.max())} tokens, more than the model's context_length "
            f"({model.config.context_length}): give fewer images or a shorter prompt"
        )
    limits = [min(max_tokens, room) for room in room_B.tolist()]
    return extend(decoder.eval(), x_BTD, lengths_B, limits, forbidden=FORBIDDEN, stop={EOS_ID})
