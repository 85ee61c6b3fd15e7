"""Comparison of variants with a baseline, each measured once a seed: differences, and their noise.

A seed is a block: its trainings start from the same weights, so its common effect on all variants is removed. The
remaining interaction of variant and seed is the noise (randomised complete block design, Fisher 1935). It is estimated
from all variants together, because two seeds are few for one variant but enough for eight.
"""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Better = Literal["less", "more"]
Verdict = Literal["baseline", "better", "worse", "within the noise", "unknown noise"]


@dataclass(frozen=True)
class Noise:
    """Noise of the difference of two variants' means."""

    standard_error: float | None
    """Standard error of a difference of means, from all variants; None with one seed."""
    degrees: int
    """Degrees of freedom of the standard error."""
    limit: float | None
    """Differences below it are within the noise: 95% confidence for all comparisons together (Bonferroni)."""


@dataclass(frozen=True)
class Compared:
    """One variant."""

    values: tuple[float, ...]
    """In the order of the seeds."""
    mean: float
    deviation: float | None
    """Standard deviation over the seeds; None with one."""
    differences: tuple[float, ...]
    """To the baseline, seed by seed."""
    difference: float
    own_error: float | None
    """Standard error of the mean difference from this variant's own seeds alone; None with one."""
    verdict: Verdict


def compare(
    values: Mapping[str, list[float]], *, baseline: str, better: Better = "less"
) -> tuple[dict[str, Compared], Noise]:
    """Compare variants.

    Args:
        values: by variant, one value a seed, in the same order of seeds.
        baseline: name of the variant that the others are compared with.
        better: whether less or more is better.
    """
    noise = _noise(values)
    first = values[baseline]
    compared = {}
    for name, own in values.items():
        differences = tuple(value - base for value, base in zip(own, first, strict=True))
        difference = statistics.fmean(differences)
        compared[name] = Compared(
            values=tuple(own),
            mean=statistics.fmean(own),
            deviation=statistics.stdev(own) if len(own) > 1 else None,
            differences=differences,
            difference=difference,
            own_error=statistics.stdev(differences) / math.sqrt(len(own)) if len(own) > 1 else None,
            verdict="baseline" if name == baseline else _verdict(difference, noise, better),
        )
    return compared, noise


def _noise(values: Mapping[str, list[float]]) -> Noise:
    from scipy.special import stdtrit

    rows = list(values.values())
    num_seeds = len(rows[0])
    degrees = (len(rows) - 1) * (num_seeds - 1)
    if not degrees:
        return Noise(None, 0, None)
    variant_means = [statistics.fmean(row) for row in rows]
    seed_means = [statistics.fmean(column) for column in zip(*rows, strict=True)]
    grand = statistics.fmean(variant_means)
    left_over = (
        value - variant_mean - seed_mean + grand
        for row, variant_mean in zip(rows, variant_means, strict=True)
        for value, seed_mean in zip(row, seed_means, strict=True)
    )
    variance = sum(residual**2 for residual in left_over) / degrees
    error = math.sqrt(2 * variance / num_seeds)
    comparisons = len(rows) - 1
    return Noise(error, degrees, float(stdtrit(degrees, 1 - 0.025 / comparisons)) * error)


def _verdict(difference: float, noise: Noise, better: Better) -> Verdict:
    if noise.limit is None:
        return "unknown noise"
    if abs(difference) <= noise.limit:
        return "within the noise"
    return "better" if (difference < 0) == (better == "less") else "worse"
