"""Sources of calls in a folder."""

import json
from pathlib import Path
from typing import Any

from factories.build import build
from fc_model.artifacts import Artifact, Store, read_records
from fc_model.chat.messages import Conversation
from fc_pipeline.instructions.calls.fetch import fetch_calls
from fc_pipeline.instructions.catalogue import resolve_source


def fetch(folder: Path, files: dict[str, Any], format_: str, **fields: Any) -> Artifact:
    """The conversations of files (text, or values that become JSON); `calls` and other fields are the source's."""
    inbox = folder / "package"
    for name, content in files.items():
        (inbox / name).parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        (inbox / name).write_text(text, "utf-8")
    entry = {
        "name": "real",
        "licence": "CC0-1.0",
        "packages": [{"kind": "local", "folder": str(inbox)}],
        "files": [{"glob": "**/*"}],
        "calls": {"format": format_} | fields.pop("calls", {}),
    }
    config = resolve_source(entry | fields).model_dump(mode="json")
    return build(Store(folder / "home"), "conversations/real", fetch_calls, config)


def documents(artifact: Artifact) -> list[dict[str, Any]]:
    return list(read_records(artifact.path("documents.jsonl.zst")))


def asked(artifact: Artifact) -> dict[str, dict[str, Any] | None]:
    """{what the user asks: the arguments of the call}; None where none is called."""
    pairs = {}
    for document in documents(artifact):
        conversation = Conversation.from_record(document["meta"]["conversation"])
        user = next(message.content for message in conversation.messages if message.role == "user")
        calls = conversation.messages[-1].tool_calls
        pairs[user] = calls[0].arguments if calls else None
    return pairs


def dropped(artifact: Artifact) -> dict[str, int]:
    return dict(artifact.manifest.counters.dropped)
