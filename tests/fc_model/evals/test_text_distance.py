"""Levenshtein's distance: equal to the textbook's matrix, and a metric."""

import random
from collections.abc import Sequence

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


class Counted:
    """A letter that counts how often it is compared or looked up."""

    looks = 0

    def __init__(self, letter: str) -> None:
        self.letter = letter

    def __hash__(self) -> int:
        Counted.looks += 1
        return hash(self.letter)

    def __eq__(self, other: object) -> bool:
        Counted.looks += 1
        return isinstance(other, Counted) and self.letter == other.letter


def test_work_grows_with_the_letters_and_not_with_their_pairs():
    draw = random.Random(0)
    first, second = ("".join(draw.choices("abcdefghij klmnop", k=500)) for _ in range(2))
    counted = [[Counted(letter) for letter in text] for text in (first, second)]
    assert levenshtein(*counted) == levenshtein(first, second)
    assert 0 < Counted.looks < 10 * 1000 < 500 * 500
