"""Samples: seeded, independent of their neighbours, and scored for repetition."""

from typing import Any

import pytest
import torch
from factories.models import random_decoder

from fc_model.evals.samples import continue_prompts, distinct, repetition
from fc_model.model.decoder import Decoder

BOS, EOS = 1, 2


@pytest.fixture
def model() -> Decoder:
    return random_decoder(vocab_size=50, embedding_init_std=0.3).eval()


def run(model: Decoder, prompts: list[list[int]], **changed: Any) -> list[list[int]]:
    settings: dict[str, Any] = {"num_tokens": 12, "temperature": 0.0, "seed": 0, "stop": (EOS,)} | changed
    return continue_prompts(model, prompts, **settings)


def test_greedy_takes_the_likeliest_token(model: Decoder) -> None:
    prompt = [BOS, 5, 9]
    (new,) = run(model, [prompt], stop=())
    for place, token in enumerate(new):
        with torch.inference_mode():
            logits = model(torch.tensor([prompt + new[:place]]))[0, -1]
        assert token == int(logits.argmax())
    assert len(new) == 12


def test_draws_follow_seed_place_and_temperature(model: Decoder) -> None:
    prompts = [[BOS, 5]] * 2
    first = run(model, prompts, temperature=1.0)
    assert first == run(model, prompts, temperature=1.0) != run(model, prompts, temperature=1.0, seed=2)
    assert first[0] != first[1]
    assert first[:1] == run(model, prompts[:1], temperature=1.0)
    assert run(model, prompts, temperature=1e-4) == run(model, prompts)


def test_stops_at_eos_and_never_says_what_is_forbidden(model: Decoder) -> None:
    texts = run(model, [[BOS, 5]] * 8, num_tokens=60, temperature=3.0, forbidden=range(3, 40))
    assert min(map(len, texts)) < 60
    assert {token for text in texts for token in text} <= {0, 1, *range(40, 50)}


def test_other_weights_say_something_else(model: Decoder) -> None:
    before = run(model, [[BOS, 5]], stop=())
    torch.manual_seed(1)
    model.init_weights()
    assert run(model, [[BOS, 5]], stop=()) != before


def test_quality_numbers_by_hand() -> None:
    assert distinct([[1, 2, 1, 2], [1, 2]], 2) == pytest.approx(2 / 4)
    assert distinct([[1]], 2) == 0
    assert repetition([[1, 2, 3, 4, 5, 6, 7]]) == 0
    assert repetition([[1, 2, 1, 2, 1, 2, 1, 2]]) == pytest.approx(3 / 5)
    assert repetition([[1, 2, 3, 4], [1, 2, 3, 4]]) == 0
