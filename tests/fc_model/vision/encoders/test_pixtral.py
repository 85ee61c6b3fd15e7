"""Pixtral's encoder: equal to transformers', at any size, and counted right."""

import pytest
import torch
from torch import nn
from transformers import PixtralVisionConfig, PixtralVisionModel

from fc_model.config.vision import EncoderConfig
from fc_model.vision.encoders.pixtral import PixtralEncoder

CONFIG = EncoderConfig(
    kind="pixtral",
    image_size=64,
    patch_size=16,
    hidden_size=64,
    num_layers=2,
    num_heads=4,
    intermediate_size=96,
    norm_eps=1e-5,
)


def random_encoder() -> PixtralEncoder:
    torch.manual_seed(0)
    encoder = PixtralEncoder(CONFIG)
    for parameter in encoder.parameters():
        nn.init.normal_(parameter, std=0.3)
    return encoder


@pytest.mark.parametrize("size", [(64, 64), (32, 192), (48, 16)])
def test_equals_transformers_but_for_the_last_norm(size: tuple[int, int]) -> None:
    encoder = random_encoder()
    theirs = PixtralVisionModel(
        PixtralVisionConfig(
            hidden_size=64,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=192,
            patch_size=16,
            hidden_act="silu",
            rope_theta=10_000.0,
        )
    ).eval()
    weights = {name: weight for name, weight in encoder.state_dict().items() if not name.startswith("ln_post")}
    weights["patch_conv.weight"] = weights["patch_conv.weight"].view(64, 3, 16, 16)
    theirs.load_state_dict(weights)
    pixels = torch.randn(1, 3, *size)
    with torch.no_grad():
        expected = encoder.ln_post(theirs(pixels, image_sizes=[size]).last_hidden_state)
        assert (encoder(pixels) - expected).abs().max() < 1e-4 * expected.abs().max()


def test_fresh_blocks_are_the_identity_and_the_count_is_right() -> None:
    encoder = PixtralEncoder(CONFIG)
    assert sum(parameter.numel() for parameter in encoder.parameters()) == CONFIG.num_parameters()
    pixels = torch.randn(2, 3, 32, 64)
    features = encoder(pixels)
    assert features.shape == (2, 8, 64)
    deeper = encoder.layers[0](features, encoder.rope((2, 4), pixels.device))
    assert torch.equal(deeper, features)


def test_late_blocks_alone_are_trained_again() -> None:
    encoder = random_encoder()
    encoder.freeze()
    encoder.unfreeze_last(1)
    trained = {
        name.split(".")[2] for name, weight in encoder.named_parameters() if weight.requires_grad and "." in name[15:]
    }
    assert trained >= {"1"} and "0" not in trained
    with pytest.raises(ValueError, match="the encoder has 2 blocks"):
        encoder.unfreeze_last(3)


def test_gradient_checkpointing_changes_nothing() -> None:
    pixels = torch.randn(1, 3, 32, 32)
    gradients = []
    for recompute in (False, True):
        encoder = random_encoder()
        encoder.gradient_checkpointing = recompute
        encoder(pixels).square().sum().backward()
        gradients.append(encoder.patch_conv.weight.grad)
    assert torch.equal(gradients[0], gradients[1])


def test_what_the_config_refuses() -> None:
    with pytest.raises(ValueError, match="no rotary halves"):
        EncoderConfig(kind="pixtral", hidden_size=36, num_heads=6)
    with pytest.raises(ValueError, match="cannot be loaded"):
        EncoderConfig(kind="pixtral", weights="somewhere")
