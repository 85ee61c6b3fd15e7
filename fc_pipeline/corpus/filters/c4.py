"""The rules of C4 (Raffel et al. 2020, arXiv:1910.10683, section 2.2) for crawled pages, as datatrove has them."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.base import CRAWLED, Settings, Verdict, note_edits
from fc_pipeline.corpus.filters.datatrove_verdict import ask_block
from fc_pipeline.corpus.words import num_full_sentences, word_tokenizer
from fc_pipeline.sources.schema import Domain

if TYPE_CHECKING:
    from datatrove.pipeline.filters import C4QualityFilter


class C4Settings(Settings):
    kind: Literal["c4"] = "c4"
    domains: list[Domain] | None = Field(default=CRAWLED, description="Where the crawled pages are.")
    min_sentences: int = Field(default=3, ge=0, description="Fewer sentences left: dropped. C4: 5.")
    drop_unpunctuated_lines: bool = Field(
        default=False, description="C4 cuts lines that end no sentence; headings, lists and formulas go with them."
    )
    min_words_per_line: int = Field(default=0, ge=0, description="C4: 3, which costs headings and blank lines.")
    max_word_length: int = Field(default=1000, gt=0, description="Lines with a longer word are cut.")
    drop_curly_brackets: bool = Field(
        default=False, description="C4 drops pages with `{` as code; here set and formula notation is kept."
    )
    cut_policy_lines: bool = Field(default=True, description="Cut lines on cookies, privacy and terms of use.")
    cut_javascript_lines: bool = Field(default=False, description="C4 does; articles on Javascript go with them.")


def below_c4(document: Document, settings: C4Settings) -> Verdict:
    """`c4_lorem_ipsum`, `c4_curly_bracket` or `c4_too_few_sentences`; otherwise the text without the cut lines."""
    reason, copy = ask_block(block, settings, document)
    if reason is not None:
        return f"c4_{reason}"
    if num_full_sentences(copy.text) < settings.min_sentences:
        return "c4_too_few_sentences"
    cut = document["text"].count("\n") - copy.text.count("\n")
    if cut:
        document["text"] = copy.text
        note_edits(document, "c4", {"lines": cut})
    return None


def block(settings: C4Settings) -> "C4QualityFilter":
    from datatrove.pipeline.filters import C4QualityFilter

    return C4QualityFilter(
        remove_citations=False,
        filter_no_terminal_punct=settings.drop_unpunctuated_lines,
        min_num_sentences=-1,  # counts every line as one; `num_full_sentences` does not
        min_words_per_line=settings.min_words_per_line or -1,
        max_word_length=settings.max_word_length,
        filter_javascript=settings.cut_javascript_lines,
        filter_curly_bracket=settings.drop_curly_brackets,
        filter_policy=settings.cut_policy_lines,
        language=word_tokenizer(),  # type: ignore[arg-type]  # typed str, takes a tokenizer
    )
