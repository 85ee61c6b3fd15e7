"""What comes at which step, where a stage trains on several things by turns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Turns:
    """What comes at each step, and how often it came before; after the last step it begins again."""

    def __init__(self, order: NDArray[np.int64], *, choices: int) -> None:
        self._order = order
        done = np.cumsum(np.eye(choices, dtype=np.int64)[order], axis=0)
        self._earlier = done[np.arange(len(order)), order] - 1
        self.counts = np.bincount(order, minlength=choices)

    def __call__(self, number: int) -> tuple[int, int]:
        """(what, its number of turns before)."""
        around, place = divmod(number, len(self._order))
        choice = int(self._order[place])
        return choice, around * int(self.counts[choice]) + int(self._earlier[place])


def apportion(of_all: Sequence[float], num_steps: int) -> NDArray[np.int64]:
    """What comes at each step, (num_steps,): after any step each has had its share of them to within one.

    At every step, of those that are below their share, the one that would be a whole step behind first: the quota
    method of Balinski and Young 1975, "The quota method of apportionment".
    """
    shares = np.array(of_all)
    steps = np.zeros(len(shares))
    chosen = np.empty(num_steps, dtype=np.int64)
    for step in range(num_steps):
        below = steps < shares * (step + 1) - 1e-9  # an exact share is not below itself by rounding
        due = np.full(len(shares), np.inf)
        due[below] = (steps[below] + 1) / shares[below]
        chosen[step] = int(due.argmin())
        steps[chosen[step]] += 1
    return chosen
