"""An adapter against plain arithmetic: what it computes, what it merges to, and what it leaves alone."""

from typing import Any

import numpy as np
import pytest
import torch
from factories.models import adapted_decoder, random_decoder, random_ids, tiny_model
from torch import Tensor

from fc_model.checkpoints.load import weights_of
from fc_model.config.lora import LoraConfig
from fc_model.model.decoder import Decoder
from fc_model.model.lora import add_lora, merged_weights, trained_parameters

SOME: dict[str, Any] = {"targets": ["k_proj", "up_proj"]}
LARGEST = 2e-6
"""Difference of a weight that rounding in fp32 explains: W is about 0.3, B A about 0.1."""


def by_hand(base: dict[str, Tensor], adapter: dict[str, Tensor], scaling: float) -> dict[str, Tensor]:
    """W + scaling B A in float64, for every matrix that has an A."""
    weights = {}
    for name, weight in base.items():
        stem, total = name.removesuffix(".weight"), weight.double().numpy()
        if f"{stem}.lora_A.weight" in adapter:
            a, b = (adapter[f"{stem}.lora_{part}.weight"].double().numpy() for part in "AB")
            total = total + scaling * np.einsum("fr,rd->fd", b, a)
        weights[name] = torch.from_numpy(total)
    return weights


@pytest.mark.parametrize(("lora", "scaling"), [({}, 6 / 4), ({"alpha": 1, "rank": 8}, 1 / 8), (SOME, 6 / 4)])
@pytest.mark.parametrize("tied", [True, False])
def test_forward_and_merge_are_those_of_the_definition(lora: dict[str, Any], scaling: float, tied: bool) -> None:
    decoder = adapted_decoder(lora=lora, tie_embeddings=tied)
    base = random_decoder(tie_embeddings=tied).state_dict()
    expected = by_hand(base, weights_of(decoder), scaling)
    num_targets = len(lora.get("targets", range(7)))
    assert sum(not torch.equal(base[name].double(), expected[name]) for name in base) == 2 * num_targets

    merged = merged_weights(decoder)
    assert merged.keys() == base.keys()
    for name, weight in merged.items():
        assert weight.dtype == torch.float32
        assert float((weight.double() - expected[name]).abs().max()) < LARGEST, name

    plain = Decoder(decoder.config).double().eval()
    plain.load_state_dict(expected)
    ids = random_ids(2, 24)
    with torch.no_grad():
        torch.testing.assert_close(decoder(ids).double(), plain(ids), rtol=0, atol=1e-4)
        assert float((decoder(ids) - random_decoder(tie_embeddings=tied).eval()(ids)).abs().max()) > 0.1


def test_a_fresh_adapter_changes_no_bit() -> None:
    decoder, ids = random_decoder().eval(), random_ids(2, 24)
    with torch.no_grad():
        before = decoder(ids)
        add_lora(decoder, LoraConfig())
        assert torch.equal(decoder.eval()(ids), before)
    base = random_decoder().state_dict()
    assert all(torch.equal(weight, base[name]) for name, weight in merged_weights(decoder).items())


def test_what_is_no_target_is_the_base_s_to_the_bit() -> None:
    base, merged = random_decoder().state_dict(), merged_weights(adapted_decoder(lora=SOME))
    same = {name for name in base if torch.equal(base[name], merged[name])}
    assert base.keys() - same == {
        f"layers.{layer}.{part}.weight" for layer in range(2) for part in ("self_attn.k_proj", "mlp.up_proj")
    }


@pytest.mark.parametrize("gradient_checkpointing", [False, True])
def test_every_matrix_of_the_adapter_has_a_gradient_and_no_other(gradient_checkpointing: bool) -> None:
    decoder, ids = adapted_decoder(tie_embeddings=False), random_ids(2, 24)
    decoder.gradient_checkpointing = gradient_checkpointing
    decoder.train().loss(ids, ids).backward()
    graded = {name for name, parameter in decoder.named_parameters() if parameter.grad is not None}
    assert graded == trained_parameters(decoder).keys()
    assert len(graded) == 2 * 7 * 2
    assert all(float(decoder.get_parameter(name).grad.norm()) > 0 for name in graded)  # type: ignore[union-attr]


def test_a_and_b_begin_as_in_peft() -> None:
    decoder = random_decoder()
    add_lora(decoder, LoraConfig(rank=16))
    for name, tensor in weights_of(decoder).items():
        if "lora_B" in name:
            assert not tensor.any()
        else:
            bound = tensor.shape[1] ** -0.5  # of a uniform draw: sqrt(6 / ((1 + 5) inputs))
            assert 0.9 * bound < float(tensor.abs().max()) <= bound


def test_dropout_is_of_training_alone() -> None:
    decoder, ids = adapted_decoder(lora={"dropout": 0.5}), random_ids(1, 24)
    with torch.no_grad():
        assert torch.equal(decoder(ids), decoder(ids))
        assert not torch.equal(decoder.train()(ids), decoder(ids))


def test_without_an_adapter_all_parameters_are_trained() -> None:
    decoder = Decoder(tiny_model())
    assert trained_parameters(decoder) == dict(decoder.named_parameters())


@pytest.mark.parametrize("tied", [True, False])
def test_embedding_and_head_are_trained_where_they_are_to_be(tied: bool) -> None:
    """Control tokens that the base has never seen are alike to it, and stay so as long as these are frozen."""
    decoder, ids = adapted_decoder(lora={"embeddings": True}, tie_embeddings=tied), random_ids(2, 24)
    whole = {"embed_tokens.weight"} | (set() if tied else {"lm_head.weight"})
    assert {name for name in trained_parameters(decoder) if "lora_" not in name} == whole
    decoder.loss(ids, ids).backward()
    assert {name for name, parameter in decoder.named_parameters() if parameter.grad is not None} >= whole
    plain = Decoder(decoder.config).eval()
    plain.load_state_dict(merged_weights(decoder))
    with torch.no_grad():
        torch.testing.assert_close(plain(ids), decoder(ids), rtol=0, atol=1e-4)
