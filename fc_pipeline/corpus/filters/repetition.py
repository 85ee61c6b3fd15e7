"""The repetition rules of Gopher (Rae et al. 2021, arXiv:2112.11446, table A1), as datatrove has them."""

import re
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.base import PAGES, Settings, Verdict
from fc_pipeline.corpus.filters.datatrove_verdict import ask_block
from fc_pipeline.corpus.words import word_counts, word_tokenizer, words_of
from fc_pipeline.sources.schema import Domain

if TYPE_CHECKING:
    from datatrove.pipeline.filters import GopherRepetitionFilter

_PARAGRAPHS = re.compile(r"\n{2,}")
_LINES = re.compile(r"\n+")


class RepetitionSettings(Settings):
    kind: Literal["repetition"] = "repetition"
    domains: list[Domain] | None = Field(default=PAGES, description="Code and moves repeat, dialogues are too short.")
    min_words: int = Field(default=150, ge=0, description="Shorter texts are kept: one phrase is a large share there.")
    max_duplicate_lines: float = Field(default=0.5, gt=0, le=1, description="Share of lines seen before. Gopher: 0.3.")
    max_duplicate_line_chars: float = Field(default=0.35, gt=0, le=1, description="By characters. Gopher: 0.2.")
    max_duplicate_paragraphs: float = Field(default=0.4, gt=0, le=1, description="Share of paragraphs. Gopher: 0.3.")
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
    if document["text"].count(" ") + document["text"].count("\n") < settings.min_words:
        return None
    if surely_passes(document["text"], settings):
        return None
    return ask_block(block, settings, document)[0]


def surely_passes(text: str, settings: RepetitionSettings) -> bool:
    """True when upper bounds of all that is measured stay below the thresholds; what is left goes to datatrove.

    Nearly every document passes here, five times as fast. What datatrove counts as characters of duplicate n-grams
    are words that some earlier n-gram holds too, so words that a repeated n-gram of that length covers bound it, and
    those of the shortest bound it for every length; equal hashes of different n-grams only raise the bound.
    """
    for pattern, share, char_share in (
        (_PARAGRAPHS, settings.max_duplicate_paragraphs, settings.max_duplicate_paragraph_chars),
        (_LINES, settings.max_duplicate_lines, settings.max_duplicate_line_chars),
    ):
        parts = pattern.split(text.strip() if pattern is _PARAGRAPHS else text)
        different = set(parts)
        chars = sum(map(len, parts)) - sum(map(len, different))
        if len(parts) - len(different) > share * len(parts) or chars > char_share * len(text):
            return False
    from fc_pipeline.corpus.filters.repeated_ngrams import covered_chars, most_chars, word_numbers

    numbers, ends = word_numbers(words_of(text), word_counts(text))
    if any(most_chars(numbers, ends, n) > share * len(text) for n, share in settings.max_top_ngrams.items()):
        return False
    shares = settings.max_duplicate_ngrams
    return (
        not shares
        or covered_chars(numbers, ends, min(shares)) <= min(shares.values()) * len(text)
        or all(covered_chars(numbers, ends, n) <= share * len(text) for n, share in shares.items())
    )


def block(settings: RepetitionSettings) -> "GopherRepetitionFilter":
    from datatrove.pipeline.filters import GopherRepetitionFilter

    return GopherRepetitionFilter(
        dup_line_frac=settings.max_duplicate_lines,
        dup_line_char_frac=settings.max_duplicate_line_chars,
        dup_para_frac=settings.max_duplicate_paragraphs,
        dup_para_char_frac=settings.max_duplicate_paragraph_chars,
        top_n_grams=tuple(settings.max_top_ngrams.items()),  # type: ignore[arg-type]
        dup_n_grams=tuple(settings.max_duplicate_ngrams.items()),  # type: ignore[arg-type]
        language=word_tokenizer(),  # type: ignore[arg-type]  # typed str, takes a tokenizer
    )
