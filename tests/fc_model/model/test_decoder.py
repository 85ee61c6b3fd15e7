"""The decoder: equal to transformers' Llama, rotary positions, document masks, count of parameters."""

import warnings

import pytest
import torch
from factories.models import random_decoder, random_ids, tiny_model

from fc_model.config.model import ModelConfig
from fc_model.model.attention import alibi_bias, attention_mask
from fc_model.model.decoder import Decoder
from fc_model.model.rope import rope_frequencies, rope_table, rotate


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_logits_equal_transformers_llama(tied: bool, kv_heads: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers import LlamaConfig, LlamaForCausalLM
    ours = random_decoder(tie_embeddings=tied, num_kv_heads=kv_heads)
    theirs = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=64, num_hidden_layers=2, hidden_size=32, num_attention_heads=4, num_key_value_heads=kv_heads,
            head_dim=8, intermediate_size=64, max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=tied,
        )
    )  # fmt: skip
    weights = {
        name if name.startswith("lm_head") else f"model.{name}": weight for name, weight in ours.state_dict().items()
    }
    missing, unexpected = theirs.load_state_dict(weights, strict=False)
    assert unexpected == []
    assert missing == (["lm_head.weight"] if tied else [])
    ids_BT = random_ids(2, 64)
    assert (ours(ids_BT) - theirs(ids_BT).logits).abs().max() < 1e-4


def test_meta_device_count_equals_the_formula() -> None:
    config = ModelConfig(
        vocab_size=50_000, num_layers=24, hidden_size=1024, num_heads=16, num_kv_heads=4, head_dim=64,
        intermediate_size=4096, context_length=4096,
    )  # fmt: skip
    with torch.device("meta"):
        decoder = Decoder(config)
    assert sum(parameter.numel() for parameter in decoder.parameters()) == config.num_parameters() == 416_154_624
    untied = random_decoder(tie_embeddings=False)
    assert sum(parameter.numel() for parameter in untied.parameters()) == untied.config.num_parameters()


def test_rope_keeps_norms_and_depends_on_the_offset_only() -> None:
    config = tiny_model(head_dim=16)
    cos_TA, sin_TA = rope_table(64, config.head_dim, config.rope_theta, torch.device("cpu"))
    assert rope_frequencies(config.head_dim, config.rope_theta)[-1] == pytest.approx(config.slowest_frequency)
    random = torch.Generator().manual_seed(0)
    query, key = torch.randn(16, generator=random), torch.randn(16, generator=random)
    queries, keys = rotate(query.expand(64, 16), cos_TA, sin_TA), rotate(key.expand(64, 16), cos_TA, sin_TA)
    assert torch.allclose(queries.norm(dim=1), query.norm().expand(64), rtol=1e-5)
    scores = queries @ keys.T
    for offset in (0, 1, 7, 40):
        diagonal = scores.diagonal(-offset)
        assert torch.allclose(diagonal, diagonal[:1].expand_as(diagonal), atol=1e-4)
    assert (scores.diagonal(-1)[0] - scores.diagonal(-7)[0]).abs() > 1e-2


def test_no_position_sees_what_comes_after() -> None:
    decoder, ids_BT = random_decoder(), random_ids(1, 20)
    changed = ids_BT.clone()
    changed[0, 12:] = (changed[0, 12:] + 1) % 64
    difference = (decoder(ids_BT) - decoder(changed)).abs().amax(dim=(0, 2))
    assert difference[:12].max() == 0
    assert difference[12:].min() > 0


@pytest.mark.parametrize("position", ["rope", "alibi"])
def test_a_document_has_the_same_logits_packed_and_alone(position: str) -> None:
    decoder, ids_BT = random_decoder(position=position), random_ids(1, 30)
    document_BT = torch.tensor([[3] * 9 + [4] * 14 + [9] * 7])
    packed = decoder(ids_BT, document_BT)
    for start, stop in ((0, 9), (9, 23), (23, 30)):
        assert torch.allclose(packed[:, start:stop], decoder(ids_BT[:, start:stop]), atol=1e-4)
    assert not torch.allclose(packed[:, 9:], decoder(ids_BT)[:, 9:], atol=1e-2)


def test_attention_mask_by_hand() -> None:
    mask = attention_mask(torch.tensor([[1, 1, 2]]))
    assert mask.shape == (1, 1, 3, 3)
    assert mask[0, 0].tolist() == [[True, False, False], [True, True, False], [False, False, True]]


def test_alibi_by_hand() -> None:
    places = torch.arange(3)
    bias = alibi_bias(2, (places[:, None] - places).unsqueeze(0))
    infinite = -float("inf")
    assert bias[0, 0].tolist() == [[0, infinite, infinite], [-1 / 16, 0, infinite], [-2 / 16, -1 / 16, 0]]
    assert bias[0, 1, 2].tolist() == [-2 / 256, -1 / 256, 0]


def test_default_start_is_the_identity_with_uniform_odds() -> None:
    decoder = random_decoder(zero_init_outputs=True, tie_embeddings=False, head_init_std=0.0)
    logits = decoder(random_ids(1, 5))
    assert logits.abs().max() == 0
    hidden = decoder.embed_tokens(random_ids(1, 5))
    assert torch.equal(decoder.hidden(random_ids(1, 5)), decoder.norm(hidden))


def test_gradient_checkpointing_gives_equal_gradients() -> None:
    gradients = []
    for recompute in (False, True):
        decoder = random_decoder(dropout=0.2)
        decoder.gradient_checkpointing = recompute
        torch.manual_seed(5)
        decoder.loss(random_ids(2, 16), random_ids(2, 16)).backward()
        gradients.append([parameter.grad for parameter in decoder.parameters()])
    for plain, recomputed in zip(*gradients, strict=True):
        assert torch.equal(plain, recomputed)


def test_dropout_acts_in_training_only() -> None:
    decoder, ids_BT = random_decoder(dropout=0.5), random_ids(1, 8)
    assert not torch.equal(decoder(ids_BT), decoder(ids_BT))
    decoder.eval()
    assert torch.equal(decoder(ids_BT), decoder(ids_BT))
