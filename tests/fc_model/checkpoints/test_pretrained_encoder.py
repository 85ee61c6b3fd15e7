"""Checkpoints as transformers writes them are read by name; a wrong one is refused in a line that names the tensor."""

import json
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from fc_model.checkpoints.load import load_encoder
from fc_model.checkpoints.pretrained_encoder import read_config
from fc_model.config.vision import EncoderConfig
from fc_model.errors import UserError
from fc_model.vision.encoders.vit import VisionEncoder

VISION = {
    "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 3, "image_size": 64,
    "patch_size": 16,
}  # fmt: skip
TEXT = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 20,
    "bos_token_id": 0, "eos_token_id": 1,
}  # fmt: skip
BOTH = {"vision_config": VISION, "text_config": TEXT}
MODELS = {"SiglipVisionModel": VISION, "SiglipModel": BOTH, "CLIPVisionModel": VISION, "CLIPModel": BOTH}


def save(name: str, folder: Path, **options) -> torch.nn.Module:
    torch.manual_seed(3)
    config = getattr(transformers, name.replace("Model", "Config"))
    model = getattr(transformers, name)(config(**MODELS[name])).eval()
    model.save_pretrained(folder, **options)
    return model


def loaded(config: EncoderConfig) -> VisionEncoder:
    encoder = VisionEncoder(config)
    load_encoder(encoder, Path(config.weights))
    return encoder


def check_equal(model: torch.nn.Module, path: Path) -> None:
    encoder = loaded(read_config(path))
    pixels = torch.rand(2, 3, 32, 80)
    vision = getattr(model, "vision_model", model)
    with torch.no_grad():
        expected = vision(pixels, interpolate_pos_encoding=True).last_hidden_state
        actual = encoder(pixels)
    assert (actual - expected[:, -actual.shape[1] :]).abs().max() < 1e-5


@pytest.mark.parametrize("name", MODELS)
def test_a_checkpoint_of_transformers_is_read(name, tmp_path):
    check_equal(save(name, tmp_path), tmp_path)


def test_a_sharded_checkpoint_and_a_single_file_are_read(tmp_path):
    model = save("SiglipModel", tmp_path / "sharded", max_shard_size="40KB")
    assert len(list((tmp_path / "sharded").glob("*.safetensors"))) > 1
    check_equal(model, tmp_path / "sharded")
    save("SiglipModel", tmp_path / "whole")
    check_equal(model, tmp_path / "whole" / "model.safetensors")


def test_names_under_the_prefix_of_published_vision_models_are_read(tmp_path):
    model = save("CLIPVisionModel", tmp_path)
    file = tmp_path / "model.safetensors"
    tensors = {f"vision_model.{name}": tensor for name, tensor in load_file(file).items()}
    tensors["vision_model.embeddings.position_ids"] = torch.arange(17)[None]
    save_file(tensors, file)
    check_equal(model, tmp_path)


def test_a_half_precision_checkpoint_is_read_into_the_encoders_type(tmp_path):
    save("SiglipVisionModel", tmp_path)
    file = tmp_path / "model.safetensors"
    save_file({name: tensor.bfloat16() for name, tensor in load_file(file).items()}, file)
    encoder = loaded(read_config(tmp_path))
    assert {weight.dtype for weight in encoder.parameters()} == {torch.float32}


def test_fields_that_published_configurations_leave_out_are_those_of_transformers(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "siglip", "vision_config": {}}))
    assert read_config(tmp_path) == EncoderConfig(weights=str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "clip", "vision_config": {"patch_size": 16}}))
    assert read_config(tmp_path) == EncoderConfig(kind="clip", norm_eps=1e-5, weights=str(tmp_path))


def change_tensors(folder: Path, change) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def change_config(folder: Path, **fields) -> None:
    whole = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(whole | fields))


BIAS = "encoder.layers.1.mlp.fc1.bias"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors.pop(BIAS), f"{BIAS} missing"),
        (lambda tensors: tensors.update({"encoder.layers.2.mlp.fc1.bias": torch.zeros(96)}), "layers.2.* unknown"),
        (lambda tensors: tensors.update({BIAS: torch.zeros(95)}), rf"{BIAS} is \(95,\), .* asks for \(96,\)"),
        (lambda tensors: tensors[BIAS].fill_(float("nan")), f"{BIAS} has values that are not finite"),
    ],
)
def test_a_wrong_tensor_is_named(change, message, tmp_path):
    save("SiglipVisionModel", tmp_path)
    change_tensors(tmp_path, change)
    config = read_config(tmp_path)
    encoder = VisionEncoder(config)
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    with pytest.raises(UserError, match=message) as caught:
        load_encoder(encoder, tmp_path)
    assert "\n" not in str(caught.value)
    assert all(torch.equal(before[name], tensor) for name, tensor in encoder.state_dict().items())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model_type": "dinov2"}, "model_type 'dinov2' is none of siglip"),
        ({"hidden_act": "gelu"}, "hidden_act is gelu, of siglip only gelu_pytorch_tanh"),
        ({"num_attention_heads": 5}, r"num_heads \(5\) does not divide"),
        ({"image_size": [64, 32]}, "image_size: must be a whole number, is a list"),
        ({"num_channels": 1}, "num_channels is 1"),
    ],
)
def test_a_configuration_of_another_model_is_refused(fields, message, tmp_path):
    save("SiglipVisionModel", tmp_path)
    change_config(tmp_path, **fields)
    with pytest.raises(UserError, match=message):
        read_config(tmp_path)


def test_heads_and_epsilon_that_no_shape_shows_are_compared(tmp_path):
    save("SiglipVisionModel", tmp_path)
    config = read_config(tmp_path)
    for field, value in (("num_heads", 4), ("norm_eps", 1e-5)):
        with pytest.raises(UserError, match=rf"encoder.{field} is {value}, .*config.json has"):
            loaded(config.model_copy(update={field: value}))


def test_what_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"config.json: missing"):
        read_config(tmp_path)
    save("SiglipVisionModel", tmp_path)
    config = read_config(tmp_path)
    file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(UserError, match="not readable as safetensors"):
        loaded(config)
    file.unlink()
    with pytest.raises(UserError, match=r"neither model\.safetensors nor"):
        loaded(config)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {BIAS: "../elsewhere.safetensors"}}))
    with pytest.raises(UserError, match=r"names '../elsewhere.safetensors', which is no file beside it"):
        loaded(config)
    index.write_text("{")
    with pytest.raises(UserError, match="not readable as JSON"):
        loaded(config)
