"""A head that reads a line from the encoder alone, by connectionist temporal classification.

An encoder without weights learns characters from it with far fewer images than through a decoder, which would have to
find out first where in the line it is. Trained, it reads lines along with the decoder (`fc_model.inference.read`).
Nothing of it is exported.

Shapes: B lines, N patches, R rows and C columns of patches, D width, F frames of a column, T = C * F, K classes,
S characters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fc_model.config.image_stage import CtcHeadConfig
from fc_model.data.images.record import Word

CHARACTERS = [chr(code) for code in range(0x20, 0x7F)]
"""What it can read: printable ASCII. Other characters are skipped in its targets."""

BLANK = 0
_CLASS = {character: number for number, character in enumerate(CHARACTERS, start=1)}
NO_FRAME = -100
_BEAM = 16
_Beam = dict[tuple[int, ...], tuple[float, float]]
"""Log probability of each prefix to end in a blank, and in its last character."""


class CtcHead(nn.Module):
    """Log odds of the characters for each frame: a linear layer on the patches of a column, one above the other."""

    def __init__(self, config: CtcHeadConfig, width: int) -> None:
        super().__init__()
        self.config = config
        self.frames = nn.Linear(config.rows * width, config.frames * (len(CHARACTERS) + 1))
        self.places = nn.Linear(config.rows * width, config.frames * (len(CHARACTERS) + 1))

    def forward(self, features_BND: Tensor) -> Tensor:
        """Log odds of the reading, (B, T, K), float32."""
        return self._classes(self.frames, features_BND).log_softmax(dim=-1)

    def place_loss(self, features_BND: Tensor, places_BT: Tensor) -> Tensor:
        """Cross-entropy of what stands in each frame, see `place_targets`; the mean over all frames, NO_FRAME as 0.

        Lines count alike however much of them is NO_FRAME, so parts of a batch add up to the whole.
        """
        logits_BTK = self._classes(self.places, features_BND)
        nats = F.cross_entropy(logits_BTK.flatten(0, 1), places_BT.flatten(), ignore_index=NO_FRAME, reduction="sum")
        return nats / places_BT.numel()

    def loss(self, features_BND: Tensor, classes_BS: Tensor, lengths_B: Tensor) -> Tensor:
        """CTC of the lines in nats a character, the mean over the lines; one too long for its frames counts 0.

        `classes_BS` is padded behind the `lengths_B` classes of each line.
        """
        log_odds_BTK = self(features_BND)
        frames = torch.full_like(lengths_B, log_odds_BTK.shape[1])
        return F.ctc_loss(log_odds_BTK.transpose(0, 1), classes_BS, frames, lengths_B, BLANK, zero_infinity=True)

    def read(self, features_BND: Tensor) -> list[str]:
        """The likeliest class of each frame, repeats joined and blanks left out."""
        best_BT = self(features_BND).argmax(dim=-1).tolist()
        return ["".join(CHARACTERS[number - 1] for number, _ in groupby(row) if number != BLANK) for row in best_BT]

    def _classes(self, layer: nn.Linear, features_BND: Tensor) -> Tensor:
        rows = self.config.rows
        columns_BCX = features_BND.unflatten(1, (rows, -1)).transpose(1, 2).flatten(2)
        return layer(columns_BCX).unflatten(2, (self.config.frames, -1)).flatten(1, 2).float()


def log_likelihoods(log_odds_BTK: Tensor, texts: Sequence[str]) -> Tensor:
    """Of a text for each line, by all ways to write it, (B,); what no head can read is left out of the texts."""
    classes = [classes_of(text) for text in texts]
    lengths = torch.tensor([len(row) for row in classes])
    frames = torch.full_like(lengths, log_odds_BTK.shape[1])
    flat = torch.tensor([number for row in classes for number in row], dtype=torch.long)
    return -F.ctc_loss(
        log_odds_BTK.transpose(0, 1), flat.to(log_odds_BTK.device), frames, lengths, BLANK, reduction="none"
    )


def likeliest(log_odds_TK: Tensor, count: int) -> list[list[int]]:
    """Classes of the `count` likeliest texts of a line, from the log odds of its frames.

    Prefixes are kept with their probability to end in a blank and in a character: Hannun et al. 2014, "First-pass
    large vocabulary continuous speech recognition using bi-directional recurrent DNNs", algorithm 1.
    """
    beam: _Beam = {(): (0.0, -math.inf)}
    values_TC, choices_TC = log_odds_TK.topk(min(count + 1, log_odds_TK.shape[1]), dim=-1)
    for values, choices in zip(values_TC.tolist(), choices_TC.tolist(), strict=True):
        grown = _grow(beam, dict(zip(choices, values, strict=True)))
        best = sorted(grown.items(), key=lambda entry: (-_add(*entry[1]), entry[0]))
        beam = dict(best[: max(count, _BEAM)])
    return [list(prefix) for prefix in list(beam)[:count]]


def _grow(beam: _Beam, log_odds: dict[int, float]) -> _Beam:
    """The prefixes after one more frame."""
    grown: _Beam = {}

    def add(prefix: tuple[int, ...], *, blank: float = -math.inf, character: float = -math.inf) -> None:
        before = grown.get(prefix, (-math.inf, -math.inf))
        grown[prefix] = _add(before[0], blank), _add(before[1], character)

    for prefix, (blank, character) in beam.items():
        for choice, value in log_odds.items():
            if choice == BLANK:
                add(prefix, blank=_add(blank, character) + value)
            elif prefix and choice == prefix[-1]:  # a second one only behind a blank
                add(prefix, character=character + value)
                add((*prefix, choice), character=blank + value)
            else:
                add((*prefix, choice), character=_add(blank, character) + value)
    return grown


def _add(one: float, other: float) -> float:
    """log(exp(one) + exp(other))."""
    high, low = max(one, other), min(one, other)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


def text_of(classes: Sequence[int]) -> str:
    """Inverse of `classes_of`, but for what it skips."""
    return "".join(CHARACTERS[number - 1] for number in classes)


def classes_of(text: str) -> list[int]:
    """Classes of the characters that it can read."""
    return [_CLASS[character] for character in text if character in _CLASS]


def place_targets(
    words: Sequence[Word], text: str, *, num_frames: int, pixels: float, offset: float = 0.0
) -> list[int]:
    """Class of what stands in the middle of each frame, `pixels` wide, in an image of this text, moved `offset` pixels.

    A word whose characters' starts are not known is shared out evenly to them. A space between words and paper beside
    them is the space; a character that it cannot read is NO_FRAME. All frames are NO_FRAME unless the words are the
    whole text, on one line: where a word without a box stands is not known, and it is no paper.
    """
    labelled = "".join(word.text for word in words)
    if "".join(labelled.split()) != "".join(text.split()) or len({word.line for word in words}) > 1:
        return [NO_FRAME] * num_frames
    places = [_CLASS[" "]] * num_frames
    for word in words:
        left, _, right, _ = word.box
        count = len(word.text)
        starts = word.starts or [left + (right - left) * number / count for number in range(count)]
        edges = [left, *starts[1:], right]
        frames = [min(max(math.ceil((edge + offset) / pixels - 0.5), 0), num_frames) for edge in edges]
        for character, (first, last) in zip(word.text, pairwise(frames), strict=True):
            places[first:last] = [_CLASS.get(character, NO_FRAME)] * max(last - first, 0)
    return places
