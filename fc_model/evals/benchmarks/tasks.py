"""The benchmarks that a model can be asked, and how each is scored."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from fc_model.errors import UserError
from fc_model.evals.benchmarks import formats
from fc_model.evals.benchmarks.item import Item, Row
from fc_model.evals.benchmarks.multiple_choice import choice_scores, mass_scores, raw_scores

Scores = dict[str, float]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Task:
    """A benchmark."""

    read: Callable[[Row, str, str], Item]
    """An item of a row, its id, and what errors begin with."""
    score: Callable[[Item, Sequence[float]], Scores] | None
    """Scores of an item by the log-likelihoods of its choices; None where the answer is written freely."""
    takes_examples: bool = True
    """False where the prompt has fixed ones."""


TASKS = {
    "arc_challenge": Task(read=formats.arc, score=choice_scores),
    "arc_easy": Task(read=formats.arc, score=choice_scores),
    "gsm8k": Task(read=formats.gsm8k, score=None),
    "hellaswag": Task(read=formats.hellaswag, score=choice_scores),
    "mmlu": Task(read=formats.mmlu, score=raw_scores),
    "truthfulqa_mc1": Task(read=formats.truthfulqa_mc1, score=raw_scores, takes_examples=False),
    "truthfulqa_mc2": Task(read=formats.truthfulqa_mc2, score=mass_scores, takes_examples=False),
}


def split_examples(items: Sequence[Item], shots: int, *, where: str) -> tuple[dict[str, list[Item]], list[Item]]:
    """(the first `shots` items of each group, the items behind them).

    Raises UserError, beginning with `where`, for a group that has fewer.
    """
    examples: dict[str, list[Item]] = {}
    rest = []
    for item in items:
        group = examples.setdefault(item.group, [])
        if len(group) < shots:
            group.append(item)
        else:
            rest.append(item)
    for name, chosen in examples.items():
        if len(chosen) < shots:
            of = f" of {name}" if name else ""
            raise UserError(f"{where}: has {len(chosen)} items{of} for {shots} examples: lower shots, or add items")
    return examples, rest


def sample_items(items: Sequence[T], max_items: int | None, *, seed: int) -> list[T]:
    """At most so many of the items, in their order; which ones depends on the seed and their number."""
    if max_items is None or max_items >= len(items):
        return list(items)
    places = sorted(random.Random(seed).sample(range(len(items)), k=max_items))
    return [items[place] for place in places]
