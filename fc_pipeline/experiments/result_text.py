"""The result of an experiment as Markdown, for people and for the UI: tables, and which differences are noise."""

from collections.abc import Mapping, Sequence
from typing import Any

from fc_pipeline.experiments.config import BASELINE

TEXT = "result.md"
PICTURE = "result.png"
_BITS = "bits_per_byte"


def result_text(result: Mapping[str, Any]) -> str:
    """What decides, the other metrics, vision and documents, as far as the result (content of result.json) has them."""
    metric, seeds = result["metrics"][result["metric"]], result["seeds"]
    others = {name: own for name, own in result["metrics"].items() if name != result["metric"]}
    domains = {name.removeprefix(f"{_BITS}_"): others.pop(name) for name in list(others) if name.startswith(_BITS)}
    domains = {name if name != _BITS else "all bytes": own for name, own in domains.items()}
    sections = [
        [f"# {result['name']}"],
        [result["description"]],
        [_setup(result)],
        [_noise(metric, num_seeds=len(seeds))],
        [f"![difference to the baseline]({PICTURE})"],
        _seeds(result["metric"], metric, seeds=seeds),
        *_others("Other metrics", others),
        *_others("Difference by domain", domains),
        *_vision(result["vision"]),
        *_documents(result.get("data", {})),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]


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
    """What a difference has to exceed."""
    noise, num_others = metric["noise"], len(metric["variants"]) - 1
    if noise["limit"] is None:
        return "One seed: there is no spread, so no difference can be told from noise."
    return (
        f"A difference of less than {noise['limit']:.4f} is within the noise: 95% confidence for all {num_others} "
        f"comparisons together, from what is left of {num_seeds} seeds when variant and seed are taken out "
        f"({noise['degrees']} degrees of freedom)."
    )


def _seeds(name: str, metric: Mapping[str, Any], *, seeds: Sequence[int]) -> list[str]:
    """A row a variant: mean, every seed, the difference to the baseline and its verdict."""
    header = ["variant", name, *(f"seed {seed}" for seed in seeds), "difference", "standard error", ""]
    error, rows = metric["noise"]["standard_error"], []
    for variant, own in metric["variants"].items():
        spread = "" if own["deviation"] is None else f" ± {own['deviation']:.4f}"
        row = [variant, f"{own['mean']:.4f}{spread}", *(f"{value:.4f}" for value in own["values"])]
        if variant == BASELINE:
            rows.append([*row, "", "", ""])
            continue
        own_error = "" if own["own_error"] is None else f"{own['own_error']:.4f} (all: {error:.4f})"
        rows.append([*row, f"{own['difference']:+.4f}", own_error, own["verdict"]])
    return table(header, rows)


def _differences(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A row a variant, a column a metric: differences to the baseline, those above the noise bold; then the noise."""
    rows = []
    for variant in next(iter(metrics.values()))["variants"]:
        if variant != BASELINE:
            columns = [metric["variants"][variant] for metric in metrics.values()]
            marks = ["**" if own["verdict"] in ("better", "worse") else "" for own in columns]
            cells = (f"{mark}{own['difference']:+.4f}{mark}" for own, mark in zip(columns, marks, strict=True))
            rows.append([variant, *cells])
    limits = [metric["noise"]["limit"] for metric in metrics.values()]
    rows.append(["within the noise", *("" if limit is None else f"{limit:.4f}" for limit in limits)])
    return table(["variant", *metrics], rows)


def _others(title: str, metrics: Mapping[str, Any]) -> list[list[str]]:
    if not metrics:
        return []
    names = (f"{name} ({metric['better']} is better)" for name, metric in metrics.items())
    means = [
        [variant, *(f"{metric['variants'][variant]['mean']:.4f}" for metric in metrics.values())]
        for variant in next(iter(metrics.values()))["variants"]
    ]
    return [
        [f"## {title}"],
        table(["variant", *names], means),
        ["Differences to the baseline:"],
        _differences(metrics),
        ["The last row: differences below it are within the noise. Bold: those above it."],
    ]


def _vision(variants: Mapping[str, Any]) -> list[list[str]]:
    if not variants:
        return []
    groups = list(dict.fromkeys(group for vision in variants.values() for group in vision["tokens"]))
    rows = [
        [
            variant,
            vision["fusion"],
            f"{vision['encoder_parameters']:,}",
            f"{vision['fusion_parameters']:,}",
            *(f"{vision['tokens'][group]:,}" if group in vision["tokens"] else "" for group in groups),
        ]
        for variant, vision in variants.items()
    ]
    header = ["variant", "fusion", "weights of encoder", "of fusion"]
    return [["## What each sees by"], table([*header, *(f"tokens of an image, {group}" for group in groups)], rows)]


def _documents(variants: Mapping[str, Any]) -> list[list[str]]:
    if not variants:
        return []
    domains = sorted({domain for data in variants.values() for domain in data["share"]})
    rows = []
    for variant, data in variants.items():
        shares = (
            f"{data['share'][domain]:.1%} ({data['epochs'][domain]:.2f} times)" if domain in data["share"] else ""
            for domain in domains
        )
        rows.append([variant, f"{data['read']:,}", f"{data['documents']:,}", f"{data['tokens']:,}", *shares])
    reasons = sorted({reason for data in variants.values() for reason in data["dropped"]})
    dropped = [[reason, *(f"{data['dropped'].get(reason, 0):,}" for data in variants.values())] for reason in reasons]
    return [
        ["## Documents"],
        table(["variant", "read", "to train on", "their tokens", *domains], rows),
        table(["dropped", *variants], dropped) if dropped else ["No document was dropped."],
    ]
