"""Shapes of encoder and fusion: what is refused, and that the counts are those of what is built."""

from collections.abc import Callable

import pytest
import torch
from pydantic import ValidationError
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from fc_model.config.vision import EncoderConfig, FusionConfig
from fc_model.vision.vlm import build_encoder, build_fusion

SMALL = EncoderConfig(hidden_size=48, num_layers=2, num_heads=3, intermediate_size=96, image_size=64)
FUSIONS = {
    "perceiver": FusionConfig(num_queries=6, head_dim=32),
    "qformer": FusionConfig(kind="qformer", num_queries=6, head_dim=32, num_layers=3),
    "mlp": FusionConfig(kind="mlp"),
    "pixel_shuffle": FusionConfig(kind="mlp", pixel_shuffle=2),
}


def count(module: torch.nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


def counted_flops(forward: Callable[[], torch.Tensor]) -> int:
    """What torch counts; attention as plain products, since it counts no fused one on a CPU."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        forward()
    return counter.get_total_flops()


@pytest.mark.parametrize("kind", ["siglip", "clip", "pixtral"])
def test_the_parameters_and_operations_of_an_encoder_are_those_that_torch_counts(kind):
    config = SMALL.model_copy(update={"kind": kind})
    encoder = build_encoder(config)
    assert config.num_parameters() == count(encoder)
    assert config.flops_per_image(32, 96) == counted_flops(lambda: encoder(torch.zeros(1, 3, 32, 96)))


@pytest.mark.parametrize("name", FUSIONS)
def test_the_parameters_and_operations_of_a_fusion_are_those_that_torch_counts(name):
    fusion = build_fusion(FUSIONS[name], SMALL, 64)
    assert FUSIONS[name].num_parameters(SMALL, 64) == count(fusion)
    flops = counted_flops(lambda: fusion(torch.zeros(1, 12, 48), (2, 6)))
    assert FUSIONS[name].flops_per_image(SMALL, 64, (2, 6)) == flops


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_heads": 5}, r"num_heads \(5\) does not divide hidden_size \(768\): take a divisor"),
        ({"image_size": 230}, r"image_size \(230\) is no multiple of patch_size \(16\): set it to 224"),
        ({"hidden_size": 30, "num_heads": 3, "position_init": "sincos"}, r"hidden_size \(30\)"),
        ({"kind": "pixtral", "hidden_size": 36, "num_heads": 6}, "no rotary halves"),
        ({"kind": "pixtral", "weights": "somewhere"}, "cannot be loaded"),
        ({"kind": "dino"}, "'siglip', 'clip' or 'pixtral'"),
        ({"num_register_tokens": 4}, "Extra inputs are not permitted"),
    ],
)
def test_an_encoder_that_can_not_be_is_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        EncoderConfig(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"pixel_shuffle": 2}, "pixel_shuffle .* belongs to kind mlp, not perceiver"),
        ({"kind": "qformer", "num_layers": 5}, "less than or equal to 4"),
        ({"kind": "qformer", "grid_init": True}, "grid_init belongs to kind perceiver, not qformer"),
        ({"init_grid": (2, 16)}, "without grid_init"),
        ({"grid_init": True, "init_grid": (0, 16)}, "at least 1"),
    ],
)
def test_a_fusion_that_can_not_be_is_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        FusionConfig(**fields)


def test_heads_that_do_not_fit_the_decoder_are_refused():
    with pytest.raises(ValueError, match=r"head_dim \(128\) does not divide the decoder's hidden_size \(192\)"):
        build_fusion(FusionConfig(), SMALL, 192)
    odd = EncoderConfig(hidden_size=6, num_layers=1, num_heads=1, intermediate_size=8)
    with pytest.raises(ValueError, match=r"encoder.hidden_size \(6\) is no multiple of 4"):
        build_fusion(FusionConfig(kind="qformer"), odd, 256)
    build_fusion(FusionConfig(head_dim=64, num_queries=2), SMALL, 192)
