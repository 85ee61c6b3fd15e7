"""The repetition rules of Gopher (Rae et al. 2021, arXiv:2112.11446, table A1), as datatrove has them."""

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from fc_pipeline.sources.schema import Domain
from fc_pipeline.text.document import Document
from fc_pipeline.text.filters.base import PAGES, Settings, Verdict
from fc_pipeline.text.filters.datatrove_verdict import verdict_of
from fc_pipeline.text.words import word_tokenizer

if TYPE_CHECKING:
    from datatrove.pipeline.filters import GopherRepetitionFilter


class RepetitionSettings(Settings):
    kind: Literal["repetition"] = "repetition"
    domains: list[Domain] | None = Field(
        default=PAGES, description="Code and moves repeat by nature, dialogues are too short."
    )
    min_words: int = Field(
        default=150, ge=0, description="Shorter texts are kept: their commonest phrase is a large share of little."
    )
    max_duplicate_lines: float = Field(default=0.5, gt=0, le=1, description="Share of lines seen before. Gopher: 0.3.")
    max_duplicate_line_chars: float = Field(default=0.35, gt=0, le=1, description="By characters. Gopher: 0.2.")
    max_duplicate_paragraphs: float = Field(
        default=0.4, gt=0, le=1, description="Share of paragraphs seen before. Gopher: 0.3."
    )
    max_duplicate_paragraph_chars: float = Field(default=0.3, gt=0, le=1, description="By characters. Gopher: 0.2.")
    max_top_ngrams: dict[int, float] = Field(
        default={2: 0.2, 3: 0.18, 4: 0.16}, description="Share of characters in the most frequent n-gram."
    )
    max_duplicate_ngrams: dict[int, float] = Field(
        default={5: 0.4, 6: 0.38, 7: 0.36, 8: 0.34, 9: 0.32, 10: 0.3},
        description="Share of characters in n-grams seen before. Gopher: 0.15 ... 0.10, made for prose without code.",
    )


def repetitive(document: Document, settings: RepetitionSettings) -> Verdict:
    """The name of datatrove's rule that the document breaks, such as `top_2_gram`."""
    if document["text"].count(" ") < settings.min_words:
        return None
    return verdict_of(_block(settings.model_dump_json()), document)


@lru_cache(maxsize=8)
def _block(settings_json: str) -> "GopherRepetitionFilter":
    from datatrove.pipeline.filters import GopherRepetitionFilter

    settings = RepetitionSettings.model_validate_json(settings_json)
    return GopherRepetitionFilter(
        dup_line_frac=settings.max_duplicate_lines,
        dup_line_char_frac=settings.max_duplicate_line_chars,
        dup_para_frac=settings.max_duplicate_paragraphs,
        dup_para_char_frac=settings.max_duplicate_paragraph_chars,
        top_n_grams=tuple(settings.max_top_ngrams.items()),  # type: ignore[arg-type]
        dup_n_grams=tuple(settings.max_duplicate_ngrams.items()),  # type: ignore[arg-type]
        language=word_tokenizer(),  # type: ignore[arg-type]  # typed str, takes a tokenizer
    )
