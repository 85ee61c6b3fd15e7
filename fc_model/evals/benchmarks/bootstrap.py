"""An interval around a mean of few items."""

from collections.abc import Sequence

import numpy as np

RESAMPLES = 1000
_CHUNK = 1 << 22


def bootstrap_interval(values: Sequence[float], *, seed: int, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of the mean, items drawn again with replacement (Efron and Tibshirani 1993, chapter 13).

    Args:
        values: one of each item, at least one.
        seed: the same values and seed give the same interval.
        level: share of the resampled means that lie in it.
    """
    array, random = np.asarray(values, dtype=np.float64), np.random.default_rng(seed)
    rows = max(1, _CHUNK // len(array))
    means = [
        array[random.integers(0, len(array), (min(rows, RESAMPLES - start), len(array)))].mean(axis=1)
        for start in range(0, RESAMPLES, rows)
    ]
    low, high = np.quantile(np.concatenate(means), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
