"""Which documents of a corpus must not be trained on because another split of the same sources holds them out.

Variants of a corpus are compared on one held-out text, so none may have read it: not under its own id, not in the
words of a near-duplicate that one corpus kept and the other dropped.
"""

from collections.abc import Iterable
from typing import Any

from fc_model.artifacts import read_records
from fc_pipeline.corpus.dedup.clusters import Ties
from fc_pipeline.engine.step import Step

HOLDOUT = "holdout"
_DUPLICATES = "duplicates/"


def held_out_before(step: Step, documents: Iterable[dict[str, Any]]) -> set[str]:
    """Ids of the documents that are held out, or are tied to one that is.

    Two documents are tied when either corpus has them in one cluster, or has dropped one as a duplicate of the other;
    ties are followed as far as they go.

    inputs of the step: `holdout`, with holdout.jsonl.zst; `duplicates/<name>`, with duplicates.jsonl.zst, of the
    deduplication of either corpus.
    """
    ties: Ties[str] = Ties()
    held_out: list[str] = []
    for document in read_records(step.inputs[HOLDOUT].path("holdout.jsonl.zst")):
        ties.tie(document["id"], document["meta"]["cluster"])  # a cluster has the name of one of its documents
        held_out.append(document["id"])
    for role in sorted(step.inputs):
        if role.startswith(_DUPLICATES):
            for row in read_records(step.inputs[role].path("duplicates.jsonl.zst")):
                if row["duplicate_of"] is not None:
                    ties.tie(row["id"], row["duplicate_of"])
    ids = []
    for document in documents:
        ties.tie(document["id"], document["meta"]["cluster"])
        ids.append(document["id"])
    groups = {ties.group(name) for name in held_out}
    return {name for name in ids if ties.group(name) in groups}
