"""ROUGE-L between instructions (Lin 2004): how much of two texts is the same words in the same order."""

from collections.abc import Iterable

import regex

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = regex.compile(rf"(?V1)[{_UNSPACED}]|[[\w\p{{M}}]--[{_UNSPACED}]]+")


def words_of(text: str) -> list[str]:
    """Its words in lower case, of every script: rouge_score keeps a-z and 0-9 alone, and so compares no other.

    Where words are written without spaces every character is one; the marks of Hindi or Arabic part none.
    """
    return _WORD.findall(text.lower())


def rouge_l(words: list[str], others: list[str]) -> float:
    """F-measure of the longest common subsequence; 0 where a text has no words."""
    return 2 * common_subsequence(words, others) / (len(words) + len(others)) if words and others else 0.0


def common_subsequence(words: list[str], others: list[str]) -> int:
    """Length of the longest common subsequence, a bit a word (Hyyro, AWOCA 2004)."""
    places: dict[str, int] = {}
    for place, word in enumerate(words):
        places[word] = places.get(word, 0) | 1 << place
    row = every = (1 << len(words)) - 1
    for word in others:
        same = row & places.get(word, 0)
        row = (row + same | row - same) & every
    return len(words) - row.bit_count()


class Pool:
    """Instructions that there are; a new one must differ from each."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._known: list[tuple[list[str], frozenset[str]]] = []
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        words = words_of(text)
        self._known.append((words, frozenset(words)))

    def has_similar(self, text: str, limit: float) -> bool:
        """Whether ROUGE-L to any of them is at least `limit`."""
        words = words_of(text)
        for known, known_words in self._known:
            total = len(words) + len(known)
            # No more words can be common than the shorter text has, nor than occur in both: cheap, so asked first.
            if 2 * min(len(words), len(known)) < limit * total or not known:
                continue
            if 2 * sum(word in known_words for word in words) < limit * total:
                continue
            if rouge_l(words, known) >= limit:
                return True
        return False
