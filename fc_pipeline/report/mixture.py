"""What the shards hold: tokens by domain, the realised mix, lengths of documents."""

import json
from collections import Counter, defaultdict
from typing import Any

from fc_model.artifacts import Artifact, read_records
from fc_pipeline.report.charts import bar_chart, range_chart
from fc_pipeline.report.drawing import Picture


def mix(shards: Artifact | None, asked: dict[str, float]) -> list[dict[str, Any]]:
    """Per domain: the share of training tokens that was asked for and the one that was packed.

    Stages with a mixture of their own follow, the stage's name behind the domain's. `epochs` is how often its documents
    come over all stages, below 1 for a part of them; None when the shards do not say.
    """
    if shards is None:
        return []
    splits = json.loads(shards.path("index.json").read_text("utf-8"))["splits"]
    rows = _split(shards, splits, "train", asked)
    for stage, own in shards.manifest.recipe.config.get("stages", {}).items():
        found = _split(shards, splits, f"train-{stage}", own["weights"])
        rows += [row | {"domain": f"{row['domain']} ({stage})"} for row in found]
    return rows


def _split(shards: Artifact, splits: dict[str, Any], split: str, asked: dict[str, float]) -> list[dict[str, Any]]:
    domains = splits[split]["domains"]
    total = sum(domain["tokens"] for domain in domains.values())
    whole = sum(asked.values())
    return [
        {
            "domain": name,
            "asked": asked[name] / whole if name in asked else None,
            "packed": domains.get(name, {}).get("tokens", 0) / total,
            "tokens": domains.get(name, {}).get("tokens", 0),
            "documents": domains.get(name, {}).get("documents", 0),
            "epochs": shards.metrics.get(f"epochs_{name}"),
            "holdout_tokens": splits.get(f"holdout-{name}", {}).get("tokens", 0),
            "artifact": shards,
        }
        for name in sorted(domains.keys() | asked.keys())
    ]


def mix_pictures(shards: Artifact, asked: dict[str, float]) -> list[Picture]:
    """The realised mix beside the one asked for, tokens by domain, and lengths of the documents."""
    rows = sorted(mix(shards, asked), key=lambda row: -row["packed"])
    shares = {row["domain"]: (100 * (row["asked"] or 0.0), 100 * row["packed"]) for row in rows}
    tokens = {row["domain"]: (row["tokens"],) for row in rows}
    lengths = {name: spread(counts) for name, counts in sorted(_lengths(shards).items())}
    return [
        bar_chart("Realised mix", "percent of training tokens", shares, legend=("asked for", "packed")),
        bar_chart("Tokens by domain", "training tokens", tokens),
        range_chart("Document lengths", "tokens, 10th to 90th percentile, median marked", lengths),
    ]


def _lengths(shards: Artifact) -> dict[str, Counter[int]]:
    """Per domain: how many documents have a length in tokens. Counts, so that a large corpus takes no more memory."""
    lengths: dict[str, Counter[int]] = defaultdict(Counter)
    for record in read_records(shards.path("documents.jsonl.zst")):
        lengths[record["domain"]][record["tokens"]] += 1
    return lengths


def spread(counts: Counter[int]) -> tuple[int, int, int]:
    """10th, 50th and 90th percentile (nearest rank) of values that are given with how often they come."""
    total, seen = counts.total(), 0
    ranks = [min(total - 1, int(share * total)) for share in (0.1, 0.5, 0.9)]
    found: list[int] = []
    for value in sorted(counts):
        seen += counts[value]
        while len(found) < len(ranks) and ranks[len(found)] < seen:
            found.append(value)
    low, middle, high = found
    return low, middle, high
