"""How well text was read: exact match, and error rates over characters (CER) and words (WER)."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rapidfuzz.distance import Levenshtein

Normalisation = Literal["none", "nfkc"]
"""none: texts are compared as they are. nfkc: in Unicode's form NFKC, with each run of white space as one space and
none at the ends."""


class Reading(NamedTuple):
    """How one text was read; characters are code points, words what white space separates."""

    exact: bool
    character_edits: int
    characters: int
    """Of the reference."""
    word_edits: int
    words: int
    """Of the reference."""

    @property
    def character_error_rate(self) -> float:
        return _rate(self.character_edits, self.characters)

    @property
    def word_error_rate(self) -> float:
        return _rate(self.word_edits, self.words)


@dataclass(frozen=True, kw_only=True)
class RecognitionScores:
    """Over a corpus. An error rate is 0 at best, and above 1 when more was made up than there was to read."""

    samples: int
    exact_match: float
    """Share of the texts that were read without any edit."""
    cer: float
    """Edits of all samples over characters of all references."""
    wer: float
    mean_cer: float
    """Mean of the samples' own rates, in which a short text counts as much as a long one."""
    mean_wer: float


def normalise(text: str, normalisation: Normalisation) -> str:
    return text if normalisation == "none" else " ".join(unicodedata.normalize("NFKC", text).split())


def compare(prediction: str, reference: str, *, normalisation: Normalisation = "none") -> Reading:
    """Edits between what was read and what is written there."""
    found, wanted = normalise(prediction, normalisation), normalise(reference, normalisation)
    words = wanted.split()
    return Reading(
        exact=found == wanted,
        character_edits=Levenshtein.distance(found, wanted),
        characters=len(wanted),
        word_edits=Levenshtein.distance(found.split(), words),
        words=len(words),
    )


def score(readings: Sequence[Reading]) -> RecognitionScores:
    """Scores of a corpus, or of a part of it (a kind of image, a font). Raises ValueError when there is nothing."""
    if not readings:
        raise ValueError("no texts to score")
    count = len(readings)
    return RecognitionScores(
        samples=count,
        exact_match=sum(reading.exact for reading in readings) / count,
        cer=_rate(sum(r.character_edits for r in readings), sum(r.characters for r in readings)),
        wer=_rate(sum(r.word_edits for r in readings), sum(r.words for r in readings)),
        mean_cer=sum(reading.character_error_rate for reading in readings) / count,
        mean_wer=sum(reading.word_error_rate for reading in readings) / count,
    )


def _rate(edits: int, length: int) -> float:
    """Edits over the reference's length; anything that was read where nothing stands is an error rate of 1."""
    return edits / length if length else float(edits > 0)
