"""Many prompts at once write what each writes alone."""

import pytest
from factories.models import random_decoder

from fc_model.errors import UserError
from fc_model.inference.decoder_runtime import DecoderRuntime
from fc_model.inference.generate import greedy
from fc_model.inference.greedy_batch import by_length, greedy_batch

PROMPTS = [[1, 20, 21], [1, 30], [1, 40, 41, 42, 43, 44], [1]]


def test_a_batch_writes_what_each_prompt_writes_alone() -> None:
    model = random_decoder()
    alone = [greedy(DecoderRuntime(model), prompt, 12) for prompt in PROMPTS]
    assert greedy_batch(model, PROMPTS, max_tokens=12, is_complete=lambda new: False) == alone
    stop = alone[0][3]
    cut = greedy_batch(model, PROMPTS, max_tokens=12, is_complete=lambda new: new[-1] == stop)
    for text, whole in zip(cut, alone, strict=True):
        assert text == (whole[: whole.index(stop) + 1] if stop in whole else whole)
    barred = greedy_batch(model, PROMPTS, max_tokens=12, is_complete=lambda new: False, forbidden=[stop])
    assert all(stop not in text for text in barred)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UserError, match=r"a prompt of 6 tokens and 60 new ones are more .*context_length \(64\)"):
        greedy_batch(random_decoder(), PROMPTS, max_tokens=60, is_complete=lambda new: False)


def test_batches_hold_prompts_of_about_one_length() -> None:
    assert list(by_length(PROMPTS, max_tokens=8)) == [[2], [0, 1], [3]]
