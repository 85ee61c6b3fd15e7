"""The result of an experiment on stages with images as Markdown, for people and for the UI."""

from typing import Any

from fc_pipeline.experiments.tables import differences_table, noise_text, seeds_table, table
from fc_pipeline.experiments.text import PICTURE


def images_result_text(result: dict[str, Any]) -> str:
    """Tables of a result (the content of result.json): what decides, the other metrics, what each variant sees by."""
    name, seeds = result["metric"], result["seeds"]
    metric = result["metrics"][name]
    others = {other: found for other, found in result["metrics"].items() if other != name}
    stages = ", then ".join(f"{steps:,} steps of {stage}" for stage, steps in result["stages"].items())
    lines = [
        f"# {result['name']}",
        "",
        result["description"],
        "",
        f"Baseline: {result['track']}. From the weights of {result['track']}'s last stage of text each variant was "
        f"trained for {stages}, once for each of the seeds {', '.join(map(str, seeds))}, and scored on the same "
        f"{result['samples']:,} held-out samples. {result['better'].capitalize()} is better.",
        "",
        noise_text(metric, num_seeds=len(seeds)),
        "",
        f"![difference to the baseline]({PICTURE})",
        "",
        *seeds_table(name, metric, seeds=seeds),
        *(_others(others) if others else []),
        "",
        "## What each sees by",
        "",
        *_eyes(result["variants"]),
    ]
    return "\n".join(lines) + "\n"


def _others(metrics: dict[str, Any]) -> list[str]:
    names = {f"{name} ({found['better']} is better)": found for name, found in metrics.items()}
    variants = next(iter(metrics.values()))["variants"]
    means = [
        [variant, *(f"{found['variants'][variant]['mean']:.4f}" for found in metrics.values())] for variant in variants
    ]
    return [
        "",
        "## Other metrics",
        "",
        *table(["variant", *names], means),
        "",
        "Differences to the baseline:",
        "",
        *differences_table(metrics),
        "",
        "The last row: differences below it are within the noise. Bold: those above it.",
    ]


def _eyes(variants: dict[str, Any]) -> list[str]:
    groups = list(dict.fromkeys(group for eyes in variants.values() for group in eyes["tokens"]))
    rows = [
        [
            name,
            eyes["fusion"],
            f"{eyes['encoder_parameters']:,}",
            f"{eyes['fusion_parameters']:,}",
            *(f"{eyes['tokens'][group]:,}" if group in eyes["tokens"] else "" for group in groups),
        ]
        for name, eyes in variants.items()
    ]
    tokens = (f"tokens of an image, {group}" for group in groups)
    return table(["variant", "fusion", "weights of encoder", "of fusion", *tokens], rows)
