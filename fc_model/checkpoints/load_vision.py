"""The model of a finished stage with images, to look and answer with."""

from __future__ import annotations

from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file

from fc_model.checkpoints.load_text import Weights
from fc_model.config.image_stage import ImageStageConfig, VisionConfig
from fc_model.config.model import ModelConfig
from fc_model.errors import UserError
from fc_model.vision.contrastive import QueuedInfoNCE
from fc_model.vision.vlm import DECODER, QUEUE, VisionLanguageModel

_VISION_FILE: dict[Weights, str] = {"model": "vision.safetensors", "ema": "vision_ema.safetensors"}


def load_vision_model(
    folder: Path, *, weights: Weights = "ema", device: torch.device | str = "cpu"
) -> VisionLanguageModel:
    """The model of a stage's folder in evaluation mode, in fp32.

    Its `heads` compare images with captions and read lines, as in training; the queue is empty.

    Args:
        folder: has `config.json` and `vision.json`, `model.safetensors` and `vision.safetensors` (weights `model`: of
            the last step), `ema.safetensors` and `vision_ema.safetensors` (`ema`: their running average).

    Raises:
        UserError: a file is missing or damaged, or its tensors are not those of the configurations.
    """
    folder = Path(folder)
    if not (folder / "vision.json").is_file():
        raise UserError(f"{folder}: has no vision.json, so this model has no eyes; take a stage of kind multimodal")
    model = _empty(folder)
    tensors: dict[str, torch.Tensor] = {}
    for name, prefix in ((f"{weights}.safetensors", DECODER), (_VISION_FILE[weights], "")):
        try:
            found = load_file(folder / name, device="cpu")
        except (OSError, SafetensorError) as error:
            raise UserError(f"{folder / name}: cannot be read ({error}); train the stage again") from error
        tensors |= {prefix + key: value for key, value in found.items() if not key.startswith(QUEUE)}
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items() if not name.startswith(QUEUE)}
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if shapes != expected:
        wrong = min(set(shapes.items()) ^ set(expected.items()))[0]
        raise UserError(
            f"{folder}: tensor {wrong} is not as config.json and vision.json say: {shapes.get(wrong)}, "
            f"{expected.get(wrong)}; train the stage again"
        )
    model.load_state_dict(tensors, strict=False, assign=True)
    return model.to(device=device, dtype=torch.float32).eval()


def _empty(folder: Path) -> VisionLanguageModel:
    """The model without weights, but for an empty queue."""
    try:
        config = ModelConfig.model_validate_json((folder / "config.json").read_text("utf-8"))
        vision = VisionConfig.model_validate_json((folder / "vision.json").read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise UserError(f"{folder}: config.json or vision.json cannot be read ({error}); train it again") from error
    # The weights that training started from are not needed any more, and perhaps not there.
    encoder = vision.encoder.model_copy(update={"weights": None})
    # Of a stage only queue and temperature matter to the heads, and they are not read.
    stage = ImageStageConfig.model_construct(groups=[], queue_size=0, temperature=0.07)
    with torch.device("meta"):  # no time for initial weights that are replaced at once
        model = VisionLanguageModel(config, vision.model_copy(update={"encoder": encoder}), training_heads=stage)
    assert model.heads is not None
    model.heads.info_nce = QueuedInfoNCE(vision.feature_width, queue_size=0)
    return model
