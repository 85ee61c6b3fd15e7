"""The step that makes `corpus/<name>/filtered`: documents that pass the filters; the others are kept by reason."""

import hashlib
import heapq
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import lru_cache, partial
from typing import Any, cast

from fc_model.artifacts import ArtifactWriter, read_records
from fc_pipeline.step import Step
from fc_pipeline.text.config import FilterConfig
from fc_pipeline.text.document import Document
from fc_pipeline.text.filters import FILTERS, Verdict
from fc_pipeline.text.filters.secrets import REASON_PREFIX
from fc_pipeline.text.parallel import chunks, ordered_map

_CHUNK_CHARS = 1 << 20
_EXCERPT_CHARS = 400

Write = Callable[[dict[str, Any]], None]


def filter_documents(step: Step) -> None:
    """Writes documents.jsonl.zst, dropped/<reason>.jsonl.zst for every reason, and drops.json, the drop report.

    config: FilterConfig. inputs: `sources/<name>` under any role; they are read in the order of their keys.
    """
    config = FilterConfig.model_validate(step.config)
    counters = step.out.counters
    text_bytes = 0
    with ExitStack() as files:
        keep = files.enter_context(step.out.records("documents.jsonl.zst"))
        drops = Drops(step.out, files, num_samples=config.num_samples)
        batches = chunks(_documents(step), weight=lambda document: len(document["text"]), limit=_CHUNK_CHARS)
        judge = partial(judge_batch, config.model_dump_json())
        for judged in ordered_map(judge, batches, workers=step.runtime.workers):
            for document, reason in judged:
                counters.read += 1
                if reason is None:
                    counters.kept += 1
                    text_bytes += len(document["text"].encode())
                    keep(dict(document))
                else:
                    counters.drop(reason)
                    drops.add(document, reason)
            step.runtime.report({"documents": counters.read, "kept": counters.kept})
        step.out.write_text("drops.json", json.dumps(drops.report(), indent=1, ensure_ascii=False) + "\n")
    step.out.metrics = {
        "documents": counters.kept,
        "text_bytes": text_bytes,
        "kept_fraction": counters.kept / max(1, counters.read),
    }


def judge_batch(config_json: str, documents: list[Document]) -> list[tuple[Document, Verdict]]:
    """Each document, changed by the filters that mend, with the reason of the first one that refuses it."""
    config = _parsed(config_json)
    return [(document, _verdict(document, config)) for document in documents]


@lru_cache(maxsize=1)
def _parsed(config_json: str) -> FilterConfig:
    return FilterConfig.model_validate_json(config_json)


def _verdict(document: Document, config: FilterConfig) -> Verdict:
    for settings in config.filters:
        if settings.acts_on(document["domain"]):
            reason = FILTERS[settings.kind](document, settings)
            if reason is not None:
                return reason
    return None


def _documents(step: Step) -> Iterator[Document]:
    for artifact in sorted(step.inputs.values(), key=lambda artifact: artifact.key):
        yield from cast(Iterator[Document], read_records(artifact.path("documents.jsonl.zst")))


class Drops:
    """Writes dropped documents by reason and remembers a few of each for the report."""

    def __init__(self, out: ArtifactWriter, files: ExitStack, *, num_samples: int) -> None:
        self._out = out
        self._files = files
        self._num_samples = num_samples
        self._writers: dict[str, Write] = {}
        self._documents: dict[str, dict[str, int]] = {}
        self._bytes: dict[str, int] = {}
        self._samples: dict[str, list[tuple[int, str, str]]] = {}

    def add(self, document: Document, reason: str) -> None:
        # A published secret is not published again: neither the kept record nor the sample shows the text.
        text = "" if reason.startswith(REASON_PREFIX) else document["text"]
        if reason not in self._writers:
            self._writers[reason] = self._files.enter_context(self._out.records(f"dropped/{reason}.jsonl.zst"))
        self._writers[reason]({**document, "text": text, "reason": reason})
        by_source = self._documents.setdefault(reason, {})
        by_source[document["source"]] = by_source.get(document["source"], 0) + 1
        self._bytes[reason] = self._bytes.get(reason, 0) + len(document["text"].encode())
        # The samples are those with the smallest hashes: a fair draw that is the same in every run.
        rank = -int.from_bytes(hashlib.sha256(document["id"].encode()).digest()[:8], "big")
        samples = self._samples.setdefault(reason, [])
        heapq.heappush(samples, (rank, document["id"], text[:_EXCERPT_CHARS]))
        if len(samples) > self._num_samples:
            heapq.heappop(samples)

    def report(self) -> dict[str, Any]:
        """{reason: {"documents", "bytes", "by_source": {source: n}, "samples": [{"id", "excerpt"}]}}, most first."""
        total = {reason: sum(by_source.values()) for reason, by_source in self._documents.items()}
        return {
            reason: {
                "documents": total[reason],
                "bytes": self._bytes[reason],
                "by_source": dict(sorted(self._documents[reason].items())),
                "samples": [
                    {"id": name, "excerpt": text} for _, name, text in sorted(self._samples[reason], reverse=True)
                ],
            }
            for reason in sorted(total, key=lambda reason: (-total[reason], reason))
        }
