"""The quality rules of FineWeb (Penedo et al. 2024, arXiv:2406.17557) for crawled pages, as datatrove has them."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.base import CRAWLED, Settings, Verdict
from fc_pipeline.corpus.filters.datatrove_verdict import ask_block
from fc_pipeline.corpus.words import word_tokenizer
from fc_pipeline.sources.schema import Domain

if TYPE_CHECKING:
    from datatrove.pipeline.filters import FineWebQualityFilter


class FinewebSettings(Settings):
    kind: Literal["fineweb"] = "fineweb"
    domains: list[Domain] | None = Field(default=CRAWLED, description="Where the crawled pages are.")
    min_punctuated_lines: float = Field(default=0.12, ge=0, le=1, description="Share of lines that end a sentence.")
    max_short_lines: float = Field(default=0.67, gt=0, le=1, description="Share of lines of 30 characters or fewer.")
    max_duplicate_line_chars: float = Field(
        default=0.1, gt=0, le=1, description="Share of characters in lines seen before. FineWeb: 0.01, of raw pages."
    )
    max_lines_per_word: float = Field(default=0.3, gt=0, description="More line feeds a word: a list, not prose.")


def web_noise(document: Document, settings: FinewebSettings) -> Verdict:
    """The name of datatrove's rule that the document breaks, such as `short_line_ratio`."""
    return ask_block(block, settings, document)[0]


def block(settings: FinewebSettings) -> "FineWebQualityFilter":
    from datatrove.pipeline.filters import FineWebQualityFilter

    return FineWebQualityFilter(
        line_punct_thr=settings.min_punctuated_lines,
        short_line_thr=settings.max_short_lines,
        char_duplicates_ratio=settings.max_duplicate_line_chars,
        new_line_ratio=settings.max_lines_per_word,
        language=word_tokenizer(),  # type: ignore[arg-type]  # typed str, takes a tokenizer
    )
