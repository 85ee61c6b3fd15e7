"""From n-grams found in documents to verdicts: which document holds which eval item, and what it loses for it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from fc_pipeline.corpus.decontamination.config import DecontaminationConfig
from fc_pipeline.corpus.decontamination.ngram_index import WORD, NgramIndex, lower

FEW = 20
"""What occurs no oftener is never taken for a prompt or a phrase."""

Found = dict[int, int]
"""Group of an n-gram -> the word of the document at which it begins first."""


class Item(NamedTuple):
    """An item of an eval set, as it is looked for."""

    evalset: str
    id: str
    text: str


class Hit(NamedTuple):
    """A document holds n-grams of an item."""

    item: int
    ngrams: int
    coverage: float
    group: int
    """The n-gram that stands first in the item."""


@dataclass
class Ignored:
    """N-grams that say nothing, and why."""

    prompts: dict[int, int]
    """Group -> how many items of one set have it."""
    phrases: dict[int, int]
    """Group -> how many documents have it."""
    enumerations: dict[int, int]
    """Group -> how many of its words are more than a number or a letter."""

    @cached_property
    def groups(self) -> frozenset[int]:
        return frozenset(self.prompts) | frozenset(self.phrases) | frozenset(self.enumerations)


def find_prompts(index: NgramIndex, items: list[Item], config: DecontaminationConfig) -> dict[int, int]:
    """The n-grams that stand in many items of a set: its instructions, not its questions."""
    sizes = Counter(item.evalset for item in items)
    prompts = {}
    for group in np.flatnonzero(np.diff(index.member_starts) > FEW).tolist():
        holders = Counter(items[item].evalset for item in {item for item, _ in index.items_of(group)})
        if any(count > max(FEW, config.max_item_share * sizes[name]) for name, count in holders.items()):
            prompts[group] = max(holders.values())
    return prompts


def find_phrases(found: Iterable[Found], *, documents: int, config: DecontaminationConfig) -> dict[int, int]:
    """The n-grams that stand in many documents: licences, formulas of speech, move orders everybody plays."""
    holders: Counter[int] = Counter()
    for groups in found:
        holders.update(groups.keys())
    limit = max(FEW, config.max_document_share * documents)
    return {group: count for group, count in sorted(holders.items()) if count > limit}


def find_enumerations(index: NgramIndex, config: DecontaminationConfig) -> dict[int, int]:
    """The n-grams of numbers and letters, as `1 2 3 4 5`: everybody counts so."""
    says = np.array([0, *(len(word) > 1 and not word.isdigit() for word in index.vocabulary)])
    sums = np.concatenate([[0], np.cumsum(says[index.numbers])])
    counts = sums[index.places + index.lengths] - sums[index.places]
    return {group: int(counts[group]) for group in np.flatnonzero(counts < config.min_content_words).tolist()}


class Judge:
    """Decides which items a document holds."""

    def __init__(self, index: NgramIndex, items: list[Item], ignored: Ignored, config: DecontaminationConfig) -> None:
        self._index = index
        self._ignored = ignored
        self._min_coverage = config.min_coverage
        self._margin = config.cut_margin
        self._ngrams = self._count(len(items))

    def _count(self, num_items: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        """N-grams of each item that are not ignored, places counted."""
        groups = np.repeat(np.arange(len(self._index.lengths)), np.diff(self._index.member_starts))
        counted = ~np.isin(groups, list(self._ignored.groups))
        owners = np.searchsorted(self._index.item_starts, self._index.members[counted], side="right") - 1
        return np.bincount(owners, minlength=num_items)

    def checked(self, item: int) -> bool:
        """False for an item that is too short, or of which every n-gram is ignored."""
        return bool(self._ngrams[item])

    def hits(self, found: Found) -> list[Hit]:
        """The items that a document holds, in their order."""
        places: dict[int, dict[int, int]] = {}
        for group in sorted(found):
            if group not in self._ignored.groups:
                for item, place in self._index.items_of(group):
                    places.setdefault(item, {})[place] = group
        hits = []
        for item, groups in sorted(places.items()):
            coverage = len(groups) / int(self._ngrams[item])
            if coverage >= self._min_coverage:
                hits.append(Hit(item, len(groups), coverage, groups[min(groups)]))
        return hits

    def cut(self, text: str) -> str:
        """The text without what it shares with the items that it holds, and without the margin around it."""
        ((starts, groups),) = self._index.find([text])
        held = {hit.item for hit in self.hits(first_places(starts.tolist(), groups.tolist()))}
        spans = [match.span() for match in WORD.finditer(lower(text))]
        pieces = []
        end = 0
        for start, group in sorted(zip(starts.tolist(), groups.tolist(), strict=True)):
            if group in self._ignored.groups or held.isdisjoint(item for item, _ in self._index.items_of(group)):
                continue
            last = spans[start + int(self._index.lengths[group]) - 1][1]
            begin = max(end, _word_border(text, spans[start][0] - self._margin, step=-1))
            pieces.append(text[end:begin])
            end = max(end, _word_border(text, last + self._margin, step=1))
        pieces.append(text[end:])
        return "\n\n".join(piece.strip() for piece in pieces if piece.strip())


def first_places(starts: Iterable[int], groups: Iterable[int]) -> Found:
    found: Found = {}
    for start, group in zip(starts, groups, strict=True):
        found[group] = min(start, found.get(group, start))
    return found


def touched(hits: Mapping[int, list[Hit]], items: list[Item]) -> Iterator[Item]:
    """The items that any document holds, in their order."""
    yield from (items[item] for item in sorted({hit.item for of_row in hits.values() for hit in of_row}))


def _word_border(text: str, place: int, *, step: int) -> int:
    """The next white space from a place on, or the end of the text on that side."""
    place = min(max(place, 0), len(text))
    while 0 < place < len(text) and not text[place].isspace():
        place += step
    return place
