"""The step that makes `corpus/<name>/filtered`: documents that pass the filters; the others are kept by reason."""

from collections import Counter
from contextlib import ExitStack
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

from fc_pipeline.corpus.config import FilterConfig
from fc_pipeline.corpus.document import Document, read_documents
from fc_pipeline.corpus.drops import Drops
from fc_pipeline.corpus.filters.base import map_meta
from fc_pipeline.corpus.filters.chain import Chain, Refusal
from fc_pipeline.corpus.filters.pii import PII_REASON_PREFIX, PiiSettings, find_pii, masked
from fc_pipeline.corpus.filters.secrets import REASON_PREFIX, find_secrets
from fc_pipeline.engine.step import Step
from fc_pipeline.executors.batching import chunks

_CHUNK_CHARS = 1 << 20
PERPLEXITY_ROLE = "perplexity_model"
_EVERYTHING = PiiSettings()


class Judged(NamedTuple):
    """A document as it is kept, or scrubbed when it is refused, and the bytes of its text before that."""

    document: Document
    refusal: Refusal | None
    num_bytes: int


def filter_documents(step: Step) -> None:
    """Writes documents.jsonl.zst, dropped/<reason>.jsonl.zst for every reason, and drops.json, the drop report.

    What filters changed in a kept document stands in its `meta.edits`, and summed up in the metrics `edits_...`.
    config: FilterConfig. inputs: `sources/<name>` under any role, read in the order of their keys, and
    `perplexity_model` when the filters ask for it.
    """
    config = FilterConfig.model_validate(step.config)
    counters = step.out.counters
    edits: Counter[str] = Counter()
    text_bytes = 0
    model = step.inputs.get(PERPLEXITY_ROLE)
    documents = read_documents(artifact for role, artifact in step.inputs.items() if role != PERPLEXITY_ROLE)
    with ExitStack() as files:
        keep = files.enter_context(step.out.records("documents.jsonl.zst"))
        drops = Drops(step.out, files, num_samples=config.num_samples)
        batches = chunks(documents, weight=lambda document: len(document["text"]), limit=_CHUNK_CHARS)
        judge = partial(judge_batch, config.model_dump_json(), str(model.path("models.npy")) if model else None)
        for judged in step.ordered_map(judge, batches):
            for document, refusal, num_bytes in judged:
                counters.read += 1
                if refusal is None:
                    counters.kept += 1
                    text_bytes += num_bytes
                    for kind, times in document["meta"].get("edits", {}).items():
                        edits.update({f"edits_{kind}_{what}": count for what, count in times.items()})
                    keep(dict(document))
                else:
                    drops.add(document, refusal, num_bytes=num_bytes)
            step.runtime.report({"documents": counters.read, "kept": counters.kept})
        drops.write_report()
    step.out.metrics = {
        "documents": counters.kept,
        "text_bytes": text_bytes,
        "kept_fraction": counters.kept / max(1, counters.read),
        **dict(sorted(edits.items())),
    }


def judge_batch(config_json: str, models: str | None, documents: list[Document]) -> list[Judged]:
    """Each document, changed by the filters that edit, with the refusal of the first one that refuses it."""
    chain = _chain(config_json, models)
    judged = []
    for document in documents:
        refusal = chain.judge(document)
        num_bytes = len(document["text"].encode())
        judged.append(Judged(scrub_dropped(document, refusal.reason) if refusal else document, refusal, num_bytes))
    return judged


@lru_cache(maxsize=1)
def _chain(config_json: str, models: str | None) -> Chain:
    config = FilterConfig.model_validate_json(config_json)
    return Chain(config.filters, Path(models) if models else None)


def scrub(text: str) -> str:
    """Placeholders such as `[SECRET]` and `[EMAIL]` in the places of what nobody should read."""
    for secret in sorted(find_secrets(text), reverse=True):
        text = masked(text, [secret._replace(type="secret")])
    return masked(text, find_pii(text, _EVERYTHING))


def scrub_dropped(document: Document, reason: str) -> Document:
    """A dropped document fit to be kept: without its text when that is why it was dropped, otherwise scrubbed."""
    private = reason.startswith((REASON_PREFIX, PII_REASON_PREFIX))
    meta = map_meta(document["meta"], scrub)
    return {**document, "text": "" if private else scrub(document["text"]), "meta": meta}
