"""Scores by hand, and who may not score: ties, a model that knows nothing; and who must: the gold oracle."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from factories.benchmark_rows import BY_TASK

from fc_model.evals.benchmarks.bootstrap import bootstrap_interval
from fc_model.evals.benchmarks.item import Item
from fc_model.evals.benchmarks.multiple_choice import chance, choice_scores, mass_scores, raw_scores
from fc_model.evals.benchmarks.tasks import TASKS
from fc_model.evals.benchmarks.written_answer import cut_at_stop, flexible_extract, number_scores, strict_match

CHOICES = [task for task, about in sorted(TASKS.items()) if about.score is not None]


def items(task: str) -> list[Item]:
    return [TASKS[task].read(row, str(number), task) for number, row in enumerate(BY_TASK[task])]


def scores(task: str, likelihoods: Callable[[Item], Sequence[float]]) -> list[dict[str, float]]:
    score = TASKS[task].score
    assert score is not None
    return [score(item, likelihoods(item)) for item in items(task)]


@pytest.mark.parametrize("task", CHOICES)
def test_the_gold_oracle_scores_one(task: str) -> None:
    def gold(item: Item) -> list[float]:
        return [-1.0 if number in item.right else -1000.0 for number in range(len(item.choices))]

    assert all(value == pytest.approx(1) for each in scores(task, gold) for value in each.values())


@pytest.mark.parametrize("task", [task for task in CHOICES if task != "truthfulqa_mc2"])
def test_a_model_whose_choices_are_all_equal_scores_nothing(task: str) -> None:
    """facebookresearch/lingua#28: log-likelihoods that are all 0 scored 0.229 on MMLU, the share of answers A."""
    assert {each["accuracy"] for each in scores(task, lambda item: [-3.5] * len(item.choices))} == {0.0}


def test_equal_choices_get_their_share_of_the_mass() -> None:
    """MC2 has no choice that could be tied: guessing is worth the share of the right ones."""
    for item in items("truthfulqa_mc2"):
        assert mass_scores(item, [-3.5] * len(item.choices))["accuracy"] == pytest.approx(chance(item))


def test_lengths_count_in_characters_and_in_bytes() -> None:
    item = Item(id="1", prompt="?", target="ab", choices=("ab", "abcd", "éééé"), right=frozenset({1}))
    assert choice_scores(item, [-2.0, -3.0, -3.9]) == {"accuracy": 0, "accuracy_norm": 1, "accuracy_bytes": 0}
    assert choice_scores(item, [-2.0, -3.0, -6.1]) == {"accuracy": 0, "accuracy_norm": 1, "accuracy_bytes": 1}
    assert raw_scores(item, [-2.0, -1.0, -1.0]) == {"accuracy": 0}, "two are best"


def test_mass_by_hand_also_where_probabilities_underflow() -> None:
    item = Item(id="1", prompt="?", target="a", choices=("a", "b", "c"), right=frozenset({0, 2}))
    odds = [0.5, 0.3, 0.2]
    for shift in (0.0, -2000.0):
        assert mass_scores(item, [math.log(p) + shift for p in odds])["accuracy"] == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("text", "strict", "flexible"),
    [
        (" 3 + 2 = 5\n#### 5", "5", "5"),
        ("so #### 1,234.50 and #### 7", "1,234.50", "7"),
        ("the answer is $1,000.", None, "$1,000."),
        ("it falls to -6", None, "-6"),
        ("#### five", None, None),
        ("", None, None),
        ("The answer is 72, in total, so the farmer earns that much.", None, "72,"),  # stanford-crfm/helm#4337
        ("#### \x00", None, None),
    ],
)
def test_numbers_are_filtered_as_the_harness_does(text: str, strict: str | None, flexible: str | None) -> None:
    assert (strict_match(text), flexible_extract(text)) == (strict, flexible)


def test_written_answers_by_oracle_and_by_hand() -> None:
    pen, car, cold = items("gsm8k")
    for item in (pen, car, cold):
        assert number_scores(item, item.target) == {"accuracy": 1, "accuracy_flexible": 1}
        assert number_scores(item, "") == {"accuracy": 0, "accuracy_flexible": 0}
    assert number_scores(car, "it is $2000.") == {"accuracy": 0, "accuracy_flexible": 1}
    assert number_scores(cold, "#### 6") == {"accuracy": 0, "accuracy_flexible": 0}
    assert number_scores(pen, "5, in total, so he has 5, he")["accuracy_flexible"] == 1
    assert number_scores(pen, "it is $5.00")["accuracy_flexible"] == 0, "as the harness: its issue 3214"
    assert cut_at_stop("5\n#### 5\n\nQuestion: 9 </s>") == "5\n#### 5\n\n"


def test_the_interval_is_seeded_and_holds_what_the_binomial_says() -> None:
    values = [1.0] * 30 + [0.0] * 70
    low, high = bootstrap_interval(values, seed=3)
    assert (low, high) == bootstrap_interval(values, seed=3)
    width = 1.96 * math.sqrt(0.3 * 0.7 / 100)
    assert low == pytest.approx(0.3 - width, abs=0.02) and high == pytest.approx(0.3 + width, abs=0.02)
    assert bootstrap_interval([1.0], seed=0) == (1.0, 1.0)
    many = np.random.default_rng(0).random(100_000).tolist()
    low, high = bootstrap_interval(many, seed=0)
    assert low < 0.5 < high and high - low < 0.01
