"""The model that sees: how a sequence is laid out, what sees what, how images are taken."""

from typing import Any

import pytest
import torch
from factories.image_stage import IMAGES, MODEL, VISION
from factories.models import tiny_model

from fc_model.config.image_stage import ImageStageConfig, VisionConfig
from fc_model.optim.stage_optimizer import parameter_groups
from fc_model.special_tokens import SPECIAL_TOKENS
from fc_model.vision.vlm import VisionLanguageModel

DECODER = tiny_model(**MODEL | {"embedding_init_std": 0.5, "zero_init_outputs": False, "dropout": 0.0})


def model_of(*, heads: bool = False, clip: bool = False, **fusion: Any) -> VisionLanguageModel:
    torch.manual_seed(0)
    encoder = VISION["encoder"] | ({"kind": "clip"} if clip else {})
    vision = VisionConfig.model_validate(VISION | {"encoder": encoder} | ({"fusion": fusion} if fusion else {}))
    stage = ImageStageConfig.model_validate(IMAGES) if heads else None
    return VisionLanguageModel(DECODER, vision, training_heads=stage).eval()


def pictures(batch: int, images: int = 1, *, height: int = 16, width: int = 24) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (batch, images, height, width, 3), generator=generator, dtype=torch.uint8)


@torch.no_grad()
def test_a_sequence_is_bos_then_framed_images_then_text() -> None:
    model, ids_BL = model_of(), torch.tensor([[40, 41, 42], [50, 51, 52]])
    _, tokens_BIQD = model.encode_images(pictures(2, 2))
    assert tokens_BIQD.shape == (2, 2, 6, 32)
    x_BTD = model.embed(tokens_BIQD, ids_BL)
    assert x_BTD.shape == (2, 1 + 2 * (6 + 2) + 3, 32)
    lookup = model.decoder.embed_tokens.weight
    begin, end = SPECIAL_TOKENS.index("<image>"), SPECIAL_TOKENS.index("</image>")
    for row in range(2):
        assert torch.equal(x_BTD[row, 0], lookup[SPECIAL_TOKENS.index("<s>")])
        for image, place in enumerate((1, 9)):
            assert torch.equal(x_BTD[row, place], lookup[begin])
            assert torch.equal(x_BTD[row, place + 1 : place + 7], tokens_BIQD[row, image])
            assert torch.equal(x_BTD[row, place + 7], lookup[end])
        assert torch.equal(x_BTD[row, 17:], lookup[ids_BL[row]])


@torch.no_grad()
def test_states_begin_at_the_end_of_the_last_image() -> None:
    model, ids_BL = model_of(), torch.tensor([[40, 41, 42]])
    _, tokens_BIQD = model.encode_images(pictures(1))
    hidden_BLD = model.hidden(tokens_BIQD, ids_BL)
    whole_BTD = model.decoder.hidden_of(model.embed(tokens_BIQD, ids_BL))
    assert hidden_BLD.shape == (1, 4, 32)
    assert torch.equal(hidden_BLD, whole_BTD[:, 8 - 1 :][:, -4:])
    assert model.hidden(tokens_BIQD, ids_BL[:, :0]).shape == (1, 1, 32)


@torch.no_grad()
def test_a_decoder_is_given_the_same_by_ids_and_by_embeddings() -> None:
    model, ids_BT = model_of(), torch.tensor([[1, 40, 41, 42, 43], [1, 50, 2, 1, 52]])
    document_BT = torch.tensor([[0] * 5, [0, 0, 0, 1, 1]])
    decoder = model.decoder
    for document in (None, document_BT):
        by_ids = decoder.hidden(ids_BT, document)
        assert torch.equal(decoder.hidden_of(decoder.embed_tokens(ids_BT), document), by_ids)


@torch.no_grad()
@pytest.mark.parametrize("fusion", [{"kind": "mlp"}, {"kind": "perceiver", "num_queries": 5, "head_dim": 16}])
def test_text_sees_the_image_and_samples_do_not_see_each_other(fusion: dict[str, Any]) -> None:
    model, ids_BL = model_of(**fusion), torch.tensor([[40, 41], [40, 41]])
    images = pictures(2)
    one, other = model.hidden(model.encode_images(images)[1], ids_BL)
    assert not torch.allclose(one, other, atol=1e-4)
    alone = model.hidden(model.encode_images(images[1:])[1], ids_BL[1:])[0]
    assert torch.allclose(alone, other, atol=1e-5)
    blind = model_of(**fusion)
    blind.load_state_dict(model.state_dict())
    blind.get_parameter("encoder.embeddings.patch_embedding.weight").zero_()
    first, second = blind.hidden(blind.encode_images(images)[1], ids_BL)
    assert torch.allclose(first, second, atol=1e-6), "what differed came through the patches"


def test_pixels_are_normalised_as_their_family_does() -> None:
    images = pictures(1)
    siglip = model_of().pixels(images)
    assert siglip.shape == (1, 1, 3, 16, 24)
    expected = (images[0, 0, 3, 5].float() / 255 - 0.5) / 0.5
    assert torch.allclose(siglip[0, 0, :, 3, 5], expected)
    clip = model_of(clip=True).pixels(images)
    expected = (images[0, 0, 3, 5].float() / 255 - torch.tensor([0.48145466, 0.4578275, 0.40821073])) / torch.tensor(
        [0.26862954, 0.26130258, 0.27577711]
    )
    assert torch.allclose(clip[0, 0, :, 3, 5], expected)


def test_heads_are_there_for_training_only() -> None:
    bare, trained = model_of(), model_of(heads=True)
    names = {name for name, _ in trained.named_parameters()} - {name for name, _ in bare.named_parameters()}
    assert names
    assert all(name.startswith("heads.") for name in names)
    assert bare.heads is None
    vision = [p for name, p in bare.named_parameters() if name.startswith(("encoder.", "fusion."))]
    assert sum(parameter.numel() for parameter in vision) == bare.vision.num_parameters(32)


def test_every_weight_has_its_optimizer() -> None:
    model = model_of(heads=True)
    names = {parameter: name for name, parameter in model.named_parameters()}
    groups = {role: {names[p] for p in parameters} for role, parameters in parameter_groups(model).items()}
    assert sum(len(found) for found in groups.values()) == len(names)
    assert groups["embedding"] == {"decoder.embed_tokens.weight"}
    assert all(name.startswith("decoder.layers.") for name in groups["matrices"])
    assert all(name.startswith("decoder.") for name in groups["vectors"])
    assert len(groups["vectors"]) == 5
    assert "encoder.encoder.layers.0.mlp.fc1.weight" in groups["vision_matrices"]
    assert all(name.startswith(("encoder.", "fusion.")) for name in groups["vision_matrices"])
    assert {
        "encoder.embeddings.position_embedding.weight", "encoder.embeddings.patch_embedding.weight",
        "heads.info_nce.log_scale", "heads.image.proj.weight", "heads.recognizer.frames.weight",
    } <= groups["vision_vectors"]  # fmt: skip
    alone = parameter_groups(model.decoder)
    assert [len(alone[role]) for role in ("embedding", "head", "matrices", "vectors")] == [
        len(groups[role]) for role in ("embedding", "head", "matrices", "vectors")
    ]
