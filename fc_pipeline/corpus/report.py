"""The report on the documents: their way through cleaning, the filters' worth, duplicates, hits on eval sets."""

import heapq
import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from fc_model.artifacts import Artifact, read_records
from fc_pipeline.report.charts import column_chart, waterfall_chart
from fc_pipeline.report.drawing import Picture, svg

_SHOWN_REASONS = 24
_SHOWN_SAMPLES = 3
_SHOWN_GROUPS = 8
_SHOWN_PAIRS = 8
_SHOWN_HITS = 25
_SHOWN_HITS_OF_DOCUMENT = 3
"""Items on one text, such as questions on a story, come together."""
_EXCERPT_CHARS = 400
_JACCARD_BINS = 20


def documents(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """The way of the documents through cleaning and packing, a waterfall from all that were read to what was used."""
    steps = [
        artifact
        for artifact in artifacts
        if (artifact.key.startswith("corpus/") or artifact.key.endswith("/shards"))
        and artifact.manifest.counters.read
        and "filter_quality" not in artifact.key.split("/")  # counts labelled cases, not documents
    ]
    if not steps:
        return None
    read = sum(artifact.manifest.counters.read for artifact in steps if "filtered" in artifact.key.split("/"))
    left, bars = read, []
    for artifact in steps:  # in the order of the work
        for reason, count in removed(artifact).items():
            left -= count
            samples = _dropped_samples(artifact, reason)
            bars.append({"reason": reason, "documents": count, "left": left, "artifact": artifact, "samples": samples})
    languages = {
        language
        for artifact in artifacts
        for settings in artifact.manifest.recipe.config.get("filters", [])
        for language in settings.get("languages", [])
    }
    front = {"language": sorted(languages)} if languages else {}
    return {"read": read, "bars": bars, "kept": left, "first": steps[0], "front": front}


def removed(artifact: Artifact) -> dict[str, int]:
    """Documents that an artifact does not go on with, by reason, most first, the quarantined ones last."""
    counters = artifact.manifest.counters
    drops = sorted(counters.dropped.items(), key=lambda item: (-item[1], item[0]))
    return {reason: count for reason, count in (*drops, ("quarantined", counters.quarantined)) if count}


def waterfall(artifact: Artifact) -> Picture:
    """The waterfall of one step; the rarest reasons together, so that it fits on a page."""
    reasons = list(removed(artifact).items())
    shown, rest = dict(reasons[:_SHOWN_REASONS]), reasons[_SHOWN_REASONS:]
    if rest:
        shown[f"{len(rest)} other reasons"] = sum(count for _, count in rest)
    read = artifact.manifest.counters.read
    return waterfall_chart("Documents", "by what became of them", read=read, removed=shown)


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


def filters(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """The filters on their labelled cases: {"artifact", "rows": [{"kind", "cases", "precision", "recall",
    "misses"}]}.
    """
    artifact = next((artifact for artifact in artifacts if artifact.key.endswith("/filter_quality")), None)
    if artifact is None:
        return None
    report = json.loads(artifact.path("filter_quality.json").read_text("utf-8"))
    return {"artifact": artifact, "rows": [{"kind": kind, **figures} for kind, figures in report.items()]}


def duplicates(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """Per deduplicated part of the corpus: its groups of duplicates, their sizes and similarity, the largest.

    {"parts": [{"artifact", "part" (name of the dump or ""), "read", "groups", "documents" (removed), "charts",
    "by_source", "largest", "samples"}]}
    """
    parts = [clusters(artifact) for artifact in artifacts if "deduplicated" in artifact.key.split("/")]
    return {"parts": [{**part, "charts": list(map(svg, part["pictures"]))} for part in parts]} if parts else None


def clusters(artifact: Artifact) -> dict[str, Any]:
    """The groups of duplicates in one deduplicated part: as `duplicates`, with `pictures` in place of `charts`."""
    report = json.loads(artifact.path("clusters.json").read_text("utf-8"))
    return {
        "artifact": artifact,
        "part": artifact.key.rpartition("deduplicated")[2].removeprefix("/"),
        "read": artifact.manifest.counters.read,
        "groups": report["groups"],
        "documents": sum(pair["documents"] for pair in report["by_source"]),
        "pictures": _cluster_pictures(report) if report["groups"] else [],
        "by_source": report["by_source"][:_SHOWN_PAIRS],
        "largest": report["largest"][:_SHOWN_GROUPS],
        "samples": report["samples"][:_SHOWN_SAMPLES],
    }


def _cluster_pictures(report: dict[str, Any]) -> list[Picture]:
    pictures = [column_chart("Group sizes", "groups by number of documents", _between_sizes(report["sizes"]))]
    if report["jaccard"]:
        similar = _between_similarities(report["jaccard"])
        pictures.append(column_chart("Similarity", "near-duplicates by Jaccard index, from", similar))
    return pictures


def _between_sizes(sizes: dict[str, int]) -> dict[str, int]:
    """With the ranges in between that no group is in. The ranges double: 2, 3-4, 5-8."""
    last = max(int(name.rpartition("-")[2]) for name in sizes).bit_length() - 1
    names = ["2", *(f"{2 ** (bit - 1) + 1}-{2**bit}" for bit in range(2, last + 1))]
    return {name: sizes.get(name, 0) for name in names}


def _between_similarities(counts: dict[str, int]) -> dict[str, int]:
    """With the bins up to 1 that no pair is in."""
    first = round(min(map(float, counts)) * _JACCARD_BINS)
    names = [f"{number / _JACCARD_BINS:.2f}" for number in range(first, _JACCARD_BINS)]
    return {name: counts.get(name, 0) for name in names}


def _how_much(hit: dict[str, Any]) -> tuple[int, str, str]:
    return hit["ngrams"], hit["item"], hit["document"]


def contamination(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """What the corpus held of the eval sets: {"artifact", "sets": [{"evalset", "items", "touched", "unchecked",
    "clean", "hits"}], "hits": [the records of hits.jsonl.zst that match most, few of a document, with their
    "artifact"], "num_hits"}.
    """
    artifacts = [artifact for artifact in artifacts if "decontaminated" in artifact.key.split("/")]
    if not artifacts:
        return None
    by_set: Counter[str] = Counter()
    touched: dict[str, set[str]] = defaultdict(set)
    sets: dict[str, dict[str, Any]] = {}
    for artifact in artifacts:
        sets |= (items := json.loads(artifact.path("items.json").read_text("utf-8")))
        for name, entry in items.items():
            touched[name].update(entry["touched"])

    def hits() -> Iterator[dict[str, Any]]:
        for artifact in artifacts:
            records = read_records(artifact.path("hits.jsonl.zst"))
            for _, of_document in itertools.groupby(records, key=lambda hit: hit["document"]):
                held = list(of_document)
                by_set.update(hit["evalset"] for hit in held)
                for hit in heapq.nlargest(_SHOWN_HITS_OF_DOCUMENT, held, key=_how_much):
                    yield {**hit, "artifact": artifact}

    most = heapq.nlargest(_SHOWN_HITS, hits(), key=_how_much)
    rows = [
        {
            "evalset": name,
            "items": entry["items"],
            "touched": len(touched[name]),
            "unchecked": len(entry["unchecked"]),
            "clean": entry["items"] - len(touched[name]) - len(entry["unchecked"]),
            "hits": by_set[name],
        }
        for name, entry in sets.items()
    ]
    return {"artifact": artifacts[-1], "sets": rows, "hits": most, "num_hits": by_set.total()}
