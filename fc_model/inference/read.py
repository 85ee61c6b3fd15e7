"""Lines, read by the decoder and the CTC head together.

The CTC head knows what stands where and nothing of words, the decoder writes words and loses its place in long lines.
Either proposes texts, and the one that both together find likeliest is read.

Source: Watanabe et al. 2017, "Hybrid CTC/attention architecture for end-to-end speech recognition", section III-C
(rescoring). Shapes: B lines, I = 1 image of each, N patches, Q tokens of an image, D width, L tokens of text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from fc_model.model.loss import IGNORE
from fc_model.special_tokens import EOS, PAD, SPECIAL_TOKENS
from fc_model.vision.examples import padded
from fc_model.vision.vlm import VisionLanguageModel

CTC_WEIGHT = 0.5
"""Of the CTC head's log likelihood; the rest is the decoder's."""
_CANDIDATES = 8
_EOS_ID, _PAD_ID = SPECIAL_TOKENS.index(EOS), SPECIAL_TOKENS.index(PAD)


@torch.no_grad()
def read_together(
    model: VisionLanguageModel,
    features_BND: Tensor,
    tokens_BIQD: Tensor,
    decoded: Sequence[str],
    *,
    prompt: Sequence[int],
    transcript: Callable[[str], list[int]],
    max_tokens: int,
) -> list[str]:
    """The likeliest text of each line, by both.

    Args:
        features_BND, tokens_BIQD: as `VisionLanguageModel.encode_images` gives them.
        decoded: what the decoder alone reads.
        prompt: token ids in front of the text.
        transcript: gives token ids of a text.
        max_tokens: of a text; the CTC head's longer ones are left out.
    """
    assert model.heads is not None and model.heads.recognizer is not None
    ctc_head = model.heads.recognizer
    texts = []
    for row, proposals in enumerate(ctc_head.candidates(features_BND, count=_CANDIDATES)):
        ids = {text: transcript(text) for text in (decoded[row], *proposals)}
        choices = [text for text in ids if text == decoded[row] or len(ids[text]) <= max_tokens]
        of_decoder = _log_likelihoods(model, tokens_BIQD[row], prompt, [ids[text] for text in choices])
        of_head = ctc_head.log_likelihoods(features_BND[row].expand(len(choices), -1, -1), choices)
        scores = CTC_WEIGHT * of_head + (1 - CTC_WEIGHT) * of_decoder
        texts.append(choices[int(scores.argmax())])
    return texts


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
