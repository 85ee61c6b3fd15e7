"""Lines read by decoder and CTC head together: what both find likeliest, of what either proposes."""

import math

import pytest
import torch
import torch.nn.functional as F
from factories.vision_model import VISION, build_model, line_picture

from fc_model.inference import read
from fc_model.inference.answer import EOS_ID, preprocess
from fc_model.inference.read import mean_likelihood, placements, read_together
from fc_model.vision.ctc_head import likeliest, log_likelihoods, text_of
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
    _, tokens_BIQD = model.encode_images(images)
    decoded = ["cat", "dog", ""]
    log_odds_PBTK = placements(model, images)
    texts = read_together(model, images, tokens_BIQD, decoded, prompt=PROMPT, transcript=transcript, max_tokens=6)
    for row, text in enumerate(texts):
        lines_PTK = log_odds_PBTK[:, row]
        proposals = map(text_of, likeliest(mean_likelihood(lines_PTK), 8))
        choices = {decoded[row], *(proposal for proposal in proposals if len(proposal) <= 6)}
        scores = {
            choice: (
                weight * float(mean_likelihood(log_likelihoods(lines_PTK, [choice] * len(lines_PTK))))
                if weight
                else 0.0
            )
            + (1 - weight) * log_likelihood_of_decoder(model, tokens_BIQD[row], choice)
            for choice in choices
        }
        assert text in choices and math.isclose(scores[text], max(scores.values()), rel_tol=1e-4)


@torch.no_grad()
def test_each_placement_is_the_line_a_frame_further_to_the_right() -> None:
    """As if it had been drawn there: the head's frames, without those of the white in front."""
    model = model_with_heads()
    ctc_head = model.heads and model.heads.recognizer
    assert ctc_head is not None
    patch, frames = model.vision.encoder.patch_size, ctc_head.config.frames
    images = preprocess([line_picture("x = 3")], height=16, width=64).unsqueeze(0)
    log_odds_PBTK = placements(model, images)
    assert len(log_odds_PBTK) == frames > 1
    for shift, placed_BTK in enumerate(log_odds_PBTK):
        canvas = torch.full((1, 1, 16, 64 + (patch if shift else 0), 3), 255, dtype=torch.uint8)
        canvas[:, :, :, shift * patch // frames :][:, :, :, :64] = images
        torch.testing.assert_close(
            placed_BTK, ctc_head(model.encode_images(canvas)[0])[:, shift : shift + placed_BTK.shape[1]]
        )


@torch.no_grad()
def test_what_the_head_proposes_beyond_the_limit_is_left_out() -> None:
    model = model_with_heads()
    images = preprocess([line_picture("cat")], height=16, width=64).unsqueeze(0)
    _, tokens_BIQD = model.encode_images(images)
    assert any(likeliest(mean_likelihood(placements(model, images))[0], 8)), "it proposes more than nothing"
    texts = read_together(model, images, tokens_BIQD, ["no"], prompt=PROMPT, transcript=transcript, max_tokens=0)
    assert texts == ["no"]
    longer = "no " * 40  # than the head has frames: it cannot have written that
    texts = read_together(model, images, tokens_BIQD, [longer], prompt=PROMPT, transcript=transcript, max_tokens=0)
    assert texts == [longer]
    texts = read_together(model, images, tokens_BIQD, [longer], prompt=PROMPT, transcript=transcript, max_tokens=99)
    assert texts != [longer]
