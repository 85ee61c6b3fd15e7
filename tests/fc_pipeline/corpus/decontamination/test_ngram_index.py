"""The index finds exactly the n-grams of its items, at every place, and nothing else."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fc_pipeline.corpus.decontamination.ngram_index import NgramIndex, build_index, lower, words_of

TEXT = st.lists(st.sampled_from(["a", "b", "c", "Dd", "é", "İ", "7", "unseen"]), max_size=14).map(" ".join)


def naive(items: list[str], text: str, *, ngram: int, min_words: int) -> set[tuple[int, str]]:
    """(word of the text, n-gram) by comparing everything with everything."""
    grams = set()
    for item in items:
        words = words_of(item)
        length = min(ngram, len(words))
        if length >= min_words:
            grams |= {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}
    words = words_of(text)
    return {
        (start, " ".join(gram))
        for gram in grams
        for start in range(len(words) - len(gram) + 1)
        if tuple(words[start : start + len(gram)]) == gram
    }


@given(items=st.lists(TEXT, max_size=5), texts=st.lists(TEXT, min_size=1, max_size=4), ngram=st.integers(2, 5))
def test_find_equals_brute_force(items: list[str], texts: list[str], ngram: int) -> None:
    index = build_index(items, ngram=ngram, min_words=2)
    for text, (places, groups) in zip(texts, index.find(texts), strict=True):
        located = [(int(place), index.text_of(int(group))) for place, group in zip(places, groups, strict=True)]
        assert len(located) == len(set(located))
        assert set(located) == naive(items, text, ngram=ngram, min_words=2)


@given(items=st.lists(TEXT, min_size=1, max_size=5))
def test_items_of_ngram(items: list[str]) -> None:
    index = build_index(items, ngram=3, min_words=2)
    named = {
        (item, place, index.text_of(group))
        for group in range(len(index.lengths))
        for item, place in index.items_of(group)
    }
    expected = set()
    for item, text in enumerate(items):
        words = words_of(text)
        length = min(3, len(words))
        if length >= 2:
            places = range(len(words) - length + 1)
            expected |= {(item, place, " ".join(words[place : place + length])) for place in places}
    assert named == expected


def test_save_and_load(tmp_path: Path) -> None:
    items = ["the quick brown fox jumps", "over the lazy dog and the quick brown cat"]
    index = build_index(items, ngram=3, min_words=2)
    index.save(tmp_path)
    loaded = NgramIndex.load(tmp_path)
    assert loaded.vocabulary == index.vocabulary
    texts = ["See the quick, BROWN fox!", "nothing", ""]
    for (places, groups), (places2, groups2) in zip(index.find(texts), loaded.find(texts), strict=True):
        np.testing.assert_array_equal(places, places2)
        np.testing.assert_array_equal(groups, groups2)


@given(st.text())
def test_lower_case_keeps_places(text: str) -> None:
    assert len(lower(text)) == len(text)
    if text.isascii():
        assert lower(text) == text.lower()
