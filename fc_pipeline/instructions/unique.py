"""The step that makes `<track>/conversations/unique`: each conversation once, and which of them belong together."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from fc_model.artifacts import read_records
from fc_model.chat.messages import Conversation
from fc_model.errors import UserError
from fc_pipeline.engine.step import Step
from fc_pipeline.instructions.document import conversation_of, prompt_of

_WORD = re.compile(r"\w+")


def unique_conversations(step: Step) -> None:
    """Writes documents.jsonl.zst, and duplicates.jsonl.zst with what was dropped: {"id", "duplicate_of", "reason"}.

    Dropped are equal conversations but the first (`exact_duplicate`), documents that were taken down with all their
    copies (`taken_down`), and those whose calls are no JSON any more after a filter has masked a bare number in them
    (`masked_arguments`). `domain` becomes the source, so that each is held out and counted by itself. The holdout never
    parts what has the same `meta.cluster`: conversations of one `meta.group`, and those without a group that have the
    same first prompt but for case, white space and punctuation. A prompt that a group shares with what came before is
    on one side, too: a conversation of another cluster with that prompt is dropped (`prompt_of_another_group`).

    config: {"removed": ids}. inputs: `documents`, filtered.
    """
    removed = set(step.config["removed"])
    taken_down = {_digest(document) for document in _documents(step) if document["id"] in removed} if removed else set()
    first: dict[bytes, str] = {}
    clusters: dict[str, str] = {}
    counters = step.out.counters
    text_bytes = 0
    with step.out.records("documents.jsonl.zst") as keep, step.out.records("duplicates.jsonl.zst") as note:
        for document in _documents(step):
            counters.read += 1
            digest = _digest(document)
            try:
                prompt = _prompt_hash(conversation_of(document))
            except UserError:
                reason = "masked_arguments"
            else:
                known = first.setdefault(digest, document["id"])
                cluster = _group_hash(document) or prompt
                if digest in taken_down:
                    reason = "taken_down"
                elif known != document["id"]:
                    reason = "exact_duplicate"
                elif clusters.setdefault(prompt, cluster) != cluster:
                    reason = "prompt_of_another_group"
                else:
                    counters.kept += 1
                    text_bytes += len(document["text"].encode())
                    meta = {**document["meta"], "cluster": cluster}
                    keep({**document, "domain": document["source"], "meta": meta})
                    continue
            counters.drop(reason)
            copy_of = first[digest] if reason == "exact_duplicate" else None
            note({"id": document["id"], "duplicate_of": copy_of, "reason": reason})
    step.out.metrics = {"documents": counters.kept, "text_bytes": text_bytes}
    if not counters.kept:
        raise UserError(f"{step.key}: no conversation is left of {counters.read}: loosen the filters, or add a source")


def _documents(step: Step) -> Iterator[dict[str, Any]]:
    return read_records(step.inputs["documents"].path("documents.jsonl.zst"))


def _digest(document: dict[str, Any]) -> bytes:
    record = json.dumps(document["meta"]["conversation"], ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(record.encode(), digest_size=16).digest()


def _group_hash(document: dict[str, Any]) -> str | None:
    """A hash of source and group; None for a conversation without a group."""
    group = document["meta"].get("group")
    return None if group is None else _hash(f"{document['source']}/{group}")


def _prompt_hash(conversation: Conversation) -> str:
    """A hash of the first prompt, by its words in lower case; where it has none, as it is."""
    prompt = prompt_of(conversation)
    words = " ".join(_WORD.findall(prompt.casefold())) or prompt
    return _hash(words)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
