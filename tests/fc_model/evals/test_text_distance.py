"""Levenshtein's distance: equal to the textbook's matrix, and a metric."""

import random
import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fc_model.evals.text_distance import levenshtein

texts = st.text(st.sampled_from("abcé 日🎲"), max_size=90)


def by_the_matrix(first: Sequence, second: Sequence) -> int:
    """Wagner and Fischer 1974, row by row."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        above, row = row, [i]
        for j, b in enumerate(second, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b)))
    return row[-1]


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("kitten", "sitting", 3),
        ("saturday", "sunday", 3),
        ("abc", "abc", 0),
        ("abc", "xabc", 1),
        ("ab", "ba", 2),
        ("naïve", "naive", 1),
        ("aaaa", "aa", 2),
        ("x" * 200, "y" * 130, 200),
        (["the", "cat"], ["the", "black", "cat"], 1),
        ([], ["a"], 1),
    ],
)
def test_by_hand(first, second, distance):
    assert levenshtein(first, second) == levenshtein(second, first) == distance


@given(texts, texts)
def test_equal_to_the_matrix(first, second):
    assert levenshtein(first, second) == by_the_matrix(first, second)


@given(st.lists(st.integers(0, 3), max_size=80), st.lists(st.integers(0, 3), max_size=80))
def test_equal_to_the_matrix_for_lists(first, second):
    assert levenshtein(first, second) == by_the_matrix(first, second)


@given(texts, texts, texts)
def test_a_metric(a, b, c):
    assert (levenshtein(a, b) == 0) == (a == b)
    assert levenshtein(a, b) == levenshtein(b, a)
    assert levenshtein(a, c) <= levenshtein(a, b) + levenshtein(b, c)
    assert abs(len(a) - len(b)) <= levenshtein(a, b) <= max(len(a), len(b))


def test_ten_thousand_lines_take_seconds():
    draw = random.Random(0)
    lines = ["".join(draw.choices("abcdefghij klmnop", k=60)) for _ in range(2001)]
    began = time.process_time()
    total = sum(levenshtein(a, b) for a, b in pairwise(lines))
    assert total > 2000 * 30 and time.process_time() - began < 2  # a fifth of ten thousand lines, far apart
