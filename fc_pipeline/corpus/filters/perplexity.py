"""Text that surprises a small model of the corpus: noise, keyboard mashing, broken extraction."""

import hashlib
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.base import PROSE, Settings, Verdict
from fc_pipeline.sources.schema import Domain

if TYPE_CHECKING:
    from fc_pipeline.corpus.filters.character_model import CharacterModel

NUM_FOLDS = 2
_PIECE_CHARS = 2_000


class PerplexitySettings(Settings):
    kind: Literal["perplexity"] = "perplexity"
    domains: list[Domain] | None = Field(default=PROSE, description="Code and moves are their own language.")
    max_bits_per_byte: float = Field(default=5, gt=0, description="Above it: dropped. Prose has 1.5 to 3, noise 6 on.")
    min_chars: int = Field(default=200, ge=0, description="Shorter texts are kept: too little to tell by.")
    train_bytes: int = Field(default=8_000_000, gt=0, description="Sample of the sources that the model reads.")
    seed: int = Field(default=0, ge=0, description="Of the sample.")


def surprising(document: Document, settings: PerplexitySettings, models: "list[CharacterModel]") -> Verdict:
    """`perplexity`, by the beginning, the middle and the end of the text.

    Each document is judged by a model that has not read it: there are two, each of one half of the documents.
    """
    text = document["text"]
    if len(text) < settings.min_chars:
        return None
    bits = models[1 - fold_of(document["id"])].bits_per_byte(_pieces(text))
    return "perplexity" if bits > settings.max_bits_per_byte else None


def fold_of(name: str) -> int:
    """Which half a document belongs to, by its id."""
    return hashlib.sha256(name.encode()).digest()[0] % NUM_FOLDS


def _pieces(text: str) -> str:
    if len(text) <= 3 * _PIECE_CHARS:
        return text
    middle = (len(text) - _PIECE_CHARS) // 2
    return text[:_PIECE_CHARS] + text[middle : middle + _PIECE_CHARS] + text[-_PIECE_CHARS:]
