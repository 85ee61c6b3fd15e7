"""Length in characters."""

from typing import Literal

from pydantic import Field

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.base import Settings, Verdict
from fc_pipeline.sources.schema import Domain


class LengthSettings(Settings):
    kind: Literal["length"] = "length"
    min_chars: int = Field(default=100, ge=0, description="Shorter documents are dropped.")
    max_chars: int = Field(default=1_000_000, gt=0, description="Longer documents are dropped.")
    min_chars_of: dict[Domain, int] = Field(default={"chat": 24}, description="By domain: a short dialogue is whole.")


def wrong_length(document: Document, settings: LengthSettings) -> Verdict:
    """`too_short` or `too_long`."""
    num_chars = len(document["text"])
    minimum = settings.min_chars_of.get(document["domain"], settings.min_chars)  # type: ignore[call-overload]
    if num_chars < minimum:
        return "too_short"
    return "too_long" if num_chars > settings.max_chars else None
