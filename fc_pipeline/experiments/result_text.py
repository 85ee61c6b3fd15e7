"""The result of an experiment as Markdown: tables, and which differences are within the noise."""

from collections.abc import Mapping, Sequence
from typing import Any

from fc_pipeline.experiments.config import BASELINE
from fc_pipeline.formatting import markdown_table

TEXT = "result.md"
PICTURE = "result.png"
_BITS = "bits_per_byte"


def result_text(result: Mapping[str, Any]) -> str:
    """The deciding metric, the other metrics, vision and documents, as far as `result` (result.json) has them."""
    metric, seeds = result["metrics"][result["metric"]], result["seeds"]
    others = {name: own for name, own in result["metrics"].items() if name != result["metric"]}
    domains = {name.removeprefix(f"{_BITS}_"): others.pop(name) for name in list(others) if name.startswith(_BITS)}
    domains = {name if name != _BITS else "all bytes": own for name, own in domains.items()}
    parts = [
        f"# {result['name']}",
        result["description"],
        _setup(result),
        _noise(metric, num_seeds=len(seeds)),
        f"![difference to the baseline]({PICTURE})",
        _seeds(result["metric"], metric, seeds=seeds),
        *(_metrics("Other metrics", others) if others else []),
        *(_metrics("Difference by domain", domains) if domains else []),
        *(_vision(result["vision"]) if result["vision"] else []),
        *(_documents(result["data"]) if "data" in result else []),
    ]
    return "\n\n".join(parts) + "\n"


def _setup(result: Mapping[str, Any]) -> str:
    lengths = (
        f"{number:,} {unit} of {stage}" for stage, length in result["stages"].items() for unit, number in length.items()
    )
    start = f" from the weights of {result['track']}'s {result['start']}" if "start" in result else ""
    held_out = result["holdout"]
    scored = [f"{held_out['bytes']:,} held-out bytes with the baseline's tokenizer"] if "bytes" in held_out else []
    scored += [f"{held_out['samples']:,} held-out samples"] if "samples" in held_out else []
    return (
        f"Baseline: {result['track']}. Each variant was trained{start} on {', then '.join(lengths)}, once for each of "
        f"the seeds {', '.join(map(str, result['seeds']))}, and scored on the same {' and the same '.join(scored)}. "
        f"{result['better'].capitalize()} is better."
    )


def _noise(metric: Mapping[str, Any], *, num_seeds: int) -> str:
    """The sentence on the noise: the limit that a difference must exceed."""
    noise, num_others = metric["noise"], len(metric["variants"]) - 1
    if noise["limit"] is None:
        return "One seed: there is no spread, so no difference can be told from noise."
    return (
        f"A difference of less than {noise['limit']:.4f} is within the noise: 95% confidence for all {num_others} "
        f"comparisons together, from what is left of {num_seeds} seeds when variant and seed are taken out "
        f"({noise['degrees']} degrees of freedom)."
    )


def _seeds(name: str, metric: Mapping[str, Any], *, seeds: Sequence[int]) -> str:
    """A row a variant: mean, every seed, the difference to the baseline and its verdict."""
    error, rows = metric["noise"]["standard_error"], []
    for variant, own in metric["variants"].items():
        spread = "" if own["deviation"] is None else f" ± {own['deviation']:.4f}"
        row = [variant, f"{own['mean']:.4f}{spread}", *(f"{value:.4f}" for value in own["values"])]
        if variant == BASELINE:
            rows.append([*row, "", "", ""])
            continue
        own_error = "" if own["own_error"] is None else f"{own['own_error']:.4f} (all: {error:.4f})"
        rows.append([*row, f"{own['difference']:+.4f}", own_error, own["verdict"]])
    header = ["variant", name, *(f"seed {seed}" for seed in seeds), "difference", "standard error", ""]
    return markdown_table(header, rows)


def _metrics(title: str, metrics: Mapping[str, Any]) -> list[str]:
    """A row a variant, a column a metric: means, then differences, those above the noise bold; last the noise."""
    variants = list(next(iter(metrics.values()))["variants"])
    means = [
        [variant, *(f"{metric['variants'][variant]['mean']:.4f}" for metric in metrics.values())]
        for variant in variants
    ]
    differences = [
        [variant, *(_difference(metric["variants"][variant]) for metric in metrics.values())]
        for variant in variants
        if variant != BASELINE
    ]
    limits = (metric["noise"]["limit"] for metric in metrics.values())
    differences.append(["within the noise", *("" if limit is None else f"{limit:.4f}" for limit in limits)])
    return [
        f"## {title}",
        markdown_table(
            ["variant", *(f"{name} ({metric['better']} is better)" for name, metric in metrics.items())], means
        ),
        "Differences to the baseline:",
        markdown_table(["variant", *metrics], differences),
        "The last row: differences below it are within the noise. Bold: those above it.",
    ]


def _difference(variant: Mapping[str, Any]) -> str:
    mark = "**" if variant["verdict"] in ("better", "worse") else ""
    return f"{mark}{variant['difference']:+.4f}{mark}"


def _vision(variants: Mapping[str, Any]) -> list[str]:
    groups = list(dict.fromkeys(group for vision in variants.values() for group in vision["tokens"]))
    rows = [
        [
            variant,
            *(vision[name] for name in ("fusion", "encoder_parameters", "fusion_parameters")),
            *(vision["tokens"].get(group, "") for group in groups),
        ]
        for variant, vision in variants.items()
    ]
    header = ["variant", "fusion", "weights of encoder", "of fusion"]
    return [
        "## What each sees by",
        markdown_table([*header, *(f"tokens of an image, {group}" for group in groups)], rows),
    ]


def _documents(variants: Mapping[str, Any]) -> list[str]:
    domains = sorted({domain for data in variants.values() for domain in data["share"]})
    rows = []
    for variant, data in variants.items():
        shares = (
            f"{data['share'][domain]:.1%} ({data['epochs'][domain]:.2f} times)" if domain in data["share"] else ""
            for domain in domains
        )
        rows.append([variant, data["read"], data["documents"], data["tokens"], *shares])
    reasons = sorted({reason for data in variants.values() for reason in data["dropped"]})
    dropped = [[reason, *(data["dropped"].get(reason, 0) for data in variants.values())] for reason in reasons]
    return [
        "## Documents",
        markdown_table(["variant", "read", "to train on", "their tokens", *domains], rows),
        markdown_table(["dropped", *variants], dropped) if dropped else "No document was dropped.",
    ]
