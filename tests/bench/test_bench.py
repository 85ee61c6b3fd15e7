"""The benches measure what they say: corpus, score, schedule, and our side of them."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from factories.models import tiny_model

from bench import hooks, quality
from bench.corpus import Tokens, docstrings
from bench.timing import round_robin


def small_module() -> hooks.LossModule:
    torch.manual_seed(0)
    return hooks.LossModule(tiny_model(num_layers=1, context_length=16, tie_embeddings=False))


def contender(module: torch.nn.Module, lr: float) -> quality.Contender:
    return quality.Contender(
        module, [torch.optim.AdamW(module.parameters(), lr=lr)], context=16, batch=4, autocast=False
    )


def tokens() -> Tokens:
    ids = (np.arange(600) % 7).astype(np.uint16)
    return Tokens(train=ids, holdout=ids[:201], holdout_bytes=402, digest="")


def test_docstrings() -> None:
    long = (
        "Takes what it is given and gives what it takes, in the order in which it came, no more and no less than that."
    )
    source = (
        f'"""{long}"""\nx = 1\ndef f():\n    """Short."""\nclass A:\n    def g(self):\n        """{long} Twice."""\n'
    )
    assert docstrings(source.encode()) == f"{long}\n\n{long} Twice."
    assert docstrings(b"def broken(:") == ""
    assert docstrings(b"\xff\xfe\x00") == ""


def test_bits_per_byte_random_weights() -> None:
    """The head starts at zero: every token costs log2(64) = 6 bits, two bytes a token, so 3 bits a byte."""
    assert quality.bits_per_byte(contender(small_module(), lr=0.0), tokens()) == pytest.approx(3, rel=1e-5)


def test_train() -> None:
    result = quality.train(contender(small_module(), lr=1e-2), tokens(), budget=1.0, seed=0)
    assert result["bits_per_byte"] < 0.5
    assert result["tokens"] == result["steps"] * 64


def test_lr_factor() -> None:
    assert quality.lr_factor(0.0) == pytest.approx(0.01, rel=1e-6)
    assert quality.lr_factor(0.02) == pytest.approx(1.0, abs=2e-3)
    assert quality.lr_factor(1.0) == pytest.approx(0.1)


def test_linear_to_zero() -> None:
    """The hook bends the cosine to a line to zero after the warm-up."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=2.0)
    optimizer.register_step_pre_hook(hooks.LinearToZero())
    used = []
    for share in (0.0, 0.01, 0.02, 0.25, 0.5, 1.0):
        optimizer.param_groups[0]["lr"] = 2.0 * quality.lr_factor(share)
        weight.grad = torch.ones(1)
        optimizer.step()
        used.append(optimizer.param_groups[0]["lr"] / 2.0)
    # The hook takes the highest rate for the peak, which the cosine has left by a thousandth when the warm-up ends.
    assert used == pytest.approx([0.01, 0.5, 1.0, 0.75, 0.5, 0.0], abs=1e-2)


def test_loss_equals_torch() -> None:
    module = small_module()
    torch.nn.init.normal_(module.decoder.head_VD, std=0.1)
    window = torch.randint(0, 64, (3, 17), generator=torch.Generator().manual_seed(0))
    logits = module.decoder(window[:, :-1])
    expected = F.cross_entropy(logits.flatten(0, 1), window[:, 1:].flatten())
    assert torch.allclose(module(window[:, :-1], window[:, 1:]), expected, atol=1e-5)


# torch's compiler imports a module of torch that still uses it.
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
def test_quality_hook() -> None:
    module = hooks.quality(4096, 128)
    trained = [weight for one in module.optimizer for group in one.param_groups for weight in group["params"]]
    assert {id(weight) for weight in trained} == {id(weight) for weight in module.parameters()}
    assert len(trained) == len(list(module.parameters()))
    assert module.batch * module.context == 2048


def test_round_robin() -> None:
    calls = []
    seconds = round_robin({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=2, warmup=1)
    assert calls == ["a", "b"] * 3
    assert set(seconds) == {"a", "b"}
    assert all(one.cpu >= 0 and one.wall >= 0 for one in seconds.values())
