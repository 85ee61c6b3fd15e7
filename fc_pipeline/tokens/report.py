"""The report on the shards: tokens by domain, the realised mix, lengths of documents, and the tokenizer."""

import itertools
import json
from bisect import bisect_right
from collections import Counter, defaultdict
from typing import Any

from fc_model.artifacts import Artifact, read_records
from fc_pipeline.formatting import amount, markdown_table, percent
from fc_pipeline.report.charts import bar_chart, range_chart
from fc_pipeline.report.drawing import Picture, show, svg
from fc_pipeline.tokens.mixture_config import HOLDOUT


def mix(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """{"rows": see `mix_rows`, "charts", "tokenizer": its artifact or None}; None without shards and tokenizer."""
    own = {artifact.key.partition("/")[2]: artifact for artifact in artifacts}
    shards, tokenizer = own.get("shards"), own.get("tokenizer")
    if shards is None and tokenizer is None:
        return None
    return {
        "rows": mix_rows(shards) if shards else [],
        "charts": list(map(svg, mix_pictures(shards))) if shards else [],
        "tokenizer": tokenizer,
    }


def mix_rows(shards: Artifact) -> list[dict[str, Any]]:
    """Per domain: the share of training tokens that was asked for and the one that was packed.

    Stages with their own mixture follow, with the stage's name after the domain's. `epochs` is how often the documents
    are read over all stages, below 1 for a part of them; None when the shards do not record it.
    """
    splits = json.loads(shards.path("index.json").read_text("utf-8"))["splits"]
    config = shards.manifest.recipe.config
    rows = _split(shards, splits, "train", config.get("weights", {}))
    for stage, own in config.get("stages", {}).items():
        curriculum = _split(shards, splits, f"train-{stage}", own["weights"])
        rows += [row | {"domain": f"{row['domain']} ({stage})"} for row in curriculum]
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
            "holdout_tokens": splits.get(HOLDOUT + name, {}).get("tokens", 0),
            "artifact": shards,
        }
        for name in sorted(domains.keys() | asked.keys())
    ]


def mix_pictures(shards: Artifact) -> list[Picture]:
    """The realised mix beside the one asked for, tokens by domain, and lengths of the documents."""
    rows = sorted(mix_rows(shards), key=lambda row: -row["packed"])
    shares = {row["domain"]: (100 * (row["asked"] or 0.0), 100 * row["packed"]) for row in rows}
    tokens = {row["domain"]: (row["tokens"],) for row in rows}
    lengths = {name: spread(counts) for name, counts in sorted(_lengths(shards).items())}
    return [
        bar_chart("Realised mix", "percent of training tokens", shares, legend=("asked for", "packed")),
        bar_chart("Tokens by domain", "training tokens", tokens),
        range_chart("Document lengths", "tokens, 10th to 90th percentile, median marked", lengths),
    ]


def shards_page(artifact: Artifact) -> dict[str, str]:
    """The realised mix beside the one asked for, tokens and lengths of documents by domain."""
    rows = [
        [
            row["domain"],
            percent(row["asked"]),
            percent(row["packed"]),
            row["tokens"],
            row["documents"],
            amount(row["epochs"]),
            row["holdout_tokens"],
        ]
        for row in mix_rows(artifact)
    ]
    header = ["domain", "asked", "packed", "training tokens", "documents", "epochs", "held-out tokens"]
    return {"mix": f"{show(*mix_pictures(artifact))}\n\n{markdown_table(header, rows)}"}


def _lengths(shards: Artifact) -> dict[str, Counter[int]]:
    """Per domain: the number of documents by length in tokens. Counts keep memory small for a large corpus."""
    lengths: dict[str, Counter[int]] = defaultdict(Counter)
    for record in read_records(shards.path("documents.jsonl.zst")):
        lengths[record["domain"]][record["tokens"]] += 1
    return lengths


def spread(counts: Counter[int]) -> tuple[int, int, int]:
    """10th, 50th and 90th percentile (nearest rank) of values with their counts."""
    values = sorted(counts)
    ends = list(itertools.accumulate(counts[value] for value in values))
    ranks = (min(ends[-1] - 1, int(share * ends[-1])) for share in (0.1, 0.5, 0.9))
    low, middle, high = (values[bisect_right(ends, rank)] for rank in ranks)
    return low, middle, high
