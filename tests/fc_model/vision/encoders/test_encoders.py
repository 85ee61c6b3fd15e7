"""Encoders compute what transformers' SigLIP, CLIP and Pixtral compute, at any size; what is frozen stays so."""

import pytest
import torch
import transformers

from fc_model.config.vision import EncoderConfig
from fc_model.vision.encoders.encoder import Encoder
from fc_model.vision.encoders.positions import fit_positions, grid_points, sincos
from fc_model.vision.vlm import build_encoder

WIDTHS = {"hidden_size": 96, "num_layers": 3, "num_heads": 6, "intermediate_size": 384}
SHAPE = {
    "siglip": EncoderConfig(**WIDTHS, image_size=112),
    "clip": EncoderConfig(kind="clip", **WIDTHS, image_size=112, norm_eps=1e-5),
    "pixtral": EncoderConfig(kind="pixtral", **WIDTHS, image_size=112, norm_eps=1e-5),
}
SIZES = [(112, 112), (32, 256), (224, 224), (160, 48), (16, 784)]


def reference(config: EncoderConfig) -> torch.nn.Module:
    """transformers' model of this shape, every weight drawn at random."""
    fields = {
        "hidden_size": config.hidden_size, "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_layers, "num_attention_heads": config.num_heads,
        "image_size": config.image_size, "patch_size": config.patch_size, "layer_norm_eps": config.norm_eps,
    }  # fmt: skip
    if config.kind == "clip":
        model = transformers.CLIPVisionModel(transformers.CLIPVisionConfig(**fields))
    elif config.kind == "siglip":
        model = transformers.SiglipVisionModel(transformers.SiglipVisionConfig(**fields, vision_use_head=False))
    else:  # image_size is that of the largest side
        fields |= {"image_size": 784, "hidden_act": "silu", "rope_theta": 10_000.0}
        model = transformers.PixtralVisionModel(transformers.PixtralVisionConfig(**fields))
    generator = torch.Generator().manual_seed(1)
    for weight in model.parameters():
        weight.data = torch.randn(weight.shape, generator=generator) * (0.05 if weight.ndim > 1 else 0.3)
    return model.eval()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["siglip", "clip"])
def test_features_equal_those_of_transformers(kind, size):
    theirs, ours = reference(SHAPE[kind]), build_encoder(SHAPE[kind])
    ours.load_state_dict(theirs.state_dict())  # every name, and no other
    pixels = torch.rand(2, 3, *size) * 2 - 1
    with torch.no_grad():
        expected = theirs(pixels, interpolate_pos_encoding=True).last_hidden_state[:, kind == "clip" :]
        features = ours(pixels)
    assert features.shape == (2, size[0] * size[1] // 256, 96)
    assert expected.std() > 0.1
    assert (features - expected).abs().max() < 1e-5


@pytest.mark.parametrize("size", SIZES)
def test_pixtral_equals_that_of_transformers_but_for_the_last_norm(size):
    theirs, ours = reference(SHAPE["pixtral"]), build_encoder(SHAPE["pixtral"])
    weights = theirs.state_dict()
    weights["patch_conv.weight"] = weights["patch_conv.weight"].flatten(1)
    last_norm = {name: weight for name, weight in ours.state_dict().items() if name.startswith("ln_post")}
    ours.load_state_dict(weights | last_norm)
    pixels = torch.randn(1, 3, *size)
    with torch.no_grad():
        expected = ours.ln_post(theirs(pixels, image_sizes=[size]).last_hidden_state)
        assert (ours(pixels) - expected).abs().max() < 1e-4 * expected.abs().max()


@pytest.mark.parametrize("kind", ["siglip", "clip"])
def test_base_16_counts_what_transformers_counts(kind):
    config = EncoderConfig(kind=kind)
    with torch.device("meta"):
        theirs, ours = reference(config), build_encoder(config)
    total = sum(weight.numel() for weight in theirs.parameters())
    assert sum(weight.numel() for weight in ours.parameters()) == config.num_parameters() == total
    assert round(total / 1e6, 1) == 85.8


def test_fresh_blocks_of_pixtral_are_the_identity():
    encoder = build_encoder(SHAPE["pixtral"])
    x_BND = torch.randn(2, 8, 96)
    assert torch.equal(encoder.layers[0](x_BND, (torch.ones(8, 16), torch.zeros(8, 16))), x_BND)


def test_a_fresh_encoder_tells_patches_and_places_apart():
    torch.manual_seed(0)
    config = SHAPE["siglip"].model_copy(update={"position_init": "sincos"})
    features = build_encoder(config)(torch.ones(1, 3, 112, 112))[0]
    assert torch.isfinite(features).all()
    cosine = torch.nn.functional.cosine_similarity(features[:, None], features[None], dim=-1)
    assert cosine[0, 1] > cosine[0, 6]  # nearer places look more alike on an empty page
    assert cosine[0, 48] < 0.99


@pytest.mark.parametrize("kind", SHAPE)
def test_a_size_that_the_patch_does_not_divide_is_refused(kind):
    for height, width in ((32, 250), (0, 16)):
        with pytest.raises(ValueError, match=rf"image of {height}x{width} pixels is no multiple of patch_size \(16\)"):
            build_encoder(SHAPE[kind])(torch.zeros(1, 3, height, width))


def trained_names(encoder: Encoder) -> set[str]:
    """Names of the weights that one backward pass gives a gradient that is not zero."""
    encoder.zero_grad(set_to_none=True)
    features = encoder(torch.rand(2, 3, 32, 64))
    if features.requires_grad:
        (features * torch.randn(features.shape)).sum().backward()
    # A bias of the keys shifts all scores alike, so its gradient is 0 but for rounding.
    return {
        name
        for name, weight in encoder.named_parameters()
        if weight.grad is not None and weight.grad.abs().max() > 0 and not name.endswith("k_proj.bias")
    }


@pytest.mark.parametrize(
    ("kind", "late"),
    [
        ("siglip", ("encoder.layers.2.", "post_layernorm.")),
        ("clip", ("encoder.layers.2.",)),
        ("pixtral", ("transformer.layers.2.", "ln_post.")),
    ],
)
def test_gradients_reach_every_weight_and_none_that_is_frozen(kind, late):
    torch.manual_seed(0)
    encoder = build_encoder(SHAPE[kind])
    for weight in encoder.parameters():
        weight.data += 0.02 * torch.randn(weight.shape)  # no block is the identity
    every = {name for name, _ in encoder.named_parameters() if not name.endswith("k_proj.bias")}
    if kind == "clip":
        every -= {"post_layernorm.weight", "post_layernorm.bias"}  # of the class token, which nothing reads
    assert trained_names(encoder) == every
    encoder.requires_grad_(False)
    assert trained_names(encoder) == set()
    encoder.unfreeze_last(1)
    assert trained_names(encoder) == {name for name in every if name.startswith(late)}
    with pytest.raises(ValueError, match=r"unfreeze_last\(4\): the encoder has 3 blocks"):
        encoder.unfreeze_last(4)


@pytest.mark.parametrize("kind", SHAPE)
@pytest.mark.parametrize("frozen", [False, True])
def test_gradient_checkpointing_gives_equal_gradients_and_keeps_less(kind, frozen):
    kept: dict[bool, int] = {}
    gradients: dict[bool, dict[str, torch.Tensor | None]] = {}
    pixels = torch.rand(2, 3, 32, 64, generator=torch.Generator().manual_seed(1))
    for recompute in (False, True):
        torch.manual_seed(0)
        encoder = build_encoder(SHAPE[kind])
        encoder.gradient_checkpointing = recompute
        if frozen:
            encoder.requires_grad_(False)
            encoder.unfreeze_last(2)
        saved: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t, into=saved: into.append(t.numel()) or t, lambda t: t):
            features = encoder(pixels)
        kept[recompute] = sum(saved)
        features.square().sum().backward()
        gradients[recompute] = {name: weight.grad for name, weight in encoder.named_parameters()}
    for name, plain in gradients[False].items():
        recomputed = gradients[True][name]
        assert plain is recomputed is None if plain is None or recomputed is None else torch.equal(plain, recomputed)
    assert kept[True] < kept[False] / 3


def test_nothing_is_computed_twice_outside_of_training():
    encoder = build_encoder(SHAPE["siglip"]).eval()
    encoder.gradient_checkpointing = True
    calls: list[int] = []
    encoder.layers[0].register_forward_hook(lambda *_: calls.append(1))
    encoder(torch.rand(1, 3, 32, 32)).sum().backward()
    assert len(calls) == 1


@pytest.mark.parametrize("grid", [(2, 16), (14, 14), (5, 9), (40, 70)])
def test_nearest_positions_are_the_look_up_of_a_repeated_table_of_70(grid):
    table = torch.randn(14 * 14, 8)
    repeated = table.reshape(14, 14, 8).repeat_interleave(5, dim=0).repeat_interleave(5, dim=1).reshape(4900, 8)
    rows, columns = grid
    ids = [70.0 * i / rows // 1 * 70 + 70.0 * j / columns // 1 for i in range(rows) for j in range(columns)]
    assert torch.equal(fit_positions(table, grid, "nearest"), repeated[torch.tensor(ids).long()])


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear", "nearest"])
def test_the_table_itself_is_taken_at_its_own_size(interpolation):
    table = torch.randn(16, 8)
    assert torch.equal(fit_positions(table, (4, 4), interpolation), table)
    assert fit_positions(table, (2, 9), interpolation).shape == (18, 8)


def test_sincos_is_the_formula_column_first():
    table = sincos(grid_points((3, 5)), 16)
    omega = [10_000 ** (-i / 4) for i in range(4)]
    at = table[1 * 5 + 3]  # row 1, column 3
    angles = [torch.tensor([place * w for w in omega]) for place in (3, 1)]
    expected = torch.cat([angles[0].sin(), angles[0].cos(), angles[1].sin(), angles[1].cos()])
    torch.testing.assert_close(at, expected)
