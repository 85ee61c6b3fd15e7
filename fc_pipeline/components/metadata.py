"""Metadata of an artifact for the UI, from its manifest and the first records of its files."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import dagster as dg

from fc_model.artifacts import Artifact, read_records
from fc_pipeline.engine.step import StepSpec
from fc_pipeline.formatting import markdown_table
from fc_pipeline.lineage.licences import USES, use_of
from fc_pipeline.report.markdown import PICTURE_SOURCE, plain

RECORDS_SUFFIX = ".jsonl.zst"
QUARANTINE = "quarantine.jsonl.zst"
_PREVIEW_ROWS = 5
_COLUMN_DESCRIPTIONS = {
    "id": "Unique within the corpus: its source, then its path or key there.",
    "text": "The document, valid UTF-8.",
    "source": "Name of the source.",
    "domain": "Domain that the mixture weighs.",
    "licence": "SPDX identifier, as the source states it.",
    "meta": "What else the source says of the document.",
    "reason": "Why the document was dropped.",
    "table": "What was asked: turns, dialogues, problems, instructions, or both stages for a win-rate.",
    "kinds": "Groups of the scores that it counts for.",
    "expected": "Calls of the reference, or its answer.",
    "bounded": "The reply as in chat: within the chat format, the schemas of the tools, and what may be quoted.",
    "ungrounded": "The reply within the chat format and the schemas alone.",
    "free": "The reply without a bound.",
    "scores": "Of either reply, by the name of the score: 1 is right.",
    "error": "How the turn failed, null where it did not.",
}
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", dict: "object", list: "array"}


def artifact_metadata(
    spec: StepSpec, artifact: Artifact, *, reused: bool, pages: Mapping[str, str], run_page: str | None = None
) -> dict[str, Any]:
    """Metadata of a materialization: the picture, then the five figures that matter, then the rest.

    Args:
        spec: of the step, which names the figures.
        pages: pictures and tables of the artifact, Markdown by name (see `StepSpec.page`).
        run_page: the page in MLflow that shows it.
    """
    manifest = artifact.manifest
    shown = {name: dg.MetadataValue.md(text) for name, text in pages.items()}
    picture = next((name for name, text in pages.items() if PICTURE_SOURCE in text), None)
    figures: dict[str, Any] = dict(manifest.metrics)
    if manifest.counters.read:
        figures |= _counters(artifact)
    metadata: dict[str, Any] = {} if picture is None else {picture: shown[picture]}
    metadata |= spec.key_figures(figures)
    if run_page is not None:
        metadata["mlflow"] = dg.MetadataValue.url(run_page)
    metadata |= {name: entry for name, entry in {**shown, **figures}.items() if name not in metadata}
    metadata |= _records(artifact)
    if manifest.licences:
        metadata["licences"] = dg.MetadataValue.md(_licence_table(manifest.licences))
    run = manifest.run
    metadata |= {
        "reused": reused,
        "seconds": run.get("seconds", 0.0),
        "peak_memory_mb": round(run.get("peak_memory_bytes", 0) / 1e6, 1),
        "bytes": artifact.num_bytes,
        "digest": artifact.digest,
        "identity": artifact.identity,
        "path": dg.MetadataValue.path(artifact.folder),
    }
    return metadata


def quarantined(artifact: Artifact) -> dict[str, int]:
    """What a source could not read: {reason: count}, most first."""
    if not artifact.manifest.counters.quarantined:
        return {}
    return dict(Counter(record["reason"] for record in read_records(artifact.path(QUARANTINE))).most_common())


def _counters(artifact: Artifact) -> dict[str, Any]:
    counters = artifact.manifest.counters
    figures: dict[str, Any] = {
        "dagster/row_count": counters.kept,
        "read": counters.read,
        "kept": counters.kept,
        "dropped": sum(counters.dropped.values()),
        "quarantined": counters.quarantined,
    }
    if counters.dropped:
        rows = [
            [reason, count, f"{count / counters.read:.2%}"]
            for reason, count in sorted(counters.dropped.items(), key=lambda item: (-item[1], item[0]))
        ]
        figures["dropped_by_reason"] = dg.MetadataValue.md(markdown_table(["reason", "documents", "share"], rows))
    return figures


def _records(artifact: Artifact) -> dict[str, Any]:
    """Schema and first rows of the largest file of records."""
    files = [entry for entry in artifact.manifest.files if entry.path.endswith(RECORDS_SUFFIX) and entry.records]
    if not files:
        return {}
    largest = max(files, key=lambda entry: entry.bytes)
    rows = list(itertools.islice(read_records(artifact.path(largest.path)), _PREVIEW_ROWS))
    columns = list(rows[0])
    schema = dg.TableSchema(
        columns=[
            dg.TableColumn(name, _TYPES.get(type(rows[0][name]), "string"), _COLUMN_DESCRIPTIONS.get(name))
            for name in columns
        ]
    )
    preview = [[plain(row.get(name, "")) for name in columns] for row in rows]
    return {
        "dagster/column_schema": schema,
        "first_rows": dg.MetadataValue.md(f"`{largest.path}`\n\n{markdown_table(columns, preview)}"),
    }


def _licence_table(licences: list[dict[str, Any]]) -> str:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for entry in licences:
        groups[USES[use_of(entry["source"])], entry["licence"]].append(entry)
    rows = [
        [licence, sum(entry.get("documents") or 0 for entry in of_group), use,
         ", ".join(sorted(entry["source"] for entry in of_group))]
        for (use, licence), of_group in sorted(groups.items(), reverse=True)
    ]  # fmt: skip
    return markdown_table(["licence", "documents", "use", "sources"], rows)
