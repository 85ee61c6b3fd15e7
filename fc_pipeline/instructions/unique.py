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
    (`masked_arguments`). `domain` becomes the source, so that each is held out and counted by itself; `meta.cluster` is
    equal for conversations with the same first prompt but for case, white space and punctuation, and the holdout never
    parts them.

    config: {"removed": ids}. inputs: `documents`, filtered.
    """
    removed = set(step.config["removed"])
    taken_down = {_digest(document) for document in _documents(step) if document["id"] in removed} if removed else set()
    first: dict[bytes, str] = {}
    counters = step.out.counters
    text_bytes = 0
    with step.out.records("documents.jsonl.zst") as keep, step.out.records("duplicates.jsonl.zst") as note:
        for document in _documents(step):
            counters.read += 1
            digest = _digest(document)
            try:
                conversation = conversation_of(document)
            except UserError:
                reason = "masked_arguments"
            else:
                known = first.setdefault(digest, document["id"])
                reason = "taken_down" if digest in taken_down else "exact_duplicate"
                if digest not in taken_down and known == document["id"]:
                    counters.kept += 1
                    text_bytes += len(document["text"].encode())
                    meta = {**document["meta"], "cluster": _cluster(conversation)}
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


def _cluster(conversation: Conversation) -> str:
    """A hash of the first prompt, by its words in lower case; where it has none, as it is."""
    prompt = prompt_of(conversation)
    words = " ".join(_WORD.findall(prompt.casefold())) or prompt
    return hashlib.blake2b(words.encode(), digest_size=16).hexdigest()
