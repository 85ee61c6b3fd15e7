"""From n-grams found in documents to verdicts: which document holds which eval item, and what it loses for it."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from fc_pipeline.corpus.config import DecontaminationConfig
from fc_pipeline.corpus.decontamination.ngram_index import WORD, NgramIndex, lower
from fc_pipeline.corpus.dedup.ragged import ranges

FEW = 20
"""What occurs no oftener is never taken for a prompt or a phrase."""

QUESTION_ALONE = "question_alone"
"""The form in which a short question cannot be told from ordinary text: an item need not be found in it."""

Places = dict[int, int]
"""Group of an n-gram -> the word of the document at which it begins first."""


class Item(NamedTuple):
    """An item of an eval set, as it is looked for."""

    evalset: str
    id: str
    question: str
    """Without its choices."""
    choices: tuple[str, ...]
    answer: str

    @property
    def units(self) -> tuple[str, ...]:
        """What is looked for: all of it, without the answer, without the choices, and the question alone."""
        asked = "\n".join((self.question, *self.choices))
        return tuple(
            dict.fromkeys((f"{asked}\n{self.answer}", asked, f"{self.question}\n{self.answer}", self.question))
        )

    @property
    def forms(self) -> dict[str, str]:
        """How an item is written on the web and in instruction data."""
        letters = "ABCDEFGHIJ"
        lettered = "\n".join(f"{letter}. {choice}" for letter, choice in zip(letters, self.choices, strict=False))
        in_line = " ".join(f"({letter}) {choice}" for letter, choice in zip(letters, self.choices, strict=False))
        return {
            "lettered": f"Question: {self.question}\n{lettered}\nAnswer: {self.answer}",
            "letter": f"{self.question}\n{lettered}\nAnswer: A" if self.choices else f"{self.question}\n{self.answer}",
            "in_line": f"Q: {self.question} {in_line}\nA: {self.answer}",
            "answered": f"Question: {self.question}\nAnswer: {self.answer}",
            QUESTION_ALONE: self.question,
        }


class Hit(NamedTuple):
    """A document holds n-grams of an item."""

    item: int
    ngrams: int
    coverage: float
    group: int
    """The n-gram that stands first in the item."""


def find_prompts(
    index: NgramIndex, items: list[Item], owners: list[int], config: DecontaminationConfig
) -> dict[int, int]:
    """The n-grams that stand in many items of a set: its instructions, not its questions. Group -> items of one set.

    owners: the item of each unit of the index.
    """
    sizes = Counter(item.evalset for item in items)
    prompts = {}
    for group in np.flatnonzero(np.diff(index.member_starts) > FEW).tolist():
        holders = Counter(items[item].evalset for item in {owners[unit] for unit, _ in index.items_of(group)})
        if any(count > max(FEW, config.max_item_share * sizes[name]) for name, count in holders.items()):
            prompts[group] = max(holders.values())
    return prompts


def find_phrases(shared: Iterable[Places], *, documents: int, config: DecontaminationConfig) -> dict[int, int]:
    """The n-grams that stand in many documents: licences, formulas of speech, chess openings. Group -> documents."""
    holders = Counter(group for groups in shared for group in groups)
    limit = max(FEW, config.max_document_share * documents)
    return {group: count for group, count in sorted(holders.items()) if count > limit}


def find_enumerations(index: NgramIndex, config: DecontaminationConfig) -> dict[int, int]:
    """The n-grams of numbers and letters, as `1 2 3 4 5`. Group -> how many of its words are more than that."""
    is_content = np.array([0, *(len(word) > 1 and not word.isdigit() for word in index.vocabulary)])
    sums = np.concatenate([[0], np.cumsum(is_content[index.numbers])])
    counts = sums[index.places + index.lengths] - sums[index.places]
    return {group: int(counts[group]) for group in np.flatnonzero(counts < config.min_content_words).tolist()}


class Judge:
    """Decides which items a document holds; n-grams of the groups `ignored` do not count.

    owners: the item of each unit of the index; a document that holds one unit of an item holds the item.
    """

    def __init__(
        self, index: NgramIndex, owners: list[int], ignored: Collection[int], config: DecontaminationConfig
    ) -> None:
        self._index = index
        self._owners = np.array(owners, np.int64)
        self._ignored = frozenset(ignored)
        self._min_coverage = config.min_coverage
        self._margin = config.cut_margin
        groups = np.repeat(np.arange(len(index.lengths)), np.diff(index.member_starts))
        counted = ~np.isin(groups, list(self._ignored))
        self._units = np.searchsorted(index.item_starts, index.members, side="right") - 1  # of each member
        self._ngrams = np.bincount(self._units[counted], minlength=len(owners))  # of each unit, places counted

    def find(self, items: Sequence[int], texts: Sequence[str]) -> list[bool]:
        """Whether a document of each text counts as one that holds the item at the same place."""
        if not len(self._index.lengths):  # all items are too short
            return [False] * len(texts)
        shared = (groups.tolist() for _, groups in self._index.find(texts))
        return [bool(self.hits(groups, of=item)) for item, groups in zip(items, shared, strict=True)]

    def hits(self, shared: Collection[int], *, of: int | None = None) -> list[Hit]:
        """The items that a document with n-grams of these groups holds, in their order; `of`: that item alone."""
        groups = np.array(sorted(set(shared) - self._ignored), np.int64)
        starts, ends = self._index.member_starts[groups], self._index.member_starts[groups + 1]
        members = ranges(starts, ends - starts)
        groups = np.repeat(groups, ends - starts)
        if of is not None:
            mine = self._owners[self._units[members]] == of
            members, groups = members[mine], groups[mine]
        order = np.argsort(self._index.members[members])  # by place, and so by unit; at one place is one n-gram
        units, first, counts = np.unique(self._units[members[order]], return_index=True, return_counts=True)
        best: dict[int, Hit] = {}
        for unit, group, count in zip(units.tolist(), groups[order[first]].tolist(), counts.tolist(), strict=True):
            hit = Hit(int(self._owners[unit]), count, count / int(self._ngrams[unit]), group)
            known = best.get(hit.item)
            if hit.coverage >= self._min_coverage and (known is None or hit.ngrams > known.ngrams):
                best[hit.item] = hit
        return [best[item] for item in sorted(best)]

    def cut(self, text: str) -> str:
        """The text without what it shares with the items that it holds, and without the margin around it."""
        ((starts, groups),) = self._index.find([text])
        held = {hit.item for hit in self.hits(groups.tolist())}
        spans = [match.span() for match in WORD.finditer(lower(text))]
        pieces = []
        end = 0
        for start, group in sorted(zip(starts.tolist(), groups.tolist(), strict=True)):
            if group in self._ignored or held.isdisjoint(self._owners[unit] for unit, _ in self._index.items_of(group)):
                continue
            last = spans[start + int(self._index.lengths[group]) - 1][1]
            begin = max(end, _word_border(text, spans[start][0] - self._margin, step=-1))
            pieces.append(text[end:begin])
            end = max(end, _word_border(text, last + self._margin, step=1))
        pieces.append(text[end:])
        return "\n\n".join(piece.strip() for piece in pieces if piece.strip())


def first_places(starts: Iterable[int], groups: Iterable[int]) -> Places:
    places: Places = {}
    for start, group in zip(starts, groups, strict=True):
        places[group] = min(start, places.get(group, start))
    return places


def _word_border(text: str, place: int, *, step: int) -> int:
    """The next white space from a place on, or the end of the text on that side."""
    place = min(max(place, 0), len(text))
    while 0 < place < len(text) and not text[place].isspace():
        place += step
    return place
