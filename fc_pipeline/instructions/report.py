"""The report on conversations: what was read of each source, what was dropped and why, and what is trained on."""

import json
from itertools import islice
from typing import Any

from fc_model.artifacts import Artifact, read_records
from fc_pipeline.corpus.pages import filtered_page
from fc_pipeline.corpus.report import removed
from fc_pipeline.formatting import markdown_table, percent
from fc_pipeline.report.markdown import code, shortened
from fc_pipeline.tokens.mixture_config import HOLDOUT

_SHOWN = 3
_SHOWN_CHARS = 300


def instructions(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """{"artifact", "sources", "drops", "stages"}; None where nothing is packed."""
    shards = [artifact for artifact in artifacts if artifact.key.endswith("/instruction_shards")]
    if not shards:
        return None
    sources = [artifact for artifact in artifacts if artifact.key.startswith("conversations/")]
    steps = [*sources, *(artifact for artifact in artifacts if "conversations" in artifact.key.split("/")[1:]), *shards]
    return {
        "artifact": shards[-1],
        "sources": [{"name": artifact.key.split("/")[1], "artifact": artifact} for artifact in sources],
        "drops": [
            {"reason": reason, "documents": count, "artifact": artifact}
            for artifact in steps
            for reason, count in removed(artifact).items()
        ],
        "stages": [row for packed in shards for row in stage_rows(packed)],
    }


def stage_rows(packed: Artifact) -> list[dict[str, Any]]:
    """What each stage trains on, by source: {"stage", "source", "documents", "tokens", "trained"}."""
    splits = json.loads(packed.path("index.json").read_text("utf-8"))["splits"]
    return [
        {"stage": split.removeprefix("train-"), "source": source, "artifact": packed, **counts}
        for split, summary in splits.items()
        if not split.startswith(HOLDOUT)
        for source, counts in summary["domains"].items()
    ]


def shards_page(artifact: Artifact) -> dict[str, str]:
    """Conversations, tokens and the share that is trained on, by stage and source."""
    rows = [
        [row["stage"], row["source"], row["documents"], row["tokens"], percent(row["trained"] / row["tokens"])]
        for row in stage_rows(artifact)
    ]
    return {"stages": markdown_table(["stage", "source", "conversations", "tokens", "trained on"], rows)}


def conversations_page(artifact: Artifact) -> dict[str, str]:
    """Some conversations, and how many rows went for which reason."""
    files = {entry.path for entry in artifact.manifest.files}
    name = "documents.jsonl.zst" if "documents.jsonl.zst" in files else "train.jsonl.zst"
    shown = [_shown(record) for record in islice(read_records(artifact.path(name)), _SHOWN)]
    return {"conversations": "\n".join(shown), **filtered_page(artifact)}


def _shown(document: dict[str, Any]) -> str:
    """A list item a conversation, and under it one a message."""
    lines = [f"- {code(document['id'])}"]
    for message in document["meta"]["conversation"]["messages"]:
        calls = [
            f"{call['function']['name']}({call['function']['arguments']})" for call in message.get("tool_calls", [])
        ]
        text = " ".join(filter(None, (message.get("reasoning_content"), message["content"], *calls)))
        lines.append(f"    - {message['role']}: {code(shortened(text[:_SHOWN_CHARS]))}")
    return "\n".join(lines)
