"""The result of an experiment as Markdown, for people and for the UI."""

from typing import Any

from fc_pipeline.experiments.config import BASELINE

TEXT = "result.md"
PICTURE = "result.png"
_MARKS = {"better": "**", "worse": "**"}


def result_text(result: dict[str, Any]) -> str:
    """Tables of a result (the content of result.json): what decides, domains, documents, dropped by reason."""
    metric = result["metrics"][result["metric"]]
    seeds, noise = result["seeds"], metric["noise"]
    header = ["variant", result["metric"], *(f"seed {seed}" for seed in seeds), "difference", "standard error", ""]
    lines = [
        f"# {result['name']}",
        "",
        result["description"],
        "",
        f"Baseline: {result['track']}. Each variant was trained on {result['tokens']:,} tokens, once for each of the "
        f"seeds {', '.join(map(str, seeds))}, and scored on the same {result['holdout']['bytes']:,} held-out bytes "
        "with the baseline's tokenizer. Less is better.",
        "",
        _noise(noise, num_others=len(result["variants"]) - 1, num_seeds=len(seeds)),
        "",
        f"![difference to the baseline]({PICTURE})",
        "",
        *_table(header, [_row(name, found, noise) for name, found in metric["variants"].items()]),
        "",
        "## Difference by domain",
        "",
        *_domains(result),
        "",
        "The last row: differences below it are within the noise. Bold: those above it.",
        "",
        "## Documents",
        "",
        *_documents(result),
        "",
        *_dropped(result),
    ]
    return "\n".join(lines) + "\n"


def _noise(noise: dict[str, Any], *, num_others: int, num_seeds: int) -> str:
    if noise["limit"] is None:
        return "One seed: there is no spread, so no difference can be told from noise."
    return (
        f"A difference of less than {noise['limit']:.4f} is within the noise: 95% confidence for all {num_others} "
        f"comparisons together, from what is left of {num_seeds} seeds when variant and seed are taken out "
        f"({noise['degrees']} degrees of freedom)."
    )


def _row(name: str, found: dict[str, Any], noise: dict[str, Any]) -> list[str]:
    spread = "" if found["deviation"] is None else f" ± {found['deviation']:.4f}"
    values = [f"{value:.4f}" for value in found["values"]]
    if name == BASELINE:
        return [name, f"{found['mean']:.4f}{spread}", *values, "", "", ""]
    own = "" if found["own_error"] is None else f"{found['own_error']:.4f} (all: {noise['standard_error']:.4f})"
    return [name, f"{found['mean']:.4f}{spread}", *values, f"{found['difference']:+.4f}", own, found["verdict"]]


def _domains(result: dict[str, Any]) -> list[str]:
    metrics = {
        name.removeprefix("bits_per_byte_") if name != "bits_per_byte" else "all bytes": found
        for name, found in result["metrics"].items()
        if name != result["metric"]
    }
    rows = []
    for variant in result["variants"]:
        if variant != BASELINE:
            found = [metric["variants"][variant] for metric in metrics.values()]
            marks = [_MARKS.get(one["verdict"], "") for one in found]
            cells = (f"{mark}{one['difference']:+.4f}{mark}" for one, mark in zip(found, marks, strict=True))
            rows.append([variant, *cells])
    limits = [metric["noise"]["limit"] for metric in metrics.values()]
    rows.append(["within the noise", *("" if limit is None else f"{limit:.4f}" for limit in limits)])
    return _table(["variant", *metrics], rows)


def _documents(result: dict[str, Any]) -> list[str]:
    domains = sorted({domain for data in result["data"].values() for domain in data["share"]})
    rows = []
    for variant, data in result["data"].items():
        shares = (
            f"{data['share'][domain]:.1%} ({data['epochs'][domain]:.2f} times)" if domain in data["share"] else ""
            for domain in domains
        )
        rows.append([variant, f"{data['read']:,}", f"{data['documents']:,}", f"{data['tokens']:,}", *shares])
    return _table(["variant", "read", "to train on", "their tokens", *domains], rows)


def _dropped(result: dict[str, Any]) -> list[str]:
    reasons = sorted({reason for data in result["data"].values() for reason in data["dropped"]})
    rows = [
        [reason, *(f"{data['dropped'].get(reason, 0):,}" for data in result["data"].values())] for reason in reasons
    ]
    return _table(["dropped", *result["data"]], rows) if rows else ["No document was dropped."]


def _table(header: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]
