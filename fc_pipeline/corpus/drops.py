"""What a step drops and why, as it writes it; fc_pipeline/lineage/cleaning_decisions.py reads it."""

import heapq
import json
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from fc_model.artifacts import ArtifactWriter
from fc_pipeline.corpus.document import Document, draw
from fc_pipeline.corpus.filters.chain import Refusal

_EXCERPT_CHARS = 400


@dataclass
class _Reason:
    """The documents that were dropped for one reason."""

    filter: str
    write: Callable[[dict[str, Any]], None]
    bytes: int = 0
    by_source: Counter[str] = field(default_factory=Counter)
    by_domain: Counter[str] = field(default_factory=Counter)
    samples: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)


class Drops:
    """Writes dropped documents by reason, counts them, and remembers a few of each for the report."""

    def __init__(self, out: ArtifactWriter, files: ExitStack, *, num_samples: int) -> None:
        self._out = out
        self._files = files
        self._num_samples = num_samples
        self._reasons: dict[str, _Reason] = {}

    def add(self, document: Document, refusal: Refusal, *, num_bytes: int) -> None:
        """Keep a dropped document, already scrubbed, whose text had so many bytes."""
        name = refusal.reason
        self._out.counters.drop(name)
        if name not in self._reasons:
            write = self._files.enter_context(self._out.records(f"dropped/{name}.jsonl.zst"))
            self._reasons[name] = _Reason(refusal.filter, write)
        reason = self._reasons[name]
        reason.write({**document, "reason": name, "filter": refusal.filter})
        reason.filter = refusal.filter
        reason.by_source[document["source"]] += 1
        reason.by_domain[document["domain"]] += 1
        reason.bytes += num_bytes
        sample = {"id": document["id"], "source": document["source"], "excerpt": document["text"][:_EXCERPT_CHARS]}
        heapq.heappush(reason.samples, (-draw(document["id"]), document["id"], sample))
        if len(reason.samples) > self._num_samples:
            heapq.heappop(reason.samples)

    def write_report(self) -> None:
        """drops.json, by reason, most documents first:

        {reason: {"filter", "documents", "bytes", "by_source": {source: n}, "by_domain": {domain: n},
        "samples": [{"id", "source", "excerpt"}]}}
        """
        ranked = sorted(self._reasons.items(), key=lambda pair: (-pair[1].by_source.total(), pair[0]))
        report = {
            name: {
                "filter": reason.filter,
                "documents": reason.by_source.total(),
                "bytes": reason.bytes,
                "by_source": dict(sorted(reason.by_source.items())),
                "by_domain": dict(sorted(reason.by_domain.items())),
                "samples": [sample for _, _, sample in sorted(reason.samples, key=lambda s: (-s[0], s[1]))],
            }
            for name, reason in ranked
        }
        self._out.write_text("drops.json", json.dumps(report, indent=1, ensure_ascii=False) + "\n")
