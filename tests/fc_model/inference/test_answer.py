"""Answers of many samples at once are what the whole forward pass gives for each alone, token by token."""

from typing import Literal

import pytest
import torch
import torch.nn.functional as F
from factories.vision_model import MODEL, build_model
from torch import Tensor

from fc_model.errors import UserError
from fc_model.inference.answer import EOS_ID, PAD_ID, answers
from fc_model.special_tokens import SPECIAL_TOKENS
from fc_model.vision.vlm import VisionLanguageModel

PROMPTS = [[20], [30, 31, 32, 33, 34, 35, 36], [40, 41], [50, 51, 52], [21, 60, 61, 62]]


def talkative(*, position: Literal["rope", "alibi"] = "rope") -> VisionLanguageModel:
    """Random weights that would love to say <pad>, and end now and then."""
    model = build_model(seed=7, position=position)
    with torch.no_grad():
        model.decoder.embed_tokens.weight[PAD_ID] *= 6
        model.decoder.embed_tokens.weight[EOS_ID] *= 3
    return model


def pictures(*, images: int = 1) -> Tensor:
    torch.manual_seed(0)
    return torch.randint(0, 256, (len(PROMPTS), images, 16, 24, 3), dtype=torch.uint8)


@torch.no_grad()
def slowly(
    model: VisionLanguageModel, images_IHWC: Tensor, prompt: list[int], num_tokens: int
) -> tuple[list[int], bool]:
    """The answer by whole forward passes, and whether a special token was ever the likeliest."""
    ids, tempted = list(prompt), False
    _, tokens_BIQD = model.encode_images(images_IHWC.unsqueeze(0))
    for _ in range(num_tokens):
        state_D = model.hidden(tokens_BIQD, torch.tensor([ids]))[0, -1]
        logits_V = F.linear(state_D, model.decoder.head_VD)
        tempted |= int(logits_V.argmax()) in set(range(len(SPECIAL_TOKENS))) - {EOS_ID}
        logits_V[[token for token in range(len(SPECIAL_TOKENS)) if token != EOS_ID]] = -torch.inf
        token = int(logits_V.argmax())
        if token == EOS_ID:
            break
        ids.append(token)
    return ids[len(prompt) :], tempted


@pytest.mark.parametrize(("position", "images"), [("rope", 1), ("rope", 2), ("alibi", 1), ("alibi", 2)])
def test_answers_are_those_of_the_whole_pass(position: Literal["rope", "alibi"], images: int) -> None:
    model, shown = talkative(position=position), pictures(images=images)
    expected = [slowly(model, shown[row], prompt, 20) for row, prompt in enumerate(PROMPTS)]
    assert any(tempted for _, tempted in expected)
    for batch_size in (1, 3, 32):
        assert answers(model, shown, PROMPTS, max_tokens=20, batch_size=batch_size) == [ids for ids, _ in expected]


def test_answers_end_at_eos_at_the_limit_and_with_the_context() -> None:
    model, shown = talkative(), pictures()
    found = answers(model, shown, PROMPTS, max_tokens=60)
    lengths = {len(answer) for answer in found}
    assert min(lengths) < 60 and len(lengths) > 1
    assert answers(model, shown, PROMPTS, max_tokens=2) == [answer[:2] for answer in found]
    in_front = 1 + 2 + 2 * 3
    endless = next(row for row, answer in enumerate(found) if len(answer) == 60)
    [whole] = answers(model, shown[endless : endless + 1], [PROMPTS[endless]], max_tokens=1000)
    assert len(whole) == MODEL.context_length - in_front - len(PROMPTS[endless]) > 60
    with pytest.raises(UserError, match=r"take 97 tokens, more than the model's context_length \(96\)"):
        answers(model, shown[:1], [[20] * (MODEL.context_length - in_front + 1)], max_tokens=5)


def test_every_image_counts_and_its_place_does() -> None:
    model, shown = talkative(), pictures(images=2)
    straight = answers(model, shown, PROMPTS, max_tokens=12)
    assert answers(model, shown.flip(1), PROMPTS, max_tokens=12) != straight
    assert answers(model, shown[:, :1], PROMPTS, max_tokens=12) != straight
