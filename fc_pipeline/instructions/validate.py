"""Which conversations can be trained on: whole, in order, with a reply to every turn."""

import unicodedata
from typing import Any

from fc_model.chat.messages import Conversation, InvalidConversation
from fc_pipeline.corpus.filters.base import map_meta, meta_texts


class Invalid(Exception):
    """A record that is no conversation to train on; it is dropped under `reason`, and the rest goes on."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


def valid_conversation(record: dict[str, Any]) -> Conversation:
    """The conversation of a record in OpenAI's format, its text in Unicode's normal form C. Raises Invalid."""
    if any("\0" in text for text in meta_texts(record)):
        raise Invalid("nul_character", "NUL is no text")
    try:
        conversation = Conversation.from_record(map_meta(record, lambda text: unicodedata.normalize("NFC", text)))
    except InvalidConversation as error:
        raise Invalid(error.reason, str(error)) from error
    _check_replies(conversation)
    return conversation


def _check_replies(conversation: Conversation) -> None:
    offered = {tool["function"]["name"] for tool in conversation.tools}
    replies = 0
    for number, message in enumerate(conversation.messages):
        is_empty = not (message.content.strip() or message.tool_calls)
        if message.role == "assistant":
            replies += 1
            if is_empty:
                raise Invalid("empty_reply", f"messages[{number}]: the assistant says nothing")
        elif message.role == "user" and is_empty:
            raise Invalid("empty_prompt", f"messages[{number}]: the user says nothing")
        unknown = [call.name for call in message.tool_calls if offered and call.name not in offered]
        if unknown:
            raise Invalid("unknown_tool", f"messages[{number}]: {unknown[0]!r} is not among the tools")
    if not replies:
        raise Invalid("no_reply", "the assistant says nothing, so there is nothing to train on")
