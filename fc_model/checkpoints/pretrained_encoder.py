"""Files of a Hugging Face checkpoint of SigLIP or CLIP: shape and weights of its vision model.

Read are SiglipModel, SiglipVisionModel, CLIPModel and CLIPVisionModel; a text model, pooling head or projection
beside the vision model is left out. Only safetensors is read: it holds numbers, never code.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from fc_model.artifacts.files import sha256_file
from fc_model.config.problems import problems
from fc_model.config.vision import EncoderConfig
from fc_model.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

PREFIX = "vision_model."
FILE = "model.safetensors"
INDEX = "model.safetensors.index.json"

_LEFT_OUT = (
    "text_model.",
    "text_projection.",
    "visual_projection.",
    "logit_scale",
    "logit_bias",
    f"{PREFIX}head.",
    "head.",
    f"{PREFIX}embeddings.position_ids",
    "embeddings.position_ids",
)

# What transformers takes for a field that config.json leaves out, as published ones do.
_FIELDS = {
    "image_size": ("image_size", 224, 224),
    "patch_size": ("patch_size", 16, 32),
    "hidden_size": ("hidden_size", 768, 768),
    "num_layers": ("num_hidden_layers", 12, 12),
    "num_heads": ("num_attention_heads", 12, 12),
    "intermediate_size": ("intermediate_size", 3072, 3072),
    "norm_eps": ("layer_norm_eps", 1e-6, 1e-5),
}
_ACTIVATIONS = {"siglip": "gelu_pytorch_tanh", "clip": "quick_gelu"}


def read_config(path: Path) -> EncoderConfig:
    """Shape of the vision model in a folder (or beside a safetensors file), with `weights` set to `path`.

    Raises UserError for a missing or malformed config.json and for a model of another family.
    """
    file = _folder(path) / "config.json"
    whole = _read_json(file)
    kind = str(whole.get("model_type")).removesuffix("_vision_model")
    if kind not in _ACTIVATIONS:
        raise UserError(f"{file}: model_type {whole.get('model_type')!r} is none of {', '.join(_ACTIVATIONS)}")
    vision = whole.get("vision_config", whole)
    if not isinstance(vision, dict):
        raise UserError(f"{file}: vision_config is no object: take an unchanged copy of the checkpoint")
    if (activation := vision.get("hidden_act", _ACTIVATIONS[kind])) != _ACTIVATIONS[kind]:
        raise UserError(f"{file}: hidden_act is {activation}, of {kind} only {_ACTIVATIONS[kind]} is supported")
    if vision.get("num_channels", 3) != 3:
        raise UserError(f"{file}: num_channels is {vision['num_channels']}, only 3 is supported")
    fields: dict[str, Any] = {
        ours: vision.get(theirs, clip if kind == "clip" else siglip) for ours, (theirs, siglip, clip) in _FIELDS.items()
    }
    try:
        return EncoderConfig.model_validate({"kind": kind, "weights": str(path)} | fields)
    except ValidationError as error:
        raise UserError(f"{file}: {problems(error, EncoderConfig)}") from None


def compare_config(config: EncoderConfig, path: Path) -> None:
    """Raise UserError where a config.json beside the weights differs: heads and epsilon show in no tensor's shape."""
    if not (_folder(path) / "config.json").exists():
        return
    theirs = read_config(path)
    for name in ("kind", *_FIELDS):
        if (ours := getattr(config, name)) != (other := getattr(theirs, name)):
            raise UserError(f"encoder.{name} is {ours}, {_folder(path) / 'config.json'} has {other}: set it to that")


def weights_sha256(path: Path) -> str:
    """Checksum of a checkpoint: of its safetensors file; of the checksums of several, in the order of their names."""
    digests = [sha256_file(file) for file in _weight_files(path)]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def _weight_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if (path / FILE).is_file():
        return [path / FILE]
    if not (path / INDEX).is_file():
        raise UserError(f"{path}: neither {FILE} nor {INDEX} is there: give a folder that has one, or the file itself")
    names = _read_json(path / INDEX).get("weight_map")
    if not isinstance(names, dict) or not names:
        raise UserError(f"{path / INDEX}: weight_map is missing: take an unchanged copy of the checkpoint")
    files = sorted({str(name) for tensor, name in names.items() if not tensor.startswith(_LEFT_OUT)})
    for name in files:
        if Path(name).name != name or not (path / name).is_file():
            raise UserError(f"{path / INDEX}: weight_map names {name!r}, which is no file beside it")
    return [path / name for name in files]


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Tensors of the vision model in a folder or safetensors file, without their prefix."""
    from safetensors import SafetensorError, safe_open

    tensors: dict[str, Tensor] = {}
    for file in _weight_files(path):
        try:
            with safe_open(file, framework="pt") as opened:
                names = [name for name in opened.keys() if not name.startswith(_LEFT_OUT)]  # noqa: SIM118 — no mapping
                tensors |= {name.removeprefix(PREFIX): opened.get_tensor(name) for name in names}
        except (SafetensorError, OSError) as error:
            raise UserError(f"{file}: not readable as safetensors ({error}): take another copy") from None
    return tensors


def _folder(path: Path) -> Path:
    return path.parent if path.is_file() else path


def _read_json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{file}: missing: give a folder of a Hugging Face checkpoint") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: not readable as JSON ({error}): take another copy") from None
    if not isinstance(value, dict):
        raise UserError(f"{file}: no JSON object: take another copy")
    return value
