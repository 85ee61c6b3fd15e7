"""Fusions: each learns, at any aspect; the resampler is llama.cpp's graph; its grid start looks where it should."""

import pytest
import torch
import torch.nn.functional as F
from transformers.models.idefics3.configuration_idefics3 import Idefics3Config
from transformers.models.idefics3.modeling_idefics3 import Idefics3Connector

from fc_model.config.vision import EncoderConfig, FusionConfig
from fc_model.vision.encoders.positions import grid_points
from fc_model.vision.encoders.vit import VisionEncoder
from fc_model.vision.fusion.perceiver import PerceiverResampler
from fc_model.vision.fusion.query_grid_init import query_grid, query_points
from fc_model.vision.vlm import build_fusion

ENCODER = EncoderConfig(hidden_size=48, num_layers=2, num_heads=3, intermediate_size=96, image_size=64)
FUSIONS = {
    "perceiver": FusionConfig(num_queries=8, head_dim=32),
    "perceiver on a grid": FusionConfig(num_queries=8, head_dim=32, grid_init=True, init_grid=(2, 4)),
    "qformer": FusionConfig(kind="qformer", num_queries=8, head_dim=32, num_layers=2),
    "mlp": FusionConfig(kind="mlp"),
    "pixel_shuffle": FusionConfig(kind="mlp", pixel_shuffle=2),
}
HIDDEN = 64


@pytest.mark.parametrize("name", FUSIONS)
def test_each_fusion_with_its_encoder_overfits_a_mapping(name):
    torch.manual_seed(0)
    encoder, fusion = VisionEncoder(ENCODER), build_fusion(FUSIONS[name], ENCODER, HIDDEN)
    pixels = torch.rand(4, 3, 32, 64) * 2 - 1
    target = torch.randn(4, fusion.config.num_tokens((2, 4)), HIDDEN)
    optimizer = torch.optim.AdamW([*encoder.parameters(), *fusion.parameters()], lr=3e-3, weight_decay=0)
    losses = []
    for _ in range(120):
        loss = F.mse_loss(fusion(encoder(pixels), (2, 4)), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 0.9
    assert losses[-1] < 0.05, losses[::20]


@pytest.mark.parametrize("name", FUSIONS)
def test_gradients_reach_every_weight_and_the_encoder(name):
    torch.manual_seed(0)
    fusion = build_fusion(FUSIONS[name], ENCODER, HIDDEN)
    features = torch.randn(2, 8, 48, requires_grad=True)
    tokens = fusion(features, (2, 4))
    (tokens * torch.randn(tokens.shape)).sum().backward()
    assert features.grad is not None and features.grad.abs().min() > 0
    still = {name for name, weight in fusion.named_parameters() if weight.grad is None or weight.grad.abs().max() == 0}
    assert still <= {name for name, _ in fusion.named_parameters() if name.endswith("k_proj.bias")}


@pytest.mark.parametrize("name", FUSIONS)
@pytest.mark.parametrize("grid", [(2, 16), (16, 2), (6, 6), (28, 28)])
def test_any_aspect_gives_the_tokens_that_are_counted(name, grid):
    fusion = build_fusion(FUSIONS[name], ENCODER, HIDDEN)
    with torch.no_grad():
        tokens = fusion(torch.randn(3, grid[0] * grid[1], 48), grid)
    assert tokens.shape == (3, fusion.config.num_tokens(grid), HIDDEN)
    assert torch.isfinite(tokens).all()


@pytest.mark.parametrize("name", FUSIONS)
def test_images_of_a_batch_do_not_mix(name):
    torch.manual_seed(0)
    fusion = build_fusion(FUSIONS[name], ENCODER, HIDDEN)
    features = torch.randn(3, 8, 48)
    with torch.no_grad():
        torch.testing.assert_close(fusion(features, (2, 4))[1:2], fusion(features[1:2], (2, 4)))


@pytest.mark.parametrize("name", ["perceiver", "qformer"])
def test_queries_tell_a_wide_grid_from_a_tall_one(name):
    torch.manual_seed(0)
    fusion = build_fusion(FUSIONS[name], ENCODER, HIDDEN)
    features = torch.randn(1, 8, 48)
    assert (fusion(features, (2, 4)) - fusion(features, (4, 2))).abs().max() > 0.01


def llama_cpp_resampler(tensors: dict[str, torch.Tensor], patches: torch.Tensor, grid, *, head_dim: int, eps: float):
    """The graph of clip_graph_minicpmv::build, step by step over the tensors of a GGUF file, for one image."""

    def linear(name: str, x: torch.Tensor) -> torch.Tensor:
        return x @ tensors[f"resampler.{name}.weight"].T + tensors.get(f"resampler.{name}.bias", 0)

    def norm(name: str, x: torch.Tensor) -> torch.Tensor:
        x = (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True, unbiased=False) + eps).sqrt()
        return x * tensors[f"resampler.{name}.weight"] + tensors[f"resampler.{name}.bias"]

    query = norm("ln_q", tensors["resampler.query"])
    value = norm("ln_kv", linear("kv", patches))
    width = query.shape[-1]
    omega = torch.tensor([1 / 10_000 ** (i / (width // 4)) for i in range(width // 4)])
    places = [torch.cat([t.sin(), t.cos()]) for t in (place * omega for place in range(max(grid)))]
    key = value + torch.stack([torch.cat([places[x], places[y]]) for y in range(grid[0]) for x in range(grid[1])])
    heads = []
    q, k, v = linear("attn.q", query), linear("attn.k", key), linear("attn.v", value)
    for start in range(0, width, head_dim):
        part = slice(start, start + head_dim)
        heads.append((q[:, part] @ k[:, part].T / head_dim**0.5).softmax(-1) @ v[:, part])
    return linear("proj", norm("ln_post", linear("attn.out", torch.cat(heads, dim=-1))))


@pytest.mark.parametrize("grid", [(2, 16), (5, 3)])
def test_the_resampler_is_the_graph_of_llama_cpp_under_the_names_of_the_table(grid):
    torch.manual_seed(0)
    fusion = build_fusion(FusionConfig(num_queries=7), ENCODER, 256)
    for weight in fusion.parameters():
        weight.data += 0.1 * torch.randn(weight.shape)
    tensors = {"resampler.query": fusion.query, "resampler.proj.weight": fusion.proj.T}
    tensors["resampler.kv.weight"] = fusion.kv_proj.weight
    for kind in ("weight", "bias"):
        for name in ("ln_q", "ln_kv", "ln_post"):
            tensors[f"resampler.{name}.{kind}"] = fusion.state_dict()[f"{name}.{kind}"]
        thirds = fusion.state_dict()[f"attn.in_proj_{kind}"].chunk(3)
        tensors |= {f"resampler.attn.{name}.{kind}": third for name, third in zip("qkv", thirds, strict=True)}
        tensors[f"resampler.attn.out.{kind}"] = fusion.state_dict()[f"attn.out_proj.{kind}"]
    assert sum(tensor.numel() for tensor in tensors.values()) == sum(w.numel() for w in fusion.parameters())
    patches = torch.randn(2, grid[0] * grid[1], 48)
    with torch.no_grad():
        ours = fusion(patches, grid)
        for image, tokens in zip(patches, ours, strict=True):
            expected = llama_cpp_resampler(tensors, image, grid, head_dim=128, eps=ENCODER.norm_eps)
            assert (tokens - expected).abs().max() < 2e-5


def test_pixel_shuffle_is_that_of_idefics3():
    config = Idefics3Config(
        scale_factor=2,
        vision_config={"hidden_size": 48, "num_hidden_layers": 1, "num_attention_heads": 3, "intermediate_size": 8},
        text_config={"model_type": "llama", "hidden_size": HIDDEN, "num_hidden_layers": 1},
    )
    theirs = Idefics3Connector(config)
    ours = build_fusion(FUSIONS["pixel_shuffle"], ENCODER, HIDDEN)
    ours.load_state_dict({"proj.weight": theirs.modality_projection.proj.weight})
    features = torch.randn(2, 36, 48)
    with torch.no_grad():
        torch.testing.assert_close(ours(features, (6, 6)), theirs(features))


def test_a_grid_that_can_not_be_merged_is_refused():
    fusion = build_fusion(FUSIONS["pixel_shuffle"], ENCODER, HIDDEN)
    with pytest.raises(ValueError, match=r"patch grid 3x4 is no multiple of pixel_shuffle \(2\)"):
        fusion(torch.randn(1, 12, 48), (3, 4))


@torch.no_grad()
def distances(fusion: PerceiverResampler, grid: tuple[int, int]) -> torch.Tensor:
    """How far from its place each query attends on average, in patches, (Q,)."""
    inputs: list[torch.Tensor] = []
    fusion.attn.register_forward_pre_hook(lambda module, arguments: inputs.extend(arguments))
    fusion(torch.randn(4, grid[0] * grid[1], 48), grid)
    heads = fusion.attn.num_heads
    parts = zip(inputs, fusion.attn.in_proj_weight.chunk(3), fusion.attn.in_proj_bias.chunk(3), strict=True)
    query, key, _ = (F.linear(*part).unflatten(-1, (heads, -1)).transpose(1, 2) for part in parts)
    attention = (query @ key.mT / query.shape[-1] ** 0.5).softmax(dim=-1)
    centre = attention.mean(dim=(0, 1)) @ grid_points(grid).float()
    return (centre - query_points(len(centre), grid).float()).norm(dim=-1)


@pytest.mark.parametrize(
    ("num_queries", "hidden", "grid"),
    [(64, 256, (2, 16)), (64, 256, (14, 14)), (32, 384, (2, 16)), (64, 512, (28, 28)), (16, 128, (2, 16))],
)
def test_queries_on_grid_attend_near_their_place_from_the_start(num_queries, hidden, grid):
    torch.manual_seed(0)
    config = FusionConfig(num_queries=num_queries, grid_init=True, init_grid=grid)
    far = distances(build_fusion(config, ENCODER, hidden), grid)
    spacing = (grid[0] * grid[1] / num_queries) ** 0.5
    assert far.mean() < 0.5 * max(1, spacing)
    assert far.max() < 1.2 * max(1, spacing)
    at_random = build_fusion(FusionConfig(num_queries=num_queries), ENCODER, hidden)
    assert distances(at_random, grid).mean() > 3 * far.mean()


def test_queries_cover_the_image_in_reading_order():
    assert query_grid(64, (14, 14)) == (8, 8)
    assert query_grid(32, (2, 16)) == (2, 16)
    assert query_grid(16, (2, 16)) == (1, 16)
    assert query_grid(7, (4, 4)) in {(1, 7), (7, 1)}
    points = query_points(32, (2, 16))
    assert torch.equal(points, grid_points((2, 16)).double())
