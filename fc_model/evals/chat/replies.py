"""Greedy replies to conversations: as the model writes them, and bounded by the chat format and the tools' schemas."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fc_model.chat.agent import TurnEncoder, grounded_form
from fc_model.chat.encoding import encode_conversation
from fc_model.chat.escaping import unescape_text
from fc_model.chat.grounding.mode import Grounding
from fc_model.chat.messages import Conversation
from fc_model.chat.reply import Reply, ReplyFormat
from fc_model.inference.decoder_runtime import DecoderRuntime
from fc_model.inference.generate import Sampler, Sampling, generate
from fc_model.inference.greedy_batch import by_length, greedy_batch
from fc_model.inference.text_codec import TextCodec
from fc_model.model.decoder import Decoder
from fc_model.special_tokens import END_OF_TURN, EOS
from fc_model.strict_json import to_json

_BATCH_TOKENS = 4096


@dataclass(frozen=True, kw_only=True)
class Written:
    """A turn as text."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[str, ...] = ()
    """JSON of each call, as it was written; of one that did not end, what there is."""
    ended: bool = False
    """Whether the turn was ended by its token."""
    ids: tuple[int, ...] = ()
    """All of it as tokens, with the one that ended it."""


@dataclass
class Speaker:
    """A model that replies.

    Attributes:
        max_tokens: of a reply.
        grounding: what the numbers and dates of a call may be.
    """

    decoder: Decoder
    codec: TextCodec
    max_tokens: int
    grounding: Grounding = "none"
    _forms: dict[str, ReplyFormat] = field(default_factory=dict)

    def form(self, conversation: Conversation) -> ReplyFormat:
        """The format of a reply in it. Raises UserError for a schema that cannot be enforced."""
        tools = to_json(list(conversation.tools))
        if tools not in self._forms:
            self._forms[tools] = ReplyFormat(self.codec, conversation.tools)
        return self._forms[tools]

    def grounded_form(self, conversation: Conversation) -> ReplyFormat:
        """The same, where a reply quotes the conversation as `grounding` asks."""
        return grounded_form(self.codec, conversation.tools, conversation.messages, self.grounding)

    def prompt(self, conversation: Conversation) -> list[int] | None:
        """The ids of the conversation up to the reply; None where the context has no room for both."""
        ids = encode_conversation(conversation, TurnEncoder(self.codec), reply=True).ids
        return ids if len(ids) + self.max_tokens <= self.decoder.config.context_length else None

    def free(self, prompts: Sequence[list[int]], report: Callable[[int], None] = lambda done: None) -> list[Written]:
        """Replies without a bound, but for their length."""
        stops = {self.codec.special(END_OF_TURN), self.codec.special(EOS)}
        replies: dict[int, Written] = {}
        for batch in by_length(prompts, max_tokens=_BATCH_TOKENS):
            texts = greedy_batch(
                self.decoder,
                [prompts[number] for number in batch],
                max_tokens=self.max_tokens,
                is_complete=lambda new: new[-1] in stops,
            )
            replies |= {number: read_turn(text, self.codec) for number, text in zip(batch, texts, strict=True)}
            report(len(replies))
        return [replies[number] for number in range(len(prompts))]

    def bounded(self, prompt: list[int], free: Written, form: ReplyFormat) -> Written:
        """The reply that the format allows.

        Greedy, it is the free one up to where that leaves the format, so only what follows is computed.
        """
        reply, ids = Reply(form), list[int]()
        if _follow(reply, free.ids, ids):
            return free
        reply, ids = Reply(form, self.max_tokens), []
        _follow(reply, free.ids, ids)
        if reply.state != "end" and len(ids) < self.max_tokens:
            sampler = Sampler(Sampling(temperature=0), constraint=reply)
            rest = generate(
                DecoderRuntime(self.decoder), [*prompt, *ids], sampler, num_tokens=self.max_tokens - len(ids)
            )
            for token in rest:
                ids.append(token)
                if reply.state == "end":
                    break
        return read_turn(ids, self.codec)


def _follow(reply: Reply, written: Sequence[int], ids: list[int]) -> bool:
    """Go on with what was written, up to where that leaves the format; whether it ends the turn."""
    for token in written:
        if not reply.allowed()[token]:
            return False
        reply.accept(token)
        ids.append(token)
    return reply.state == "end"


def read_turn(ids: Sequence[int], codec: TextCodec) -> Written:
    """The parts of a turn, whatever order they come in; special tokens that mean nothing in a turn are left out."""
    leads = {"<reasoning>": "reasoning", "</reasoning>": "text", "<tool>": "call", "</tool>": "text"}
    places = {codec.special(name): place for name, place in leads.items()}
    control, end = set(codec.control_tokens), codec.special(END_OF_TURN)
    texts, calls, place = {"reasoning": b"", "text": b""}, list[bytes](), "text"
    for token in ids:
        if token in places:
            place = places[token]
            if place == "call":
                calls.append(b"")
        elif token not in control:
            piece = codec.pieces([token])[0]
            if place == "call":
                calls[-1] += piece
            else:
                texts[place] += piece
    read = {name: unescape_text(text.decode(errors="replace")) for name, text in texts.items()}
    written = tuple(call.decode(errors="replace") for call in calls)
    return Written(**read, calls=written, ended=bool(ids) and ids[-1] == end, ids=tuple(ids))
