"""ROUGE-L against the table that defines it, and the pool against asking every pair."""

import pytest
from hypothesis import given, strategies

from fc_pipeline.self_instruct.rouge import Pool, common_subsequence, rouge_l, words_of

WORDS = strategies.lists(strategies.sampled_from(["a", "b", "c", "d"]), max_size=12)


def by_table(words: list[str], others: list[str]) -> int:
    """The recurrence of the longest common subsequence."""
    table = [[0] * (len(others) + 1) for _ in range(len(words) + 1)]
    for i, word in enumerate(words):
        for j, other in enumerate(others):
            table[i + 1][j + 1] = table[i][j] + 1 if word == other else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


@given(WORDS, WORDS)
def test_common_subsequence(words: list[str], others: list[str]) -> None:
    assert common_subsequence(words, others) == by_table(words, others)


@pytest.mark.parametrize(
    ("text", "other", "value"),
    [
        ("police killed the gunman", "police kill the gunman", 0.75),  # Lin 2004, section 3.1
        ("police killed the gunman", "the gunman kill police", 0.5),
        ("Write a poem.", "write, a POEM", 1.0),
        ("напиши стих о море", "напиши стих о горе", 0.75),  # rouge_score has no words here, so 0
        ("写一首关于海的诗", "写一首关于山的诗", 7 / 8),  # evaluate#465: nothing in common
        ("ร้องเพลง", "ร้องเพลง", 1.0),
        ("समुद्र पर कविता लिखो", "पहाड़ पर कविता लिखो", 0.75),
        ("", "a", 0.0),
        ("...", "...", 0.0),
    ],
)
def test_rouge_l(text: str, other: str, value: float) -> None:
    assert rouge_l(words_of(text), words_of(other)) == pytest.approx(value)


@given(strategies.lists(WORDS, max_size=5), WORDS, strategies.sampled_from([0.1, 0.5, 0.7, 1.0]))
def test_the_pool_asks_every_pair(known: list[list[str]], words: list[str], limit: float) -> None:
    pool = Pool(" ".join(one) for one in known)
    assert pool.has_similar(" ".join(words), limit) == any(rouge_l(words, one) >= limit for one in known)
