"""Parameter groups, peaks and state."""

from typing import Any

import pytest
import torch
from factories.models import random_decoder
from factories.text_stage import STAGE
from safetensors.torch import load, save

from fc_model.config.stage import StageConfig
from fc_model.errors import UserError
from fc_model.model.decoder import Decoder
from fc_model.optim.stage_optimizer import StageOptimizer, parameter_groups

ADAMW: dict[str, Any] = {"kind": "adamw"}
MUON: dict[str, Any] = {"kind": "muon", "muon_lr": 0.02, "embedding_lr": 0.3, "head_lr": 0.004}
NORMUON: dict[str, Any] = MUON | {"kind": "normuon"}


def decoder() -> Decoder:
    return random_decoder(tie_embeddings=False)


def optimizer(model: Decoder, **config: Any) -> StageOptimizer:
    return StageOptimizer(model, StageConfig(**STAGE | {"optimizer": config}))


def set_gradients(model: Decoder, seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=random)


def test_groups_hold_every_parameter_once() -> None:
    model = decoder()
    groups = parameter_groups(model)
    assert sum(len(group) for group in groups.values()) == len(list(model.parameters()))
    assert groups["embedding"] == [model.embed_tokens.weight]
    assert len(groups["matrices"]) == 2 * 7
    assert len(groups["vectors"]) == 2 * 2 + 1


def test_weight_decay_spares_the_norms() -> None:
    model = decoder()
    one = optimizer(model, weight_decay=0.5)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    one.step(1.0)
    for name, parameter in model.named_parameters():
        expected = before[name] if "norm" in name else before[name] * (1 - STAGE["lr"] * 0.5)
        assert torch.allclose(parameter, expected, atol=1e-7), name


def test_peaks_by_group_and_factor() -> None:
    one = optimizer(decoder(), **MUON)
    assert [type(part).__name__ for part in one.optimizers] == ["Muon", "AdamW"]
    one.step(0.5)
    rates = [group["lr"] for part in one.optimizers for group in part.param_groups]
    assert rates == pytest.approx([0.01, 0.15, 0.002, STAGE["lr"] / 2])


@pytest.mark.parametrize("config", [ADAMW, MUON, NORMUON], ids=["adamw", "muon", "normuon"])
def test_state_through_safetensors_goes_on_bit_for_bit(config: dict[str, Any]) -> None:
    one, other = decoder(), decoder()
    first, second = optimizer(one, **config), optimizer(other, **config)
    assert first.tensors() == {}
    for seed in range(3):
        set_gradients(one, seed)
        first.step(1.0)
    other.load_state_dict(one.state_dict())
    second.load_tensors(load(save({name: tensor.contiguous() for name, tensor in first.tensors().items()})))
    for model, part in ((one, first), (other, second)):
        set_gradients(model, 9)
        part.step(0.3)
    for left, right in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(left, right)


def test_foreign_state_is_refused() -> None:
    with pytest.raises(UserError, match=r"names 'elsewhere.weight'"):
        optimizer(decoder()).load_tensors({"exp_avg/elsewhere.weight": torch.zeros(1)})
