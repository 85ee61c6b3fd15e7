"""From n-grams found in documents to verdicts: which document holds which eval item, and what it loses for it."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np

from fc_pipeline.corpus.config import DecontaminationConfig
from fc_pipeline.corpus.decontamination.ngram_index import WORD, NgramIndex, lower

FEW = 20
"""What occurs no oftener is never taken for a prompt or a phrase."""

Places = dict[int, int]
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


def find_prompts(index: NgramIndex, items: list[Item], config: DecontaminationConfig) -> dict[int, int]:
    """The n-grams that stand in many items of a set: its instructions, not its questions. Group -> items of one set."""
    sizes = Counter(item.evalset for item in items)
    prompts = {}
    for group in np.flatnonzero(np.diff(index.member_starts) > FEW).tolist():
        holders = Counter(items[item].evalset for item in {item for item, _ in index.items_of(group)})
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
    """Decides which items a document holds; n-grams of the groups `ignored` do not count."""

    def __init__(
        self, index: NgramIndex, num_items: int, ignored: Collection[int], config: DecontaminationConfig
    ) -> None:
        self._index = index
        self._ignored = frozenset(ignored)
        self._min_coverage = config.min_coverage
        self._margin = config.cut_margin
        groups = np.repeat(np.arange(len(index.lengths)), np.diff(index.member_starts))
        counted = ~np.isin(groups, list(self._ignored))
        owners = np.searchsorted(index.item_starts, index.members[counted], side="right") - 1
        self._ngrams = np.bincount(owners, minlength=num_items)  # of each item, places counted

    def checked(self, item: int) -> bool:
        """False for an item that is too short, or of which every n-gram is ignored."""
        return bool(self._ngrams[item])

    def hits(self, shared: Places) -> list[Hit]:
        """The items that a document holds, in their order."""
        places: dict[int, dict[int, int]] = {}
        for group in sorted(shared.keys() - self._ignored):
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
            if group in self._ignored or held.isdisjoint(item for item, _ in self._index.items_of(group)):
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
