"""How a model is asked for instructions, and for replies to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from fc_model.chat.agent import TurnEncoder
from fc_model.chat.encoding import encode_conversation
from fc_model.chat.escaping import unescape_text
from fc_model.chat.messages import Conversation, Message
from fc_model.errors import UserError
from fc_model.inference.generate import Sampler, Sampling
from fc_model.inference.greedy_batch import by_length, sampled_batch
from fc_model.inference.text_codec import TextCodec
from fc_model.model.decoder import Decoder
from fc_model.special_tokens import END_OF_TURN
from fc_pipeline.self_instruct.config import SelfInstructConfig
from fc_pipeline.self_instruct.filters import Draft

_BATCH_TOKENS = 8192
_LIKELIEST = Sampling(temperature=0)


class Seed(NamedTuple):
    """An instruction and its reply, each on one line."""

    id: str
    instruction: str
    reply: str


@dataclass
class Writer:
    """A model that writes.

    Attributes:
        chat: whether replies are in the chat format.
        seeds: examples of real conversations, at least one.
    """

    decoder: Decoder
    codec: TextCodec
    config: SelfInstructConfig
    chat: bool
    seeds: list[Seed]

    def __post_init__(self) -> None:
        """Raises UserError where there is no example."""
        if not self.seeds:
            raise UserError(
                "self_instruct: no conversation to train on is without tools and begins with a user, so there is no "
                "example: add a source, or take self_instruct away"
            )

    def instructions(self, examples: Sequence[Sequence[Seed]], seeds: Sequence[int]) -> list[Draft]:
        """A new instruction behind each list of examples, drawn with its own seed; it ends where its line ends."""
        limit, top_p = self.config.max_instruction_tokens, self.config.top_p
        prompts = [self._longest(shown, listed, limit) for shown in examples]
        chosen = [Sampling(temperature=self.config.temperature, top_k=0, top_p=top_p, seed=seed) for seed in seeds]
        return self._write(prompts, chosen, limit, end=None)

    def replies(self, asked: Sequence[tuple[str, Sequence[Seed]]]) -> list[Draft]:
        """The likeliest reply to each instruction: a turn of the chat format, or the line behind examples."""
        limit = self.config.max_reply_tokens
        if self.chat:
            encoder, end = TurnEncoder(self.codec), self.codec.special(END_OF_TURN)
            turns = [Conversation((Message("user", text),)) for text, _ in asked]
            prompts = [encode_conversation(turn, encoder, reply=True).ids for turn in turns]
        else:
            end = None
            prompts = [self._longest(shown, partial(answered, instruction=text), limit) for text, shown in asked]
        return self._write(prompts, [_LIKELIEST] * len(prompts), limit, end=end)

    def _longest(self, examples: Sequence[Seed], render: Callable[[Sequence[Seed]], str], limit: int) -> list[int]:
        """The ids of as many of the examples as leave room for `limit` tokens."""
        for count in range(len(examples), 0, -1):
            ids = [self.codec.bos, *self.codec.tokenize([render(examples[:count])])[0]]
            if len(ids) + limit <= self.decoder.config.context_length:
                break
        return ids

    def _write(
        self, prompts: list[list[int]], sampling: Sequence[Sampling], limit: int, *, end: int | None
    ) -> list[Draft]:
        """A text behind each prompt. It ends with the token `end`, or without one before a new line.

        Batches depend on the prompts alone, and a row's draws on its own seed. One that leaves no room is unfinished.
        """
        drafts = [Draft("", ended=False, control=False)] * len(prompts)
        fitting = [n for n, ids in enumerate(prompts) if len(ids) + limit <= self.decoder.config.context_length]
        for batch in by_length([prompts[n] for n in fitting], max_tokens=_BATCH_TOKENS):
            numbers = [fitting[place] for place in batch]
            texts = sampled_batch(
                self.decoder,
                [prompts[n] for n in numbers],
                [Sampler(sampling[n]) for n in numbers],
                max_tokens=limit,
                is_complete=lambda new: self._is_complete(new, end),
            )
            for n, ids in zip(numbers, texts, strict=True):
                drafts[n] = self._draft(ids, end)
        return drafts

    def _is_complete(self, ids: list[int], end: int | None) -> bool:
        return ids[-1] in self._control or (end is None and b"\n" in self.codec.pieces(ids[-1:])[0])

    def _draft(self, ids: list[int], end: int | None) -> Draft:
        ended, control = False, False
        if ids and ids[-1] in self._control:
            ended, control = ids[-1] == end, ids[-1] != end
            ids = ids[:-1]
        data = b"".join(self.codec.pieces(ids))
        if end is None:
            data, newline, _ = data.partition(b"\n")
            ended = bool(newline)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return Draft(None, ended, control)
        return Draft((unescape_text(text) if end is not None else text).strip(), ended, control)

    @property
    def _control(self) -> frozenset[int]:
        return frozenset(self.codec.control_tokens)


def listed(examples: Sequence[Seed]) -> str:
    """As Wang et al. 2022 ask for an instruction: a numbered list that goes on."""
    lines = [f"{number}. {one.instruction}" for number, one in enumerate(examples, start=1)]
    return "\n".join(["Come up with a series of tasks:", *lines, f"{len(lines) + 1}."])


def answered(examples: Sequence[Seed], instruction: str) -> str:
    """Tasks with their answers, and one without."""
    blocks = [f"Task: {one.instruction}\nAnswer: {one.reply}\n" for one in examples]
    return "\n".join([*blocks, f"Task: {instruction}\nAnswer:"])
