"""The result of an experiment on text as Markdown, for people and for the UI."""

from typing import Any

from fc_pipeline.experiments.tables import differences_table, noise_text, seeds_table, table

TEXT = "result.md"
PICTURE = "result.png"


def result_text(result: dict[str, Any]) -> str:
    """Tables of a result (the content of result.json): what decides, domains, documents, dropped by reason."""
    metric, seeds = result["metrics"][result["metric"]], result["seeds"]
    lines = [
        f"# {result['name']}",
        "",
        result["description"],
        "",
        f"Baseline: {result['track']}. Each variant was trained on {result['tokens']:,} tokens, once for each of the "
        f"seeds {', '.join(map(str, seeds))}, and scored on the same {result['holdout']['bytes']:,} held-out bytes "
        "with the baseline's tokenizer. Less is better.",
        "",
        noise_text(metric, num_seeds=len(seeds)),
        "",
        f"![difference to the baseline]({PICTURE})",
        "",
        *seeds_table(result["metric"], metric, seeds=seeds),
        "",
        "## Difference by domain",
        "",
        *differences_table(_domains(result)),
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


def _domains(result: dict[str, Any]) -> dict[str, Any]:
    return {
        name.removeprefix("bits_per_byte_") if name != "bits_per_byte" else "all bytes": found
        for name, found in result["metrics"].items()
        if name != result["metric"]
    }


def _documents(result: dict[str, Any]) -> list[str]:
    domains = sorted({domain for data in result["data"].values() for domain in data["share"]})
    rows = []
    for variant, data in result["data"].items():
        shares = (
            f"{data['share'][domain]:.1%} ({data['epochs'][domain]:.2f} times)" if domain in data["share"] else ""
            for domain in domains
        )
        rows.append([variant, f"{data['read']:,}", f"{data['documents']:,}", f"{data['tokens']:,}", *shares])
    return table(["variant", "read", "to train on", "their tokens", *domains], rows)


def _dropped(result: dict[str, Any]) -> list[str]:
    reasons = sorted({reason for data in result["data"].values() for reason in data["dropped"]})
    rows = [
        [reason, *(f"{data['dropped'].get(reason, 0):,}" for data in result["data"].values())] for reason in reasons
    ]
    return table(["dropped", *result["data"]], rows) if rows else ["No document was dropped."]
