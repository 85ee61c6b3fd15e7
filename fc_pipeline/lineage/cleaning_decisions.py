"""Decisions of cleaning: the documents that a track dropped, by reason, and every decision on one document."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

from fc_model.artifacts import Artifact, read_records
from fc_model.errors import UserError
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.formatting import Line, columns, size

_CLEANING = ("filtered", "deduplicated", "unique", "decontaminated")
_DOCUMENTS = "documents.jsonl.zst"
_EXCERPT_CHARS = 600


def cleaning_artifacts(graph: Graph, resolver: Resolver, track: str) -> list[Artifact]:
    """The built artifacts of the track's cleaning, dumps included, in the order of the steps."""
    keys = [key for key in graph.track(track) if set(key.split("/")) & set(_CLEANING)]
    artifacts = [artifact for key in keys if (artifact := resolver.artifact(key)) is not None]
    if not artifacts:
        raise UserError(f"{track}: no documents have been cleaned yet: {graph.run_command(keys[0])}")
    return artifacts


def drop_lines(artifacts: list[Artifact]) -> list[Line]:
    """Documents by reason, most first within each artifact."""
    rows = []
    for artifact in artifacts:
        dropped = artifact.manifest.counters.dropped
        files = {entry.path: entry.bytes for entry in artifact.manifest.files}
        for reason, count in sorted(dropped.items(), key=lambda item: (-item[1], item[0])):
            rows.append([f"{count:,}", reason, artifact.key, size(files.get(f"dropped/{reason}.jsonl.zst"))])
    total = sum(sum(artifact.manifest.counters.dropped.values()) for artifact in artifacts)
    return [*(("", text) for text in columns(rows)), ("bold", f"{total:,} documents dropped")]


def reason_lines(artifacts: list[Artifact], reason: str, *, limit: int) -> list[Line]:
    """The first documents that were dropped for a reason. Raises UserError when there is none."""
    name = f"dropped/{reason}.jsonl.zst"
    holding = [artifact for artifact in artifacts if name in {entry.path for entry in artifact.manifest.files}]
    if not holding:
        reasons = sorted({reason for artifact in artifacts for reason in artifact.manifest.counters.dropped})
        raise UserError(f"no document was dropped for {reason!r}; the reasons are: {', '.join(reasons) or 'none'}")
    records = itertools.chain.from_iterable(read_records(artifact.path(name)) for artifact in holding)
    lines: list[Line] = []
    for record in itertools.islice(records, limit):
        text = record["text"]
        cut = text if len(text) <= _EXCERPT_CHARS else f"{text[:_EXCERPT_CHARS]}..."
        lines += [("bold", record["id"]), ("", cut), ("", "")]
    return lines


def decision_lines(artifacts: list[Artifact], document: str) -> list[Line]:
    """The decision of each cleaning step on one document, in the order of the work; empty when no step read it."""
    rows: list[list[str]] = []
    for artifact in artifacts:
        decisions = list(_decisions(artifact, document))
        read = artifact.manifest.recipe.inputs.get("documents")
        if not decisions and read and [read.key, "kept"] in rows:
            decisions = ["kept"]  # decontamination notes what it does not keep as it is
        rows += [[artifact.key, text] for text in decisions]
    return [("", text) for text in columns(rows)]


def _decisions(artifact: Artifact, document: str) -> Iterator[str]:
    files = {entry.path for entry in artifact.manifest.files}
    if "drops.json" in files and "filters" in artifact.manifest.recipe.config:
        yield from _filter_decision(artifact, document)
        return
    notes = {"duplicates.jsonl.zst": "id", "hits.jsonl.zst": "document"}
    noted = False
    for path, field in notes.items():
        if path in files:
            for record in read_records(artifact.path(path)):
                if record[field] == document:
                    noted = True
                    yield _note(record)
    if not noted and _DOCUMENTS in files and _record(artifact, _DOCUMENTS, document) is not None:
        yield "kept"


def _filter_decision(artifact: Artifact, document: str) -> Iterator[str]:
    for reason, entry in json.loads(artifact.path("drops.json").read_text("utf-8")).items():
        if _record(artifact, f"dropped/{reason}.jsonl.zst", document) is not None:
            chain = artifact.manifest.recipe.config["filters"]
            settings = next(chosen for chosen in chain if chosen["kind"] == entry["filter"])
            yield f"dropped as {reason} by {entry['filter']} {settings}"
            return
    kept = _record(artifact, _DOCUMENTS, document)
    if kept is not None:
        edits = ", ".join(f"{name} {counts}" for name, counts in sorted(kept["meta"].get("edits", {}).items()))
        yield f"kept{f', edited: {edits}' if edits else ''}"


def _record(artifact: Artifact, path: str, document: str) -> dict[str, Any] | None:
    return next((record for record in read_records(artifact.path(path)) if record["id"] == document), None)


def _note(record: dict) -> str:
    if "evalset" in record:
        return f"{record['action']}: holds {record['item']}: {record['matched']!r}"
    similarity = f" (Jaccard {record['jaccard']:.2f})" if record.get("jaccard") is not None else ""
    of = f" of {record['duplicate_of']}" if record["duplicate_of"] is not None else ""
    return f"dropped as {record['reason']}{of}{similarity}"
