"""Language of prose, by py3langid (Naive Bayes over byte n-grams; Lui and Baldwin 2012)."""

from functools import lru_cache
from typing import Any, Literal

from pydantic import Field

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.base import PROSE, Settings, Verdict
from fc_pipeline.sources.schema import Domain

_SAMPLE_CHARS = 2_000
# Words that are common in English and words of no other language; about a quarter of English prose.
_ENGLISH_TEXT = "the of and to that with this are from which by for has have been its is not can will"
_ENGLISH = frozenset(_ENGLISH_TEXT.split())
_ENGLISH_SHARE = 0.12


class LanguageSettings(Settings):
    kind: Literal["language"] = "language"
    domains: list[Domain] | None = Field(default=PROSE, description="Code and moves have no language to tell.")
    languages: list[str] = Field(default=["en"], min_length=1, description="ISO 639-1 codes that are kept.")
    min_chars: int = Field(default=100, ge=0, description="Shorter texts are kept: too little to tell by.")
    min_probability: float = Field(
        default=0.999, ge=0, le=1, description="Dropped when it is this sure of another; lists of names look foreign."
    )


def wrong_language(document: Document, settings: LanguageSettings) -> Verdict:
    """`language_<code>`, judged by the beginning of the text."""
    text = document["text"]
    if len(text) < settings.min_chars:
        return None
    sample = text[:_SAMPLE_CHARS]
    words = sample.split()
    if "en" in settings.languages and sum(map(_ENGLISH.__contains__, words)) > _ENGLISH_SHARE * len(words):
        return None  # most English prose, at a hundredth of what the identifier costs
    ranked = _identifier().rank(sample)
    foreign = 1 - sum(probability for language, probability in ranked if language in settings.languages)
    return f"language_{ranked[0][0]}" if foreign > settings.min_probability else None


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
