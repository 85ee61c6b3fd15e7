"""Do the scores measure? Answers whose worth is known are scored, too: the right one, wrong ones, and a guess.

A score that gives the right answer less than 1, or a wrong one more than 0, measures nothing of a model either.
"""

from collections.abc import Iterator, Set

from fc_model.evals.benchmarks.item import Item
from fc_model.evals.benchmarks.multiple_choice import chance
from fc_model.evals.benchmarks.tasks import Scores, Task
from fc_model.evals.benchmarks.written_answer import number_scores

_NEVER = -1e6
"""Log-likelihood of a choice that is not taken, whatever its length."""
_ROUNDING = 1e-6


def item_faults(task: Task, item: Item) -> list[str]:
    """What is wrong with the scores of an item, one line each."""
    answers = _written_answers(item) if task.score is None else _choices(task, item)
    return [
        f"{item.id}: {name} has {value:g} of {score}, not {least:g} to {most:g}"
        for name, scores, (least, most) in answers
        for score, value in scores.items()
        if not least - _ROUNDING <= value <= most + _ROUNDING
    ]


def _choices(task: Task, item: Item) -> Iterator[tuple[str, Scores, tuple[float, float]]]:
    """(name, scores, what each of them has to be at least and at most)."""

    def taken(numbers: Set[int]) -> Scores:
        assert task.score is not None
        return task.score(item, [0.0 if number in numbers else _NEVER for number in range(len(item.choices))])

    every = frozenset(range(len(item.choices)))
    yield "the right choice", taken(item.right), (1.0, 1.0)
    for number in sorted(every - item.right):
        yield f"choice {number}", taken({number}), (0.0, 0.0)
    yield "equal choices", taken(every), (0.0, chance(item))


def _written_answers(item: Item) -> Iterator[tuple[str, Scores, tuple[float, float]]]:
    yield "the right answer", number_scores(item, item.target), (1.0, 1.0)
    yield "another number", number_scores(item, f"{item.target.rstrip()}7"), (0.0, 0.0)
    yield "no answer", number_scores(item, ""), (0.0, 0.0)
