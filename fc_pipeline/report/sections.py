"""The sections of a report, each from the files of its artifacts. No artifact of a kind, no section."""

import json
from collections import defaultdict
from typing import Any

from fc_model.artifacts import Artifact, read_records
from fc_pipeline.report.charts import bar_chart, range_chart, stage_charts
from fc_pipeline.report.facts import flops_per_token

_SHOWN_SAMPLES = 3
_EXCERPT_CHARS = 400


def corpus(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """The way of the documents through cleaning and packing, a waterfall from all that were read to what was used."""
    steps = [
        artifact
        for artifact in artifacts
        if (artifact.key.startswith("corpus/") or artifact.key.endswith("/shards")) and artifact.manifest.counters.read
    ]
    if not steps:
        return None
    read = sum(artifact.manifest.counters.read for artifact in steps if "filtered" in artifact.key.split("/"))
    left, bars = read, []
    for artifact in steps:  # in the order of the work
        counters = artifact.manifest.counters
        drops = sorted(counters.dropped.items(), key=lambda item: (-item[1], item[0]))
        for reason, count in (*drops, ("quarantined", counters.quarantined)):
            if count:
                left -= count
                samples = _dropped_samples(artifact, reason)
                bars.append(
                    {"reason": reason, "documents": count, "left": left, "artifact": artifact, "samples": samples}
                )
    return {"read": read, "bars": bars, "kept": left, "first": steps[0]}


def _dropped_samples(artifact: Artifact, reason: str) -> list[dict[str, str]]:
    names = {entry.path for entry in artifact.manifest.files}
    if "drops.json" in names:
        report = json.loads(artifact.path("drops.json").read_text("utf-8"))
        return report[reason]["samples"][:_SHOWN_SAMPLES] if reason in report else []
    name = f"dropped/{reason}.jsonl.zst"
    if name not in names:
        return []
    records = zip(range(_SHOWN_SAMPLES), read_records(artifact.path(name)), strict=False)
    return [{"id": record["id"], "excerpt": record["text"][:_EXCERPT_CHARS]} for _, record in records]


def mix(shards: Artifact | None, asked: dict[str, float]) -> list[dict[str, Any]]:
    """Per domain: the share of training tokens that was asked for and the one that was packed."""
    if shards is None:
        return []
    index = json.loads(shards.path("index.json").read_text("utf-8"))
    domains = index["splits"]["train"]["domains"]
    total = sum(domain["tokens"] for domain in domains.values())
    whole = sum(asked.values())
    return [
        {
            "domain": name,
            "asked": asked[name] / whole if name in asked else None,
            "packed": domains.get(name, {}).get("tokens", 0) / total,
            "tokens": domains.get(name, {}).get("tokens", 0),
            "documents": domains.get(name, {}).get("documents", 0),
            "holdout_tokens": index["splits"].get(f"holdout-{name}", {}).get("tokens", 0),
            "artifact": shards,
        }
        for name in sorted(domains.keys() | asked.keys())
    ]


def documents(shards: Artifact | None, asked: dict[str, float]) -> list[dict[str, Any]]:
    """Pictures of the packed documents: [{"title", "unit", "svg", "legend"}]."""
    if shards is None:
        return []
    lengths: dict[str, list[int]] = defaultdict(list)
    for record in read_records(shards.path("documents.jsonl.zst")):
        lengths[record["domain"]].append(record["tokens"])
    ranges = {name: spread(sorted(lengths[name])) for name in sorted(lengths)}
    rows = {
        row["domain"]: (100 * (row["asked"] or 0.0), 100 * row["packed"])
        for row in sorted(mix(shards, asked), key=lambda row: -row["packed"])
    }
    return [
        {
            "title": "Domains",
            "unit": "percent of training tokens",
            "svg": bar_chart("Domains", "percent of training tokens", rows),
            "legend": [("--series-1", "asked for"), ("--series-2", "packed")],
        },
        {
            "title": "Document lengths",
            "unit": "tokens, from the 10th to the 90th percentile, the median marked",
            "svg": range_chart("Document lengths", "tokens", ranges),
            "legend": [],
        },
    ]


def spread(ordered: list[int]) -> tuple[int, int, int]:
    """10th, 50th and 90th percentile of an ascending list (nearest rank)."""
    low, middle, high = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.1, 0.5, 0.9))
    return low, middle, high


def stages(artifacts: list[Artifact]) -> list[dict[str, Any]]:
    """Per stage of training, in the order of training: settings, results and curves."""
    return [
        {
            "name": artifact.key.rpartition("/")[2],
            "artifact": artifact,
            "stage": artifact.manifest.recipe.config["stage"],
            "model": artifact.manifest.recipe.config["model"],
            "metrics": artifact.metrics,
            "flops": artifact.metrics["tokens"] * flops_per_token(artifact.manifest.recipe.config),
            "charts": stage_charts(artifact.path("metrics.jsonl")),
        }
        for artifact in artifacts
        if "/stages/" in artifact.key
    ]


def evals(artifacts: list[Artifact]) -> list[dict[str, Any]]:
    """Per evaluated stage: the figures of metrics.json, those of the weights that go on under `chosen`."""
    found = []
    for artifact in artifacts:
        if "/evals/" in artifact.key:
            figures = json.loads(artifact.path("metrics.json").read_text("utf-8"))
            other = "model" if figures["weights"] == "ema" else "ema"
            found.append(
                {
                    "name": artifact.key.rpartition("/")[2],
                    "artifact": artifact,
                    **figures,
                    "chosen": figures[figures["weights"]],
                    "other": figures[other],
                }
            )
    return found


def samples(evaluations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The samples of the last evaluated stage: [{"domain", "prompt", "decoding", "temperature", "text"}]."""
    if not evaluations:
        return []
    return list(read_records(evaluations[-1]["artifact"].path("samples.jsonl.zst")))


def exports(artifacts: list[Artifact]) -> list[dict[str, Any]]:
    """Every exported file with its size, the parity of all runtimes apart."""
    return [
        {"name": entry.path, "bytes": entry.bytes, "sha256": entry.sha256, "artifact": artifact}
        for artifact in artifacts
        if "/exports/" in artifact.key
        for entry in artifact.manifest.files
    ]


def parity(artifact: Artifact | None) -> dict[str, Any] | None:
    """The parity metrics as a table: {"columns", "rows": [{"runtime", "values"}], "others": {name: value}}.

    Metrics are called `<runtime>_<figure>`; the figures are those that the Hugging Face export has.
    """
    if artifact is None:
        return None
    first = "huggingface_"
    columns = sorted(name.removeprefix(first) for name in artifact.metrics if name.startswith(first))
    rows: dict[str, dict[str, float]] = {}
    others = {}
    for name, value in sorted(artifact.metrics.items()):
        column = next((column for column in columns if name.endswith(f"_{column}")), None)
        if column is None:
            others[name] = value
        else:
            rows.setdefault(name.removesuffix(f"_{column}"), {})[column] = value
    return {
        "artifact": artifact,
        "columns": columns,
        "rows": [{"runtime": name, "values": rows[name]} for name in sorted(rows, reverse=True)],
        "others": others,
    }
