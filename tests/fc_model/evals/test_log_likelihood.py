"""Log-likelihoods of continuations: as a plain forward pass gives them, whatever shares a prompt or a batch."""

import random

import pytest
import torch
from factories.tiny_exports import Exports, tiny_model
from hypothesis import given
from hypothesis import strategies as st

from fc_model.errors import UserError
from fc_model.evals.log_likelihood import Request, encode_request, log_likelihoods
from fc_model.model.decoder import Decoder
from fc_model.tokenizer import Tokenizer

LINES = st.text(st.characters(exclude_categories=()), max_size=30)


def plain(model: Decoder, request: Request) -> float:
    with torch.no_grad():
        logits_TV = model(torch.tensor([request.prompt + request.continuation]))[0].double()
    start = len(request.prompt) - 1
    odds_TV = logits_TV.log_softmax(dim=-1)
    return sum(float(odds_TV[start + place, token]) for place, token in enumerate(request.continuation))


@pytest.mark.parametrize("position", ["rope", "alibi"])
def test_shared_prompts_and_batches_change_nothing(position: str) -> None:
    model, rng = tiny_model(position=position), random.Random(0)
    draw = lambda length: tuple(rng.randrange(17, 900) for _ in range(length))  # noqa: E731
    requests = []
    for _ in range(60):
        prompt = draw(rng.randrange(1, 60))
        requests += [
            Request(prompt=prompt, continuation=draw(rng.randrange(1, 20))) for _ in range(rng.randrange(1, 5))
        ]
    rng.shuffle(requests)
    expected = [plain(model, request) for request in requests]
    assert log_likelihoods(model, requests) == pytest.approx(expected, rel=1e-5)
    again = log_likelihoods(model, [*requests, *requests])
    assert again[: len(requests)] == again[len(requests) :], "equal requests have equal numbers"


def test_a_model_without_preference_gives_every_token_the_same() -> None:
    model = tiny_model()
    torch.nn.init.zeros_(model.head_VD)
    requests = [Request(prompt=(1, 40), continuation=(token,)) for token in (50, 60, 70, 80)]
    assert len(set(log_likelihoods(model, requests))) == 1


def test_the_prompts_left_end_goes_first(exports: Exports) -> None:
    tokenizer = Tokenizer(exports.tokenizer_file)
    whole = encode_request(tokenizer, "import json " * 100, " return", context_length=10_000, where="x")
    cut = encode_request(tokenizer, "import json " * 100, " return", context_length=128, where="x")
    assert whole.truncated == 0 and whole.prompt[0] == tokenizer.bos_id
    assert cut.prompt == whole.prompt[cut.truncated :] and cut.continuation == whole.continuation
    assert len(cut.prompt) + len(cut.continuation) == 129, "the last token is predicted, not read"
    assert log_likelihoods(exports.model, [cut])[0] < 0


def test_white_space_at_the_prompts_end_is_the_continuations(exports: Exports) -> None:
    tokenizer = Tokenizer(exports.tokenizer_file)
    request = encode_request(tokenizer, "import \n", "json", context_length=128, where="x")
    assert tokenizer.decode(request.prompt) == "import"
    assert tokenizer.decode(request.continuation) == " \njson"


def test_a_choice_longer_than_the_context_is_refused(exports: Exports) -> None:
    with pytest.raises(UserError, match=r"arc: 7: a choice has \d+ tokens, more than the model's context_length"):
        encode_request(Tokenizer(exports.tokenizer_file), "a", " import json" * 90, context_length=64, where="arc: 7")


def test_pieces_that_span_the_join_leave_a_continuation(exports: Exports) -> None:
    """EleutherAI/lm-evaluation-harness#1297, #1053: no token is left of a continuation that the prompt's last takes."""
    tokenizer = Tokenizer(exports.tokenizer_file)
    assert len(tokenizer.encode("import")) == 1 < len(tokenizer.encode("impo"))
    request = encode_request(tokenizer, "impo", "rt", context_length=128, where="x")
    assert tokenizer.decode(request.continuation) == "rt"


@given(prompt=LINES, choice=LINES)
def test_any_text_has_tokens_and_none_is_a_control_token(exports: Exports, prompt: str, choice: str) -> None:
    """NUL, lone surrogates, every script."""
    tokenizer = Tokenizer(exports.tokenizer_file)
    request = encode_request(tokenizer, prompt, f" {choice}", context_length=1000, where="x")
    assert request.prompt[0] == tokenizer.bos_id and min(request.continuation) > 16
