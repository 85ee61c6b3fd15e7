"""What a step drops and why, as it writes it; fc_pipeline/lineage/cleaning_decisions.py reads it."""

import hashlib
import heapq
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from fc_model.artifacts import ArtifactWriter
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
