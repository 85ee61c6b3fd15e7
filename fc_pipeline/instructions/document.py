"""A conversation as a document, so that the corpus's filters, decontamination, holdout and lineage take it as one.

`text` is what is said, for whoever judges text; `meta.conversation` is the conversation itself, in OpenAI's format.
Filters that mask change both.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fc_model.chat.messages import Conversation
from fc_pipeline.corpus.document import Document

DOMAIN = "chat"
"""Of every conversation when it is filtered; after that its domain is its source."""
HELD_OUT_FILES = ("holdout.jsonl.zst", "blind.jsonl.zst")
"""Conversations of a source that are never trained on: of known tools or kinds, and of tools that no training shows.
A source has one or both."""
_FIELD = "conversation"


def conversation_document(
    conversation: Conversation, *, name: str, source: str, licence: str, meta: Mapping[str, Any]
) -> Document:
    """The document; `name` is its id, `<source>/<path>#<number>`."""
    return {
        "id": name,
        "text": conversation_text(conversation),
        "source": source,
        "domain": DOMAIN,
        "licence": licence,
        "meta": {**meta, _FIELD: conversation.to_record()},
    }


def conversation_of(document: Mapping[str, Any]) -> Conversation:
    """The conversation of such a document. Raises UserError where a filter has made it none."""
    return Conversation.from_record(document["meta"][_FIELD])


def conversation_text(conversation: Conversation) -> str:
    """Everything that is said, a paragraph a message, without names of roles: they would stand between the words."""
    return "\n\n".join(part for part in _parts(conversation) if part.strip())


def prompt_of(conversation: Conversation) -> str:
    """What the user says first."""
    return next((message.content for message in conversation.messages if message.role == "user"), "")


def _parts(conversation: Conversation) -> Iterator[str]:
    for message in conversation.messages:
        yield from filter(None, (message.reasoning, message.content))
        for call in message.tool_calls:
            yield f"{call.name} {json.dumps(call.arguments, ensure_ascii=False)}"
