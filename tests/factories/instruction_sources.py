"""Sources of conversations in a folder, and the artifacts that are made of them."""

import json
from pathlib import Path
from typing import Any

from factories.build import build
from fc_model.artifacts import Artifact, Store
from fc_model.chat.messages import Conversation
from fc_pipeline.engine.step import Step
from fc_pipeline.instructions.catalogue import resolve_source
from fc_pipeline.instructions.document import conversation_document
from fc_pipeline.instructions.fetch import fetch_conversations


def talk(prompt: str, reply: str) -> dict[str, Any]:
    """A conversation of two turns in OpenAI's format."""
    return {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}]}


def lines(*records: Any) -> bytes:
    """JSON lines."""
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def fetch(folder: Path, files: dict[str, bytes], format_: str = "messages", **fields: Any) -> Artifact:
    """The conversations of files that are put into a folder; `fields` are the source's, `columns` its files'."""
    inbox = folder / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (inbox / name).write_bytes(content)
    spec = {"glob": "*", "format": format_, "columns": fields.pop("columns", {})}
    entry = {"name": "inbox", "kind": "local", "folder": str(inbox), "licence": "CC0-1.0", "files": [spec]}
    config = resolve_source(entry | fields).model_dump(mode="json")
    return build(Store(folder / "home"), "conversations/inbox", fetch_conversations, config)


def write_conversations(
    store: Store, key: str, splits: dict[str, dict[str, list[Conversation]]], *, code: str = "1"
) -> Artifact:
    """An artifact of conversations by file (`train`, `holdout` or `documents`) and source."""

    def write(step: Step) -> None:
        for split, sources in splits.items():
            with step.out.records(f"{split}.jsonl.zst") as keep:
                for source, conversations in sources.items():
                    for number, conversation in enumerate(conversations):
                        name = f"{source}/{split}#{number}"
                        document = conversation_document(conversation, name=name, source=source, licence="MIT", meta={})
                        keep({**document, "domain": source})

    return build(store, key, write, code=code)
