"""The ids of a conversation, and which of them a model is trained to predict.

    <s><sys>text<json>[schemas]</json></sys><user>text<im_end><assistant><reasoning>why</reasoning>text
    <tool>{"name":...,"arguments":{...}}</tool><im_end><result>text<im_end><assistant>text<im_end>

in one line. `<sys>` stands where there is system text or a tool, `<json>` where there is a tool. Special tokens and
texts are encoded apart, so no text makes a special token. template.py renders the same for other runtimes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from fc_model.chat.escaping import escape_json, escape_text
from fc_model.chat.messages import Conversation, Message
from fc_model.errors import UserError
from fc_model.special_tokens import BOS
from fc_model.strict_json import to_json


@dataclass(frozen=True)
class Encoded:
    """`trained[i]` is whether `ids[i]` is learnt: every token after `<assistant>` to its `<im_end>`, and no other."""

    ids: list[int]
    trained: list[bool]


class TurnTokenizer(Protocol):
    """What encoding asks of a tokenizer; `fc_model.tokenizer.Tokenizer` is one."""

    def special(self, name: str) -> int: ...

    def encode(self, text: str) -> list[int]: ...


class Part(NamedTuple):
    """A special token by its name, or a text, escaped."""

    text: str
    is_special: bool
    trained: bool


def encode_conversation(conversation: Conversation, tokenizer: TurnTokenizer, *, reply: bool = False) -> Encoded:
    """Encode from BOS on. With `reply` the ids end with `<assistant>`, for the model to go on.

    Raises UserError for a reply to the assistant itself or to nothing, and when the tokenizer has no such tokens.
    """
    ids: list[int] = []
    trained: list[bool] = []
    for part in _parts(conversation, reply=reply):
        encoded = [tokenizer.special(part.text)] if part.is_special else tokenizer.encode(part.text)
        ids += encoded
        trained += [part.trained] * len(encoded)
    return Encoded(ids, trained)


def tool_schema(tool: dict[str, Any]) -> dict[str, Any]:
    """What the model sees of a tool: name, description and parameters, the last two where they are not empty."""
    function = tool["function"]
    return {key: function[key] for key in ("name", "description", "parameters") if function.get(key)}


def _parts(conversation: Conversation, *, reply: bool) -> Iterator[Part]:
    first, last = conversation.messages[0], conversation.messages[-1]
    system = first.content if first.role == "system" else ""
    yield _special(BOS)
    if system or conversation.tools:
        yield _special("<sys>")
        yield _text(system)
        if conversation.tools:
            yield _special("<json>")
            yield Part(escape_json(to_json(list(map(tool_schema, conversation.tools)))), False, False)
            yield _special("</json>")
        yield _special("</sys>")
    for message in conversation.messages:
        if message.role == "system":
            continue
        if message.role == "assistant":
            yield _special("<assistant>")
            for part in _answer_parts(message):
                yield part._replace(trained=True)
        else:
            yield _special("<user>" if message.role == "user" else "<result>")
            yield _text(message.content)
            yield _special("<im_end>")
    if reply:
        if last.role not in ("user", "tool"):
            place = f"messages[{len(conversation.messages) - 1}]"
            raise UserError(f"{place}: the assistant replies to user and tool, not to {last.role}")
        yield _special("<assistant>")


def _answer_parts(message: Message) -> Iterator[Part]:
    if message.reasoning:
        yield _special("<reasoning>")
        yield _text(message.reasoning)
        yield _special("</reasoning>")
    yield _text(message.content)
    for call in message.tool_calls:
        yield _special("<tool>")
        yield Part(escape_json(to_json({"name": call.name, "arguments": call.arguments})), False, False)
        yield _special("</tool>")
    yield _special("<im_end>")


def _special(name: str) -> Part:
    return Part(name, True, False)


def _text(text: str) -> Part:
    return Part(escape_text(text), False, False)
