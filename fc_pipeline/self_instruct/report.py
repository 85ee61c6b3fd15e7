"""The report on self-instruct: how much was written, what was dropped and why, and some of what is kept."""

from itertools import islice
from typing import Any

from fc_model.artifacts import Artifact, read_records
from fc_pipeline.corpus.report import removed
from fc_pipeline.formatting import markdown_table
from fc_pipeline.instructions.report import conversations_page

_SHOWN = 20


def self_instruct(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """{"artifact", "drops": {reason: attempts}}; None where nothing is written."""
    written = next((artifact for artifact in artifacts if artifact.key.endswith("/self_instruct")), None)
    return None if written is None else {"artifact": written, "drops": removed(written)}


def self_instruct_page(artifact: Artifact) -> dict[str, str]:
    """Some conversations, attempts by reason, and some that were dropped."""
    dropped = islice(read_records(artifact.path("dropped.jsonl.zst")), _SHOWN)
    rows = [[record["reason"], record["instruction"] or "", record["reply"] or ""] for record in dropped]
    shown = {"dropped": markdown_table(["reason", "instruction", "reply"], rows)} if rows else {}
    counts = markdown_table(["dropped as", "attempts"], list(removed(artifact).items()))
    return {**conversations_page(artifact), "reasons": counts, **shown}
