"""A share of items with its number, interval, chance and control: what every table of the evaluation has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from fc_model.evals.benchmarks.bootstrap import bootstrap_interval
from fc_model.seed import derive_seed

ALL = "all"
"""The group of all items."""


@dataclass
class Tally:
    """Values of scores, in all and by group."""

    values: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def add(self, scores: Mapping[str, Sequence[float]], groups: Iterable[str] = ()) -> None:
        """What one item has of each score."""
        for name, values in scores.items():
            for group in (ALL, *groups):
                self.values.setdefault((name, group), []).extend(values)


def rows_of(
    table: str,
    tally: Tally,
    *,
    seed: int,
    chance: Tally | None = None,
    random: Tally | None = None,
) -> list[dict[str, Any]]:
    """A row for each score and group that has items.

    {"table", "score", "group", "items", "value", "low", "high", "chance", "random", "random_items"}: a mean, its 95%
    bootstrap interval, and the means of what a guess (`chance`) and shuffled weights (`random`) get, None where nobody
    asked.
    """
    rows = []
    for (name, group), values in tally.values.items():
        if not values:
            continue
        low, high = bootstrap_interval(values, seed=derive_seed(seed, "bootstrap"))
        guessed = chance.values.get((name, group)) if chance is not None else None
        controls = random.values.get((name, group), []) if random is not None else []
        rows.append(
            {
                "table": table,
                "score": name,
                "group": group,
                "items": len(values),
                "value": fmean(values),
                "low": low,
                "high": high,
                "chance": fmean(guessed) if guessed else None,
                "random": fmean(controls) if controls else None,
                "random_items": len(controls),
            }
        )
    return rows
