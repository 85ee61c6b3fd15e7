"""How well text was read: exact match, and error rates over characters (CER) and words (WER)."""

import unicodedata
from collections.abc import Sequence
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


def normalise(text: str, normalisation: Normalisation) -> str:
    return text if normalisation == "none" else " ".join(unicodedata.normalize("NFKC", text).split())


def compare(prediction: str, reference: str, *, normalisation: Normalisation = "none") -> Reading:
    """Edits between what was read and what is written there."""
    read, wanted = normalise(prediction, normalisation), normalise(reference, normalisation)
    words = wanted.split()
    return Reading(
        exact=read == wanted,
        character_edits=Levenshtein.distance(read, wanted),
        characters=len(wanted),
        word_edits=Levenshtein.distance(read.split(), words),
        words=len(words),
    )


def recognition_scores(readings: Sequence[Reading]) -> dict[str, float]:
    """Scores of a corpus, or of a part of it: `exact_match`, the share of the texts that were read without any edit,
    `cer` and `wer`, the edits of all samples over the characters or words of all references.

    An error rate is 0 at best, and above 1 when more was made up than there was to read. Raises ValueError when there
    is nothing to score.
    """
    if not readings:
        raise ValueError("no texts to score")
    exact, character_edits, characters, word_edits, words = map(sum, zip(*readings, strict=True))
    return {
        "exact_match": exact / len(readings),
        "cer": _rate(character_edits, characters),
        "wer": _rate(word_edits, words),
    }


def _rate(edits: int, length: int) -> float:
    """Edits over the reference's length; anything that was read where nothing stands is an error rate of 1."""
    return edits / length if length else float(edits > 0)
