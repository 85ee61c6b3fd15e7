"""What a stage hands on comes back as the model that it was; what does not fit is refused in a line."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from factories.vision_model import build_model, stage_files
from safetensors.torch import load_file, save_file

from fc_model.checkpoints.load import Weights, load_vision_model
from fc_model.errors import UserError
from fc_model.vision.vlm import VisionLanguageModel


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    stage_files(tmp_path / "stage", build_model(seed=1), build_model(seed=2))
    return tmp_path / "stage"


def outcome(model: VisionLanguageModel) -> list[torch.Tensor]:
    torch.manual_seed(0)
    images_BIHWC = torch.randint(0, 256, (2, 1, 16, 64, 3), dtype=torch.uint8)
    assert model.heads is not None and model.heads.recognizer is not None
    with torch.no_grad():
        features_BND, tokens_BIQD = model.encode_images(images_BIHWC)
        hidden_BLD = model.hidden(tokens_BIQD, torch.tensor([[20, 21], [22, 23]]))
        captions_BL, lengths_B = torch.tensor([[1, 20, 21], [1, 22, 23]]), torch.tensor([3, 2])
        images_BE, texts_BE = model.image_features(tokens_BIQD), model.caption_features(captions_BL, lengths_B)
        return [hidden_BLD, images_BE, texts_BE, model.heads.recognizer(features_BND)]


@pytest.mark.parametrize(("weights", "seed"), [("model", 1), ("ema", 2)])
def test_the_model_comes_back(stage: Path, weights: Weights, seed: int) -> None:
    model = load_vision_model(stage, weights=weights)
    assert not model.training
    for loaded, expected in zip(outcome(model), outcome(build_model(seed=seed)), strict=True):
        assert torch.equal(loaded, expected)


def test_loading_leaves_the_compiler_alone(stage: Path) -> None:
    """torch imports it to draw weights on the meta device: four seconds before a line is read."""
    code = (
        "import sys; from pathlib import Path; from fc_model.checkpoints.load import load_decoder, load_vision_model\n"
        "load_vision_model(Path(sys.argv[1])), load_decoder(Path(sys.argv[1]), weights='ema')\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, stage], check=False).returncode == 0


def test_weights_that_training_started_from_are_not_read(stage: Path) -> None:
    text = (stage / "vision.json").read_text()
    assert '"weights":null' in text
    (stage / "vision.json").write_text(text.replace('"weights":null', '"weights":"/nowhere/siglip"'))
    load_vision_model(stage)


def test_refusals_are_one_clear_line(stage: Path) -> None:
    def refused(match: str) -> None:
        with pytest.raises(UserError, match=match):
            load_vision_model(stage)

    vision = load_file(stage / "vision_ema.safetensors")
    without = {name: tensor for name, tensor in vision.items() if name != "heads.image.probe"}
    save_file(without, stage / "vision_ema.safetensors")
    refused("tensor heads.image.probe is not as config.json and vision.json say: None")
    save_file(vision | {"encoder.post_layernorm.bias": torch.zeros(7)}, stage / "vision_ema.safetensors")
    refused(r"tensor encoder.post_layernorm.bias .* \(7,\), \(48,\); train the stage again")
    (stage / "vision_ema.safetensors").write_bytes(b"\x00" * 40)
    refused("vision_ema.safetensors: cannot be read")
    (stage / "vision_ema.safetensors").unlink()
    refused("vision_ema.safetensors: cannot be read")
    (stage / "config.json").write_text("{}")
    refused("config.json: cannot be read .*; train the stage again$")
    (stage / "vision.json").unlink()
    refused("has no vision.json, so this model sees no images")
