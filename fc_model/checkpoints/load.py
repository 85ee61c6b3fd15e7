"""The one place where weights go into a model: of a finished stage, of a run that goes on, of a published encoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from fc_model.checkpoints.pretrained_encoder import compare_config, read_tensors
from fc_model.config.image_stage import ImageStageConfig, VisionConfig
from fc_model.config.model import ModelConfig
from fc_model.config.problems import problems
from fc_model.config.strict import Strict
from fc_model.errors import UserError
from fc_model.model.decoder import Decoder
from fc_model.model.lora import trained_parameters
from fc_model.vision.contrastive import QueuedInfoNCE
from fc_model.vision.encoders.vit import VisionEncoder
from fc_model.vision.vlm import DECODER, QUEUE, VisionLanguageModel

Weights = Literal["model", "ema"]
"""model: the last step's weights; ema: their running average."""

_Settings = TypeVar("_Settings", bound=Strict)
_Model = TypeVar("_Model", bound=nn.Module)
_VISION_FILE: dict[Weights, str] = {"model": "vision.safetensors", "ema": "vision_ema.safetensors"}


class _Undrawn(TorchFunctionMode):
    """New modules get no initial weights, which are replaced at once.

    Drawing them on the meta device costs no sums, but torch imports its compiler for it, which takes 4 seconds.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        return kwargs["tensor"] if func is nn.init.normal_ else func(*args, **kwargs)


def load_decoder(folder: Path, *, weights: Weights, device: torch.device | str = "cpu") -> Decoder:
    """The decoder of a stage's folder in evaluation mode, in fp32.

    Args:
        folder: has `config.json`, `model.safetensors` and `ema.safetensors`.
        weights: which of the two.

    Raises:
        UserError: a file is missing or damaged, or its tensors are not those of the config.
    """
    path = Path(folder) / f"{weights}.safetensors"
    config, tensors = _settings(ModelConfig, path.with_name("config.json")), _read(path)
    with torch.device("meta"), _Undrawn():
        model = Decoder(config)
    return _filled(model, tensors, path, "config.json says", device)


def load_vision_model(
    folder: Path, *, weights: Weights = "ema", device: torch.device | str = "cpu"
) -> VisionLanguageModel:
    """The model of a stage with images in evaluation mode, in fp32.

    Its `heads` compare images with captions and read lines, as in training; the queue is empty.

    Args:
        folder: has `config.json` and `vision.json`, `model.safetensors` and `vision.safetensors` (weights `model`),
            `ema.safetensors` and `vision_ema.safetensors` (`ema`).
        weights: which of these.

    Raises:
        UserError: a file is missing or damaged, or its tensors are not those of the configurations.
    """
    folder = Path(folder)
    if not (folder / "vision.json").is_file():
        raise UserError(f"{folder}: has no vision.json, so this model sees no images; take a stage of kind multimodal")
    config, vision = _settings(ModelConfig, folder / "config.json"), _settings(VisionConfig, folder / "vision.json")
    # Of a stage only queue and temperature matter to the heads, and they are not read.
    stage = ImageStageConfig.model_construct(groups=[], queue_size=0)
    with torch.device("meta"), _Undrawn():
        model = VisionLanguageModel(config, vision, training_heads=stage)
    assert model.heads is not None
    model.heads.info_nce = QueuedInfoNCE(vision.feature_width, queue_size=0)
    tensors: dict[str, Tensor] = {}
    for name, prefix in ((f"{weights}.safetensors", DECODER), (_VISION_FILE[weights], "")):
        tensors |= {prefix + key: value for key, value in _read(folder / name).items() if not key.startswith(QUEUE)}
    return _filled(model, tensors, folder, "config.json and vision.json say", device)


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """What a stage trains: parameters and buffers by name, a shared one not twice; with LoRA what is not frozen."""
    named = (*trained_parameters(model).items(), *model.named_buffers())
    return {name: value.detach() for name, value in named}


def load_weights(model: nn.Module, tensors: Mapping[str, Tensor], *, source: Path) -> None:
    """Take over what `weights_of` gave.

    Raises UserError that names the first tensor that is absent or of another shape.
    """
    if difference := first_difference(weights_of(model), tensors):
        name, theirs, ours = difference
        raise UserError(
            f"{source}: {name} is {theirs}, but this model's is {ours}: the stage before it must have the same model"
        )
    model.load_state_dict(dict(tensors), strict=False)  # the base of an adapter stays


def load_encoder(encoder: VisionEncoder, path: Path) -> None:
    """Copy the weights of a Hugging Face folder or safetensors file into an encoder, in the encoder's own type.

    A config.json beside them must tell the same shape, epsilon and heads. Raises UserError, naming the tensor, for one
    that is missing, unknown, of another shape or not finite; the encoder is then unchanged.
    """
    compare_config(encoder.config, path)
    tensors, kind = read_tensors(path), encoder.config.kind
    expected = encoder.state_dict()
    if missing := sorted(expected.keys() - tensors.keys()):
        raise UserError(f"{path}: {_listed(missing)} missing: the checkpoint is no {kind} vision model")
    if unknown := sorted(tensors.keys() - expected.keys()):
        raise UserError(f"{path}: {_listed(unknown)} unknown to {kind}: check num_layers and kind")
    if difference := first_difference(expected, tensors):
        name, theirs, ours = difference
        raise UserError(
            f"{path}: {name} is {theirs}, the configuration asks for {ours}: "
            "set the encoder's sizes to those of the checkpoint"
        )
    for name, tensor in sorted(tensors.items()):
        if not torch.isfinite(tensor).all():
            raise UserError(f"{path}: {name} has values that are not finite: take another copy of the checkpoint")
    encoder.load_state_dict(tensors)


def first_difference(
    expected: Mapping[str, Tensor], tensors: Mapping[str, Tensor]
) -> tuple[str, tuple[int, ...] | None, tuple[int, ...] | None] | None:
    """The first name whose shapes differ: (name, its shape among `tensors`, the expected one), None for an absent one.

    None when all are alike.
    """
    ours = {name: tuple(tensor.shape) for name, tensor in expected.items()}
    theirs = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    differing = [name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)]
    return (min(differing), theirs.get(min(differing)), ours.get(min(differing))) if differing else None


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path, device="cpu")
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path}: cannot be read ({error}); train the stage again") from error


def _settings(kind: type[_Settings], path: Path) -> _Settings:
    try:
        return kind.model_validate_json(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        why = problems(error) if isinstance(error, ValidationError) else str(error)
        raise UserError(f"{path}: cannot be read ({why}); train the stage again") from error


def _filled(
    model: _Model, tensors: dict[str, Tensor], source: Path, expectation: str, device: torch.device | str
) -> _Model:
    """The model with these weights, the queue left as it is."""
    expected = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith(QUEUE)}
    if difference := first_difference(expected, tensors):
        name, theirs, ours = difference
        raise UserError(f"{source}: tensor {name} is not as {expectation}: {theirs}, {ours}; train the stage again")
    model.load_state_dict(tensors, strict=False, assign=True)
    return model.to(device=device, dtype=torch.float32).eval()


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more are"
