"""Arithmetic on arrays against sets of words by a regular expression."""

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fc_pipeline.corpus.dedup import shingles
from fc_pipeline.corpus.dedup.near_duplicates import jaccard
from fc_pipeline.corpus.dedup.shingles import Shingles, shingle

SPACED = st.text(st.sampled_from("abAB09_ ,.-\n\t\u00a0éÉßЖж“”") | st.characters(codec="ascii"), max_size=80)


def rows(texts: Shingles) -> list[list[int]]:
    ends = np.cumsum(texts.counts)
    return [texts.hashes[end - count : end].tolist() for end, count in zip(ends, texts.counts, strict=True)]


def reference(text: str, n: int) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", "".join(c.casefold() if len(c.casefold()) == 1 else c for c in text))
    return {tuple(words[start : start + n]) for start in range(len(words) - n + 1)}


@given(st.lists(SPACED, max_size=6), st.integers(1, 4))
def test_shingles_equal_word_sets(texts: list[str], n: int) -> None:
    shingled, sets = rows(shingle(texts, ngram=n)), [reference(text, n) for text in texts]
    assert [len(row) for row in shingled] == [len(one) for one in sets]
    for row, one in zip(shingled, sets, strict=True):
        assert row == sorted(set(row))
        for other_row, other in zip(shingled, sets, strict=True):
            true = len(one & other) / len(one | other) if one | other else 0.0
            assert jaccard(np.array(row, np.uint32), np.array(other_row, np.uint32)) == true


@settings(max_examples=30)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=8), st.integers(1, 60))
def test_shingles_independent_of_batch(texts: list[str], block: int) -> None:
    together = shingle(texts, ngram=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shingles, "_BLOCK_CHARS", block)
        apart = shingle(texts, ngram=2)
    alone = [shingle([text], ngram=2) for text in texts]
    assert rows(together) == rows(apart) == [row for one in alone for row in rows(one)]
    assert together.digests.tolist() == apart.digests.tolist() == [one.digests[0].tolist() for one in alone]


@given(st.text(st.sampled_from("aAbB é\n\t .,") | st.characters(exclude_categories=["Cs"]), max_size=30))
def test_digests_ignore_case_and_space(text: str) -> None:
    respaced = "\n\n " + "\t ".join(text.split()) + " "
    both = shingle([text, respaced, text + "x"], ngram=5).digests.tolist()
    assert both[0] == both[1] != both[2]
    upper = shingle([text, text.upper()], ngram=1)
    if text.isascii():
        assert upper.digests[0].tolist() == upper.digests[1].tolist()


def test_shingles_unicode_forms() -> None:
    text = "Où est la bibliothèque près de l'école, s'il vous plaît"
    both = shingle([text, "other words in between", unicodedata.normalize("NFD", text)], ngram=3)
    assert rows(both)[0] == rows(both)[2] != []
    assert both.digests[0].tolist() == both.digests[2].tolist()


def test_shingles_without_spaces() -> None:
    chinese, changed, emoji = "机器学习是一门科学。", "机器学习是一门艺术。", "so 😀 nice 𠀀𠀁"
    hashes = rows(shingle([chinese, changed, emoji], ngram=2))
    assert [len(row) for row in hashes] == [8, 8, 4]
    assert len(set(hashes[0]) & set(hashes[1])) == 6


def test_shingles_long_text() -> None:
    text = " ".join(str(number) for number in range(100_000))
    both = shingle([text, text.replace("77777 ", ""), "x" * 600_000 + " y " + "x" * 600_000 + " z"], ngram=2)
    first, second, third = (np.array(row, np.uint32) for row in rows(both))
    assert len(first) == pytest.approx(99_999, abs=10), "32 bits: a few of 100,000 hashes meet by chance"
    assert jaccard(first, second) == pytest.approx(99_997 / 100_000, abs=2e-4)
    assert len(third) == 3
