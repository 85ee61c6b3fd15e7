"""Reads documents as decontamination leaves them: its artifact holds what it decided, and the texts that it cut."""

from collections.abc import Iterator
from typing import Any

from fc_model.artifacts import Artifact, read_records


def decontaminated(documents: Artifact, decisions: Artifact | None) -> Iterator[dict[str, Any]]:
    """The documents in their order, without those that were dropped, and those that were cut as they are now.

    Args:
        documents: with documents.jsonl.zst.
        decisions: what fc_pipeline/corpus/decontaminate.py made of these documents; None keeps all of them.
    """
    hits = read_records(decisions.path("hits.jsonl.zst")) if decisions else ()
    dropped = {hit["document"] for hit in hits if hit["action"] == "drop"}
    # Documents that were cut stand in the order of the documents.
    cuts = read_records(decisions.path("cut.jsonl.zst")) if decisions else iter(())
    cut = next(cuts, None)
    for document in read_records(documents.path("documents.jsonl.zst")):
        if cut is not None and cut["id"] == document["id"]:
            yield cut
            cut = next(cuts, None)
        elif document["id"] not in dropped:
            yield document
