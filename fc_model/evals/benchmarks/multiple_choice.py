"""Scores of an item from the log-likelihoods of its choices, as lm-evaluation-harness 0.4.13 computes them.

In one thing they differ: where two choices are equally good none was chosen, so the item is wrong. The harness takes
the first of them, which gives a model that knows nothing all of TruthfulQA's MC1, where the right one always stands
first.
"""

import math
from collections.abc import Sequence

from fc_model.evals.benchmarks.item import Item, num_bytes


def best(scores: Sequence[float]) -> int | None:
    """Place of the highest score; None where it stands twice."""
    highest = max(scores)
    return scores.index(highest) if list(scores).count(highest) == 1 else None


def choice_scores(item: Item, log_likelihoods: Sequence[float]) -> dict[str, float]:
    """{"accuracy", "accuracy_norm", "accuracy_bytes"}, 1 or 0 each.

    The choice with the highest log-likelihood is taken; for `_norm` it is divided by the characters of the choice, for
    `_bytes` by its bytes in UTF-8: the harness's acc, acc_norm and acc_bytes.
    """
    per_character = [value / len(choice) for value, choice in zip(log_likelihoods, item.choices, strict=True)]
    per_byte = [value / num_bytes(choice) for value, choice in zip(log_likelihoods, item.choices, strict=True)]
    taken = {"": best(log_likelihoods), "_norm": best(per_character), "_bytes": best(per_byte)}
    return {f"accuracy{suffix}": float(number in item.right) for suffix, number in taken.items()}


def raw_scores(item: Item, log_likelihoods: Sequence[float]) -> dict[str, float]:
    """{"accuracy"}, 1 or 0, by the highest log-likelihood, whatever the lengths of the choices."""
    return {"accuracy": float(best(log_likelihoods) in item.right)}


def mass_scores(item: Item, log_likelihoods: Sequence[float]) -> dict[str, float]:
    """{"accuracy"}: the share of the choices' probability that is on the right ones (Lin et al. 2022, MC2)."""
    highest = max(log_likelihoods)
    odds = [math.exp(value - highest) for value in log_likelihoods]
    return {"accuracy": math.fsum(odds[number] for number in item.right) / math.fsum(odds)}


def chance(item: Item) -> float:
    """The share of the choices that are right: what guessing gives. 0 without choices."""
    return len(item.right) / len(item.choices) if item.choices else 0.0
