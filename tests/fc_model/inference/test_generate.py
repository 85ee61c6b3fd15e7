"""Generation: the cache computes what the whole forward pass does; cuts, seeds, stops and full contexts."""

from typing import Any

import numpy as np
import pytest
import torch
from factories.models import random_decoder
from hypothesis import given
from hypothesis import strategies as st

from fc_model.errors import UserError
from fc_model.inference.decoder_runtime import DecoderRuntime
from fc_model.inference.generate import Sampler, Sampling, generate, greedy

LOGITS = np.log(np.array([0.05, 0.5, 0.25, 0.15, 0.05], dtype=np.float32))


def test_the_runtime_computes_what_the_whole_pass_does() -> None:
    """In pieces, after a reset; that the cache is exact is tests/fc_model/model/test_kv_cache.py's to check."""
    model, ids = random_decoder(context_length=16), list(range(10, 26))
    with torch.inference_mode():
        expected = model(torch.tensor([ids]))[0].numpy()
    cached = DecoderRuntime(model)
    cached.next_logits([3, 4])
    assert np.abs(cached.logits(ids) - expected).max() < 1e-5
    cached.reset()
    for start, stop in ((0, 5), (5, 6), (6, 16)):
        assert np.abs(cached.next_logits(ids[start:stop]) - expected[stop - 1]).max() < 1e-5
    with pytest.raises(UserError, match="17 tokens are more than the model's context_length"):
        cached.next_logits([1])


def test_generation_goes_on_when_the_context_is_full() -> None:
    model = random_decoder(context_length=16)
    ids = list(generate(DecoderRuntime(model), [2], Sampler(Sampling(temperature=0)), num_tokens=40))
    assert len(ids) == 40
    # The first token drawn after a slide saw the newer half of the context and what followed.
    cached = DecoderRuntime(model)
    context = [2, *ids]
    expected = int(cached.logits([*context[8:16], context[16]])[-1].argmax())
    assert ids[16] == expected
    assert list(generate(cached, context, Sampler(Sampling(temperature=0)), num_tokens=1)) == greedy(
        cached, context[-16:], 1
    )


def test_seed_decides_and_stops_end() -> None:
    cached = DecoderRuntime(random_decoder(context_length=16))

    def draw(seed: int) -> list[int]:
        return list(generate(cached, [2], Sampler(Sampling(seed=seed)), num_tokens=12))

    assert draw(1) == draw(1)
    assert len({tuple(draw(seed)) for seed in range(8)}) > 1
    ids = greedy(cached, [2], 12)
    stop = ids[5]
    stopped = list(generate(cached, [2], Sampler(Sampling(temperature=0)), num_tokens=12, stop={stop}))
    assert stopped == ids[: ids.index(stop)]
    assert list(generate(cached, [2], Sampler(Sampling(temperature=0)), num_tokens=0)) == []
    with pytest.raises(UserError, match="prompt has no tokens"):
        greedy(cached, [], 3)


def shares(sampling: Sampling, *, forbidden: tuple[int, ...] = ()) -> np.ndarray:
    sampler = Sampler(sampling, forbidden=forbidden)
    return np.bincount([sampler.draw(LOGITS) for _ in range(4000)], minlength=5) / 4000


def test_draws_follow_the_distribution() -> None:
    plain = Sampling(temperature=1, top_k=0, top_p=1)
    assert shares(plain) == pytest.approx([0.05, 0.5, 0.25, 0.15, 0.05], abs=0.03)
    squared = np.array([0.05, 0.5, 0.25, 0.15, 0.05]) ** 2
    half = Sampling(temperature=0.5, top_k=0, top_p=1)
    assert shares(half) == pytest.approx(squared / squared.sum(), abs=0.03)


def test_cuts() -> None:
    assert shares(Sampling(temperature=1, top_k=2, top_p=1)) == pytest.approx([0, 2 / 3, 1 / 3, 0, 0], abs=0.03)
    assert shares(Sampling(temperature=1, top_k=0, top_p=0.7)) == pytest.approx([0, 2 / 3, 1 / 3, 0, 0], abs=0.03)
    assert shares(Sampling(temperature=1, top_k=0, top_p=0.01)).tolist() == [0, 1, 0, 0, 0]
    no_best = shares(Sampling(temperature=1, top_k=0, top_p=1), forbidden=(1,))
    assert no_best == pytest.approx([0.1, 0, 0.5, 0.3, 0.1], abs=0.03)
    assert Sampler(Sampling(temperature=0), forbidden={1}).draw(LOGITS) == 2


@given(
    st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=30),
    st.integers(0, 5),
    st.floats(0.01, 1),
    st.integers(0, 100),
)
def test_a_forbidden_token_is_never_drawn(logits: list[float], top_k: int, top_p: float, seed: int) -> None:
    sampler = Sampler(Sampling(temperature=1, top_k=top_k, top_p=top_p, seed=seed), forbidden={0})
    assert all(0 < sampler.draw(np.array(logits, dtype=np.float32)) < len(logits) for _ in range(5))


@pytest.mark.parametrize(
    ("field", "value"), [("temperature", -0.1), ("temperature", float("nan")), ("top_k", -1), ("top_p", 0)]
)
def test_settings_out_of_range_are_refused(field: str, value: float) -> None:
    settings: dict[str, Any] = {field: value}
    with pytest.raises(UserError, match=field):
        Sampling(**settings)
