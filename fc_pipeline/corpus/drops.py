"""What was dropped and why: written by the filtering step, browsed afterwards."""

import hashlib
import heapq
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from fc_model.artifacts import Artifact, ArtifactWriter, read_records
from fc_model.errors import UserError
from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.chain import Refusal

_EXCERPT_CHARS = 400

Write = Callable[[dict[str, Any]], None]


class Drops:
    """Writes dropped documents by reason and remembers a few of each for the report."""

    def __init__(self, out: ArtifactWriter, files: ExitStack, *, num_samples: int) -> None:
        self._out = out
        self._files = files
        self._num_samples = num_samples
        self._writers: dict[str, Write] = {}
        self._filters: dict[str, str] = {}
        self._documents: dict[str, dict[str, int]] = {}
        self._domains: dict[str, dict[str, int]] = {}
        self._bytes: dict[str, int] = {}
        self._samples: dict[str, list[tuple[int, str, dict[str, Any]]]] = {}

    def add(self, document: Document, refusal: Refusal, *, num_bytes: int) -> None:
        """Keep a dropped document, already scrubbed, whose text had so many bytes."""
        reason = refusal.reason
        if reason not in self._writers:
            self._writers[reason] = self._files.enter_context(self._out.records(f"dropped/{reason}.jsonl.zst"))
        self._writers[reason]({**document, "reason": reason, "filter": refusal.filter})
        self._filters[reason] = refusal.filter
        for counts, name in ((self._documents, document["source"]), (self._domains, document["domain"])):
            of_reason = counts.setdefault(reason, {})
            of_reason[name] = of_reason.get(name, 0) + 1
        self._bytes[reason] = self._bytes.get(reason, 0) + num_bytes
        # The samples are those with the smallest hashes: a fair draw that is the same in every run.
        rank = -int.from_bytes(hashlib.sha256(document["id"].encode()).digest()[:8], "big")
        sample = {"id": document["id"], "source": document["source"], "excerpt": document["text"][:_EXCERPT_CHARS]}
        samples = self._samples.setdefault(reason, [])
        heapq.heappush(samples, (rank, document["id"], sample))
        if len(samples) > self._num_samples:
            heapq.heappop(samples)

    def report(self) -> dict[str, Any]:
        """By reason, most documents first:

        {reason: {"filter", "documents", "bytes", "by_source": {source: n}, "by_domain": {domain: n},
        "samples": [{"id", "source", "excerpt"}]}}
        """
        total = {reason: sum(by_source.values()) for reason, by_source in self._documents.items()}
        return {
            reason: {
                "filter": self._filters[reason],
                "documents": total[reason],
                "bytes": self._bytes[reason],
                "by_source": dict(sorted(self._documents[reason].items())),
                "by_domain": dict(sorted(self._domains[reason].items())),
                "samples": [sample for _, _, sample in sorted(self._samples[reason], key=lambda s: (-s[0], s[1]))],
            }
            for reason in sorted(total, key=lambda reason: (-total[reason], reason))
        }


def drop_report(artifact: Artifact) -> dict[str, Any]:
    """The drop report of an artifact of documents, as `Drops.report` made it."""
    report: dict[str, Any] = json.loads(artifact.path("drops.json").read_text("utf-8"))
    return report


def browse_drops(artifact: Artifact, reason: str | None = None, limit: int = 20) -> Iterator[dict[str, Any]]:
    """Without a reason: a row for each, {"reason", "filter", "documents", "bytes", "by_source", "by_domain"}.

    With one: the first `limit` documents that were dropped for it, whole but scrubbed.

    Raises:
        UserError: nothing was dropped for such a reason; names those that there are.
    """
    report = drop_report(artifact)
    if reason is None:
        for name, entry in report.items():
            yield {"reason": name, **{key: value for key, value in entry.items() if key != "samples"}}
        return
    if reason not in report:
        there = ", ".join(report) or "none"
        raise UserError(f"{artifact.key}: no document was dropped for {reason!r}; reasons there are: {there}")
    for _, record in zip(range(limit), read_records(artifact.path(f"dropped/{reason}.jsonl.zst")), strict=False):
        yield record


def why_dropped(artifact: Artifact, document_id: str) -> dict[str, Any]:
    """What the filters decided on one document.

    {"id", "kept": True, "edits": {filter: {what: times}}} or {"id", "kept": False, "filter", "reason", "settings"
    (of that filter, with its thresholds), "document" (scrubbed)}.

    Raises:
        UserError: the artifact never read such a document.
    """
    for reason, entry in drop_report(artifact).items():
        for record in read_records(artifact.path(f"dropped/{reason}.jsonl.zst")):
            if record["id"] == document_id:
                chain = artifact.manifest.recipe.config["filters"]
                settings = [chosen for chosen in chain if chosen["kind"] == entry["filter"]]
                decided = {"filter": entry["filter"], "reason": reason, "settings": settings}
                return {"id": document_id, "kept": False, **decided, "document": record}
    for record in read_records(artifact.path("documents.jsonl.zst")):
        if record["id"] == document_id:
            return {"id": document_id, "kept": True, "edits": record["meta"].get("edits", {})}
    raise UserError(f"{artifact.key}: it never read a document {document_id!r}; ids look like `<source>/<path or key>`")
