"""Previous-token and induction heads before anything was learnt."""

from typing import Any

import pytest
import torch
from factories.models import random_decoder
from torch import Tensor

from fc_model.model.decoder import Decoder
from fc_model.model.rope import rotate

LENGTH = 64


def decoder(**changes: Any) -> Decoder:
    shape: dict[str, Any] = {
        "vocab_size": 512, "hidden_size": 128, "num_heads": 2, "head_dim": 64, "context_length": LENGTH,
        "embedding_init_std": 0.8, "zero_init_outputs": True, "head_init_std": 0.0, "induction_init": True,
    }  # fmt: skip
    return random_decoder(**shape | changes)


def odds(model: Decoder, ids_T: Tensor, *, layer: int, head: int) -> Tensor:
    """Attention weights of one head, (T, T)."""
    config = model.config
    seen: list[Tensor] = []
    attention = model.layers[layer].self_attn
    with torch.no_grad():
        hook = attention.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0][0]))
        model(ids_T.unsqueeze(0))
        hook.remove()
        key_head = head * config.num_kv_heads // config.num_heads
        query_TA = attention.q_proj(seen[0]).unflatten(1, (-1, config.head_dim))[:, head]
        key_TA = attention.k_proj(seen[0]).unflatten(1, (-1, config.head_dim))[:, key_head]
        cos_sin = model.rope(len(ids_T), ids_T.device)
        scores = rotate(query_TA, *cos_sin) @ rotate(key_TA, *cos_sin).T / config.head_dim**0.5
        future = torch.ones_like(scores, dtype=torch.bool).triu(1)
        return scores.masked_fill(future, -torch.inf).softmax(dim=1)


def test_a_decoder_that_is_to_be_loaded_draws_nothing() -> None:
    config = decoder().config
    before = torch.get_rng_state()
    with torch.device("meta"):
        model = Decoder(config)
    assert all(parameter.is_meta for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("head", "kv_heads"), [(0, 2), (1, 2), (1, 1)])
def test_first_heads_look_one_and_two_tokens_back(head: int, kv_heads: int) -> None:
    weights = odds(decoder(num_kv_heads=kv_heads), torch.arange(LENGTH), layer=0, head=head)
    back = head + 1
    assert weights.diagonal(-back).mean() > 0.7
    assert (weights[back:].argmax(dim=1) == torch.arange(LENGTH - back)).all()


def test_induction_head_looks_at_what_followed_the_same_token() -> None:
    half = torch.randperm(512, generator=torch.Generator().manual_seed(1))[: LENGTH // 2]
    model = decoder()
    follower = LENGTH // 2 - 1
    weights = odds(model, torch.cat((half, half)), layer=1, head=0)
    matched = weights.diagonal(-follower)[1:]
    assert matched.mean() > 10 / LENGTH
    at_random = odds(decoder(induction_init=False), half.repeat(2), layer=1, head=0).diagonal(-follower)[1:]
    assert matched.mean() > 5 * at_random.mean()


def test_only_the_named_heads_differ_from_a_random_start() -> None:
    plain, looking = decoder(induction_init=False).state_dict(), decoder().state_dict()
    changed = {name for name, weight in looking.items() if not torch.equal(weight, plain[name])}
    parts = ["0.self_attn.q", "0.self_attn.k", "0.self_attn.v", "0.self_attn.o", "1.self_attn.q", "1.self_attn.k"]
    assert changed == {"embed_tokens.weight", *(f"layers.{part}_proj.weight" for part in parts)}
    assert torch.equal(looking["layers.1.self_attn.q_proj.weight"][64:], plain["layers.1.self_attn.q_proj.weight"][64:])


@pytest.mark.parametrize("change", [{"num_layers": 1}, {"context_length": 65_536}, {"position": "alibi"}])
def test_shapes_without_room_for_the_heads_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="induction_init needs"):
        decoder(**change)
