"""Tables of an experiment's result as Markdown: variants, seeds, differences, and which of these are noise."""

from collections.abc import Mapping, Sequence
from typing import Any

from fc_pipeline.experiments.config import BASELINE

_MARKS = {"better": "**", "worse": "**"}


def noise_text(found: Mapping[str, Any], *, num_seeds: int) -> str:
    """What a difference has to exceed.

    Args:
        found: a metric of result.json: `noise`, and `variants` by name.
    """
    noise, num_others = found["noise"], len(found["variants"]) - 1
    if noise["limit"] is None:
        return "One seed: there is no spread, so no difference can be told from noise."
    return (
        f"A difference of less than {noise['limit']:.4f} is within the noise: 95% confidence for all {num_others} "
        f"comparisons together, from what is left of {num_seeds} seeds when variant and seed are taken out "
        f"({noise['degrees']} degrees of freedom)."
    )


def seeds_table(metric: str, found: Mapping[str, Any], *, seeds: Sequence[int]) -> list[str]:
    """A row a variant: mean, every seed, the difference to the baseline and its verdict."""
    header = ["variant", metric, *(f"seed {seed}" for seed in seeds), "difference", "standard error", ""]
    return table(header, [_row(name, one, found["noise"]) for name, one in found["variants"].items()])


def differences_table(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A row a variant, a column a metric: differences to the baseline, those above the noise bold; then the noise."""
    variants = next(iter(metrics.values()))["variants"] if metrics else {}
    rows = []
    for variant in variants:
        if variant != BASELINE:
            found = [metric["variants"][variant] for metric in metrics.values()]
            marks = [_MARKS.get(one["verdict"], "") for one in found]
            cells = (f"{mark}{one['difference']:+.4f}{mark}" for one, mark in zip(found, marks, strict=True))
            rows.append([variant, *cells])
    limits = [metric["noise"]["limit"] for metric in metrics.values()]
    rows.append(["within the noise", *("" if limit is None else f"{limit:.4f}" for limit in limits)])
    return table(["variant", *metrics], rows)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]


def _row(name: str, found: Mapping[str, Any], noise: Mapping[str, Any]) -> list[str]:
    spread = "" if found["deviation"] is None else f" ± {found['deviation']:.4f}"
    values = [f"{value:.4f}" for value in found["values"]]
    if name == BASELINE:
        return [name, f"{found['mean']:.4f}{spread}", *values, "", "", ""]
    own = "" if found["own_error"] is None else f"{found['own_error']:.4f} (all: {noise['standard_error']:.4f})"
    return [name, f"{found['mean']:.4f}{spread}", *values, f"{found['difference']:+.4f}", own, found["verdict"]]
