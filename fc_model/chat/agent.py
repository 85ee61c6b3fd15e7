"""A conversation in which the model may call tools: it proposes, the call is checked and run, and it goes on."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from fc_model.chat.encoding import encode_conversation
from fc_model.chat.grounding.mode import Grounding
from fc_model.chat.grounding.tools import answer_pattern, grounded_tools
from fc_model.chat.messages import Conversation, Message
from fc_model.chat.reply import JsonReply, Reply, ReplyFormat
from fc_model.errors import UserError
from fc_model.inference.generate import Runtime, Sampler, Sampling, generate
from fc_model.inference.grammar import JsonGrammar
from fc_model.inference.text_codec import TextCodec
from fc_model.special_tokens import END_OF_TURN, EOS
from fc_model.tools.call import Outcome, run_call
from fc_model.tools.sandbox import Sandbox
from fc_model.tools.tool import Tool

_LEAST_REPLY = 16
"""Tokens that a context must have left for a reply."""
_FRAME = 8
"""More than the control tokens of a result and of the turn behind it."""
_NO_ROOM = "the result has {} characters, which the context has no room for: ask for less"


class Step(NamedTuple):
    """What happened: the text of a turn, its reasoning, a call as JSON, or the result of one."""

    kind: Literal["text", "reasoning", "call", "result"]
    text: str


@dataclass
class Agent:
    """A model of the chat format in a conversation. `seed` of the sampling counts up from reply to reply.

    Attributes:
        tools: what the model may call; they run in `sandbox`, which they need.
        rounds: most replies to one question; the last one is made without tools, so that there is an answer.
        grounding: what the numbers and dates of a call may be.
        grammar: a reply is JSON of it, and nothing else.
    """

    runtime: Runtime
    codec: TextCodec
    sampling: Sampling
    num_tokens: int
    tools: Sequence[Tool] = ()
    sandbox: Sandbox | None = None
    system: str = ""
    rounds: int = 4
    grounding: Grounding = "none"
    grammar: JsonGrammar | None = None
    messages: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._schemas = tuple(tool.schema() for tool in self.tools)
        self._encoder = TurnEncoder(self.codec)
        error = Outcome(error=_NO_ROOM.format(10**9)).text()
        self._error_tokens = len(self._encoder.encode(error)) + _FRAME + _LEAST_REPLY
        """Room for a result that has none itself, and for what the model says of it."""
        self._forms = {True: ReplyFormat(self.codec, self._schemas), False: ReplyFormat(self.codec)}

    def reset(self) -> None:
        """Begin a new conversation."""
        self.messages.clear()

    def ask(self, text: str) -> Generator[Step, None, None]:
        """What happens until the model has answered; all of it is remembered.

        Raises UserError when the question alone is too long for the model's context, and for JSON that is cut. After
        an error, and when it is broken off, the conversation is as it was before.
        """
        before = len(self.messages)
        self.messages.append(Message("user", text))
        try:
            yield from self._answer()
        except BaseException:  # Ctrl-C too: a question without its answer, or a call without its result, is no turn
            del self.messages[before:]
            raise

    def _answer(self) -> Generator[Step, None, None]:
        for number in range(1, self.rounds + 1):
            message, calls = yield from self._reply(with_tools=number < self.rounds)
            self.messages.append(message)
            if not calls:
                return
            for call in calls:
                yield Step("call", call)
                yield Step("result", self._run(call))

    def _run(self, call: str) -> str:
        """Carry out a call as it was written, and remember its result; one that has no room becomes an error."""
        assert self.sandbox is not None, "tools run in a sandbox"
        result = run_call(call, self.sandbox).text()
        self.messages.append(Message("tool", result))
        try:
            self._prompt()
        except UserError:
            result = Outcome(error=_NO_ROOM.format(len(result))).text()
            self.messages[-1] = Message("tool", result)
        return result

    def _reply(self, *, with_tools: bool) -> Generator[Step, None, tuple[Message, tuple[str, ...]]]:
        """Yields reasoning and text as they are drawn; returns the message, and the JSON of its calls."""
        ids = self._prompt()
        room = self.runtime.context_length - len(ids)
        if calls_tools := with_tools and bool(self.tools):
            room = max(room - self._error_tokens, _LEAST_REPLY)
        num_tokens = min(self.num_tokens, room)
        form = self._forms[calls_tools]
        if self.grounding != "none" and self.tools:
            form = self._grounded_form(self._schemas if calls_tools else ())
        reply = Reply(form, num_tokens) if self.grammar is None else JsonReply(self.grammar, self.codec, num_tokens)
        sampler = Sampler(self.sampling, constraint=reply)
        self.sampling = replace(self.sampling, seed=self.sampling.seed + 1)
        stop = {self.codec.special(END_OF_TURN), self.codec.special(EOS)}
        shown = _Shown(reply)
        for _ in generate(self.runtime, ids, sampler, num_tokens=num_tokens, stop=stop):
            yield from shown.new(final=False)
        message = reply.message()
        yield from shown.new(final=True)
        return message, reply.calls

    def _grounded_form(self, schemas: Sequence[dict[str, Any]]) -> ReplyFormat:
        """Tools that cannot be called with what is stated are known to the model, and not to the format."""
        return grounded_form(self.codec, schemas, [Message("system", self.system), *self.messages], self.grounding)

    def _prompt(self) -> list[int]:
        """The ids of the conversation; its oldest questions are left out where the context has no room for all.

        There is room where a whole reply fits, or a quarter of the context; beside the last question alone, any reply.
        """
        wanted = max(_LEAST_REPLY, min(self.num_tokens, self.runtime.context_length // 4))
        wanted += self._error_tokens if self.tools else 0
        system = [Message("system", self.system)] if self.system else []
        starts = [number for number, message in enumerate(self.messages) if message.role == "user"]
        for start in starts:
            conversation = Conversation((*system, *self.messages[start:]), self._schemas)
            ids = encode_conversation(conversation, self._encoder, reply=True).ids
            room = self.runtime.context_length - len(ids)
            if room >= (wanted if start != starts[-1] else _LEAST_REPLY):
                return ids
        raise UserError(
            f"the question needs {len(ids)} tokens with what stands before it, and the model's context has "
            f"{self.runtime.context_length}: ask less, or with fewer tools"
        )


def grounded_form(
    codec: TextCodec, tools: Sequence[dict[str, Any]], messages: Sequence[Message], grounding: Grounding
) -> ReplyFormat:
    """The format of a reply behind these messages whose calls, and whose answer to a result, quote them."""
    pattern = answer_pattern(messages, grounding) if messages[-1].role == "tool" else None
    return ReplyFormat(codec, grounded_tools(tools, messages, grounding), pattern=pattern)


class _Shown:
    """How much of a reply was shown: its reasoning once that has ended, and its text."""

    def __init__(self, reply: Reply | JsonReply) -> None:
        self._reply, self._num_characters, self._reasoned = reply, 0, False

    def new(self, *, final: bool) -> Iterator[Step]:
        if not self._reasoned and (final or self._reply.state != "reasoning") and self._reply.reasoning:
            yield Step("reasoning", self._reply.reasoning)
            self._reasoned = True
        text = self._reply.text(final=final)
        if len(text) > self._num_characters:
            yield Step("text", text[self._num_characters :])
            self._num_characters = len(text)


class TurnEncoder:
    """A codec as `encode_conversation` asks one."""

    def __init__(self, codec: TextCodec) -> None:
        self._codec = codec

    def special(self, name: str) -> int:
        return self._codec.special(name)

    def encode(self, text: str) -> list[int]:
        return self._codec.tokenize([text])[0] if text else []
