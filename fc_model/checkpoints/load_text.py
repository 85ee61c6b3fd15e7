"""The decoder of a finished training stage."""

from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from fc_model.config.model import ModelConfig
from fc_model.errors import UserError
from fc_model.model.decoder import Decoder

Weights = Literal["model", "ema"]


def load_decoder(folder: Path, *, weights: Weights, device: torch.device | str = "cpu") -> Decoder:
    """The decoder of a stage's folder in evaluation mode, in fp32.

    Args:
        folder: has `config.json`, `model.safetensors` and `ema.safetensors`.
        weights: `model` for the last step's weights, `ema` for their running average.

    Raises:
        UserError: a file is missing or damaged, or its tensors are not those of the config.
    """
    path = Path(folder) / f"{weights}.safetensors"
    try:
        config = ModelConfig.model_validate_json((Path(folder) / "config.json").read_text("utf-8"))
        tensors = load_file(path, device="cpu")
    except (FileNotFoundError, SafetensorError) as error:
        raise UserError(f"{path}: cannot be read ({error}); train the stage again") from error
    with torch.device("meta"):  # no time for initial weights that are replaced at once
        model = Decoder(config)
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if found != expected:
        wrong = min(set(found.items()) ^ set(expected.items()))[0]
        raise UserError(f"{path}: tensor {wrong} is not as config.json says: {found.get(wrong)}, {expected.get(wrong)}")
    model.load_state_dict(tensors, assign=True)
    return model.to(device=device, dtype=torch.float32).eval()


def shuffle_weights(model: Decoder, *, seed: int) -> None:
    """Permute the entries of every matrix in place: each keeps its size and spread, and forgets what it learned.

    A control: an evaluator that such a model passes measures nothing.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, weight in sorted(model.named_parameters()):
            order = torch.randperm(weight.numel(), generator=generator).to(weight.device)
            weight.copy_(weight.flatten()[order].view_as(weight))
