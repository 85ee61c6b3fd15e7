"""From counts of failures to weights: only what is worse than the rest beyond chance, in small and bounded steps."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from fc_pipeline.feedback.accepted import MOST, Weights

_Z = 1.959964
"""Of a 95% interval."""

Counts = Mapping[str, Mapping[str, Any]]
"""By name {"items", "failed", "errors"}, as fc_model/evals/chat/failures.py writes them."""


class Weighed(NamedTuple):
    """A kind of dialogue, or a tool, and what follows from its failures."""

    group: str
    """kinds or tools."""
    name: str
    items: int
    failed: int
    low: float
    high: float
    """95% interval of the share that failed, as a Wilson score interval."""
    error: str | None
    """The most frequent one."""
    before: float
    """The accepted weight."""
    weight: float
    """The proposed one."""
    why: str
    """worse, better, few items, or as the rest."""


def weigh(counts: Counts, *, group: str, accepted: Mapping[str, float], least_items: int) -> list[Weighed]:
    """Each name beside all others together, the one that fails most first.

    Where the 95% intervals of a name and of the rest do not overlap, its weight is multiplied by the square root of the
    ratio of their shares (the middles of Wilson intervals, so that 0 of n is no 0) and kept between 1 and MOST. The
    root makes the step small: what is still worse after the next build goes up again, and what is better then goes
    down. All others keep the weight that they have.
    """
    items = sum(count["items"] for count in counts.values())
    failed = sum(count["failed"] for count in counts.values())
    rows = []
    for name, count in counts.items():
        own, rest = (count["failed"], count["items"]), (failed - count["failed"], items - count["items"])
        low, high = wilson_interval(*own)
        rest_low, rest_high = wilson_interval(*rest)
        before = weight = accepted.get(name, 1.0)
        why = "as the rest"
        if min(own[1], rest[1]) < least_items:
            why = "few items"
        elif low > rest_high or high < rest_low:
            why = "worse" if low > rest_high else "better"
            weight = round(min(MOST, max(1.0, before * math.sqrt((low + high) / (rest_low + rest_high)))), 2)
        error = next(iter(count["errors"]), None)
        rows.append(Weighed(group, name, own[1], own[0], low, high, error, before, weight, why))
    return sorted(rows, key=lambda row: (-row.low, row.name))


def weights_of(rows: list[Weighed], before: Weights) -> Weights:
    """The accepted weights with those of the rows in their place; a weight of 1 is none."""
    chosen: dict[str, dict[str, float]] = before.model_dump()
    for row in rows:
        chosen[row.group][row.name] = row.weight
    return Weights.model_validate(
        {group: {name: weight for name, weight in sorted(own.items()) if weight > 1} for group, own in chosen.items()}
    )


def wilson_interval(hits: int, items: int) -> tuple[float, float]:
    """95% score interval of a share (Wilson, JASA 1927); of no items all that is possible."""
    if not items:
        return 0.0, 1.0
    share, square = hits / items, _Z * _Z / items
    middle = (share + square / 2) / (1 + square)
    half = _Z / (1 + square) * math.sqrt(share * (1 - share) / items + square / (4 * items))
    return max(0.0, middle - half), min(1.0, middle + half)
