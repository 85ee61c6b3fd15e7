"""Lines, read by the decoder and the CTC head together.

The CTC head knows what stands where and nothing of words, the decoder writes words and loses its place in long lines.
Either proposes texts, and the one that both together find likeliest is read. The head sees each line several times, a
frame further to the right against the grid of patches: where the borders of the patches cut a character is chance, and
the mean of the likelihoods over the cuts reads more lines than one of them (docs/experiments/nano-reading.md).

Source: Watanabe et al. 2017, "Hybrid CTC/attention architecture for end-to-end speech recognition", section III-C
(rescoring). Shapes: B lines, I = 1 image of each, H and W pixels, P placements, T frames, K classes, Q tokens of an
image, D width, L tokens of text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from fc_model.model.loss import IGNORE
from fc_model.special_tokens import EOS, PAD, SPECIAL_TOKENS
from fc_model.vision.ctc_head import likeliest, log_likelihoods, text_of
from fc_model.vision.examples import padded
from fc_model.vision.vlm import VisionLanguageModel

CTC_WEIGHT = 0.7
"""Of the CTC head's log likelihood; the rest is the decoder's."""
_CANDIDATES = 8
_EOS_ID, _PAD_ID = SPECIAL_TOKENS.index(EOS), SPECIAL_TOKENS.index(PAD)


@torch.no_grad()
def read_together(
    model: VisionLanguageModel,
    images_BIHWC: Tensor,
    tokens_BIQD: Tensor,
    decoded: Sequence[str],
    *,
    prompt: Sequence[int],
    transcript: Callable[[str], list[int]],
    max_tokens: int,
) -> list[str]:
    """The likeliest text of each line, by both.

    Args:
        images_BIHWC: uint8, and tokens_BIQD: what `VisionLanguageModel.encode_images` makes of them.
        decoded: what the decoder alone reads.
        prompt: token ids in front of the text.
        transcript: gives token ids of a text.
        max_tokens: of a text; the CTC head's longer ones are left out.
    """
    log_odds_PBTK = placements(model, images_BIHWC)
    mean_BTK = mean_likelihood(log_odds_PBTK)
    texts = []
    for row, text in enumerate(decoded):
        proposals = map(text_of, likeliest(mean_BTK[row], _CANDIDATES))
        ids = {text: transcript(text) for text in (text, *proposals)}
        choices = [choice for choice in ids if choice == text or len(ids[choice]) <= max_tokens]
        of_decoder = _log_likelihoods(model, tokens_BIQD[row], prompt, [ids[choice] for choice in choices])
        of_head = torch.stack(
            [log_likelihoods(line_TK.expand(len(choices), -1, -1), choices) for line_TK in log_odds_PBTK[:, row]]
        )
        scores = CTC_WEIGHT * mean_likelihood(of_head) + (1 - CTC_WEIGHT) * of_decoder
        texts.append(choices[int(scores.argmax())])
    return texts


def placements(model: VisionLanguageModel, images_BIHWC: Tensor) -> Tensor:
    """Log odds of the CTC head with the line as it stands, and 1 to P - 1 frames further to the right, (P, B, T, K).

    P is the number of frames of a patch. Frame t shows the same piece of the line in each: the white in front of it is
    cut off.
    """
    assert model.heads is not None and model.heads.recognizer is not None
    ctc_head = model.heads.recognizer
    patch, count = model.vision.encoder.patch_size, ctc_head.config.frames
    length = images_BIHWC.shape[3] // patch * count
    placed = []
    for shift in range(count):
        left = shift * patch // count
        shifted = F.pad(images_BIHWC, (0, 0, left, patch - left if left else 0), value=255)
        log_odds_BTK = ctc_head(model.encoder(model.pixels(shifted).flatten(0, 1)))
        placed.append(log_odds_BTK[:, shift : shift + length])
    return torch.stack(placed)


def mean_likelihood(logs: Tensor) -> Tensor:
    """Log of the mean over the first dimension of what these are the logs of."""
    return logs.logsumexp(dim=0) - math.log(len(logs))


def _log_likelihoods(
    model: VisionLanguageModel, tokens_IQD: Tensor, prompt: Sequence[int], answers: Sequence[Sequence[int]]
) -> Tensor:
    """Of each answer and its end behind one sample's images and prompt, (answers,)."""
    device = tokens_IQD.device
    length = len(prompt) + max(map(len, answers))
    ids_BL = padded([[*prompt, *answer] for answer in answers], length, _PAD_ID).to(device)
    targets = [[IGNORE] * len(prompt) + [*answer, _EOS_ID] for answer in answers]
    targets_BL = padded(targets, length + 1, IGNORE).to(device)
    hidden_BLD = model.hidden(tokens_IQD.expand(len(answers), -1, -1, -1), ids_BL)
    logits_BLV = F.linear(hidden_BLD, model.decoder.head_VD).float()
    nats_BL = F.cross_entropy(logits_BLV.transpose(1, 2), targets_BL, ignore_index=IGNORE, reduction="none")
    return -nats_BL.sum(dim=1)
