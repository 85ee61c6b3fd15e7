"""Lines read by decoder and CTC head together: what both find likeliest, of what either proposes."""

import math

import pytest
import torch
import torch.nn.functional as F
from factories.vision_model import VISION, build_model, line_picture

from fc_model.inference import read
from fc_model.inference.answer import EOS_ID, preprocess
from fc_model.inference.read import read_together
from fc_model.vision.vlm import VisionLanguageModel

PROMPT = [20, 21]
LINES = ("cat", "x = 3", "a big owl")


def transcript(text: str) -> list[int]:
    return [100 + ord(character) for character in text]


def model_with_heads() -> VisionLanguageModel:
    model = build_model(seed=3)
    assert model.vision == VISION and model.heads is not None
    return model


@torch.no_grad()
def log_likelihood_of_decoder(model: VisionLanguageModel, tokens_IQD: torch.Tensor, text: str) -> float:
    """Token by token, each by a whole forward pass."""
    ids, total = list(PROMPT), 0.0
    for token in [*transcript(text), EOS_ID]:
        state_D = model.hidden(tokens_IQD.unsqueeze(0), torch.tensor([ids]))[0, -1]
        total += float(F.linear(state_D, model.decoder.head_VD).log_softmax(dim=-1)[token])
        ids.append(token)
    return total


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
@torch.no_grad()
def test_the_likeliest_by_both_is_read(weight: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "CTC_WEIGHT", weight)
    model = model_with_heads()
    images = torch.stack([preprocess([line_picture(text)], height=16, width=64) for text in LINES])
    features_BND, tokens_BIQD = model.encode_images(images)
    decoded = ["cat", "dog", ""]
    assert model.heads is not None and model.heads.recognizer is not None
    ctc_head = model.heads.recognizer
    texts = read_together(model, features_BND, tokens_BIQD, decoded, prompt=PROMPT, transcript=transcript, max_tokens=6)
    for row, text in enumerate(texts):
        proposals = ctc_head.candidates(features_BND[row : row + 1], count=8)[0]
        choices = {decoded[row], *(proposal for proposal in proposals if len(proposal) <= 6)}
        scores = {
            choice: (weight * float(ctc_head.log_likelihoods(features_BND[row : row + 1], [choice])) if weight else 0.0)
            + (1 - weight) * log_likelihood_of_decoder(model, tokens_BIQD[row], choice)
            for choice in choices
        }
        assert text in choices and math.isclose(scores[text], max(scores.values()), rel_tol=1e-4)


@torch.no_grad()
def test_what_the_head_proposes_beyond_the_limit_is_left_out() -> None:
    model = model_with_heads()
    features_BND, tokens_BIQD = model.encode_images(preprocess([line_picture("cat")], height=16, width=64).unsqueeze(0))
    assert model.heads is not None and model.heads.recognizer is not None
    assert all(model.heads.recognizer.candidates(features_BND, count=8)[0]), "it proposes more than nothing"
    texts = read_together(model, features_BND, tokens_BIQD, ["no"], prompt=PROMPT, transcript=transcript, max_tokens=0)
    assert texts == ["no"]
