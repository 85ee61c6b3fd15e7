"""What the model is asked: turns, dialogues and prompts of held-out conversations and held-out text."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from fc_model.artifacts import Artifact, read_records
from fc_model.chat.messages import Conversation, Message
from fc_model.chat.reply import ReplyFormat
from fc_model.errors import UserError
from fc_model.evals.chat.calls import Schemas, schemas_of
from fc_model.evals.chat.instructions import draw_instructions, instruction_prompt
from fc_model.evals.chat.pairwise import Prompt
from fc_model.evals.chat.replies import Speaker
from fc_model.evals.chat.turns import Turn, turns_of
from fc_model.seed import derive_seed
from fc_pipeline.corpus.document import draw
from fc_pipeline.instructions.document import HELD_OUT_FILES, conversation_of, prompt_of

T = TypeVar("T")
_LEAST_WORDS = 5
"""Of a text that is worth a prompt."""


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """A held-out conversation."""

    id: str
    source: str
    kinds: tuple[str, ...]
    conversation: Conversation
    meta: Mapping[str, Any]
    """Of its document: `kind`, `blind`, `requests`, and `tools`, which has the real name of each tool."""

    @property
    def requests(self) -> Sequence[str]:
        """The kind of each message of the user, where it is known."""
        requests: Sequence[str] = self.meta.get("requests", ())
        return requests

    def error_counts_for(self, turn: Turn) -> dict[str, Any]:
        """What an error in a turn of it counts for, see `Failures.add`."""
        named = self.meta.get("tools", {})
        tools = [named.get(call.name, {}).get("tool", call.name) for call in turn.expected.tool_calls]
        asked = sum(message.role == "user" for message in turn.before.messages)
        kind = next(iter(self.requests[asked - 1 : asked]), self.meta.get("kind"))
        return {"source": self.source, "kind": kind, "tools": tools}


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A turn that can be asked."""

    origin: HeldOut
    turn: Turn
    prompt: list[int]
    form: ReplyFormat
    schemas: Schemas


@dataclass
class Chosen:
    """Turns that are asked, and how many of those that were drawn are not, by reason."""

    ready: list[Ready] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=lambda: {"too_long": 0, "unenforceable": 0})


def read_conversations(instructions: Artifact, others: Sequence[Artifact] = ()) -> list[list[HeldOut]]:
    """Files of held-out conversations, with what their `meta` says: `kind`, a text; `blind`, a truth value; `requests`,
    texts. The first file is that of the instructions; then come HELD_OUT_FILES of the others, those that there are."""
    files = [instructions.path("holdout.jsonl.zst")]
    for one in others:
        present = {entry.path for entry in one.manifest.files}
        files += [one.path(name) for name in HELD_OUT_FILES if name in present]
    return [
        [
            HeldOut(
                id=record["id"],
                source=record["source"],
                kinds=tuple(_kinds(record["meta"])),
                conversation=conversation_of(record),
                meta=record["meta"],
            )
            for record in read_records(file)
        ]
        for file in files
    ]


def choose_turns(files: Sequence[Sequence[HeldOut]], speaker: Speaker, *, max_turns: int, seed: int) -> Chosen:
    """Of each file turns with tools in an order drawn by the seed, until enough fit the context and its schemas."""
    chosen = Chosen()
    for conversations in files:
        _choose(chosen, conversations, speaker, most=len(chosen.ready) + max_turns, seed=seed)
    return chosen


def _choose(chosen: Chosen, conversations: Sequence[HeldOut], speaker: Speaker, *, most: int, seed: int) -> None:
    turns = [
        (one, turn)
        for one in conversations
        for turn in turns_of(one.conversation, name=one.id, kinds=one.kinds, requests=one.requests)
    ]
    for origin, turn in shuffled(turns, seed=derive_seed(seed, "turns")):
        if len(chosen.ready) == most:
            break
        prompt = speaker.prompt(turn.before)
        if prompt is None:
            chosen.left_out["too_long"] += 1
            continue
        try:
            schemas, form = schemas_of(turn.before.tools), speaker.form(turn.before)
        except UserError:
            chosen.left_out["unenforceable"] += 1
            continue
        chosen.ready.append(Ready(origin=origin, turn=turn, prompt=prompt, form=form, schemas=schemas))


def instruction_prompts(documents: Artifact, *, max_prompts: int, num_words: int, seed: int) -> list[Prompt]:
    """Prompts about the beginnings of held-out documents, which the seed draws."""
    starts = (
        (draw(f"{seed}:{record['id']}"), record["id"], " ".join(words))
        for record in read_records(documents.path("holdout.jsonl.zst"))
        if len(words := record["text"].split(maxsplit=num_words)[:num_words]) >= _LEAST_WORDS
    )
    prompts = []
    for place, (number, name, text) in enumerate(heapq.nsmallest(max_prompts, starts)):
        instructions = draw_instructions(Random(derive_seed(seed, "instructions", place, number)), text)
        prompts.append(Prompt(id=name, text=instruction_prompt(text, instructions), instructions=instructions))
    return prompts


def openings(conversations: Sequence[HeldOut], *, max_prompts: int, seed: int) -> list[Prompt]:
    """What the user says first, of conversations without tools."""
    plain = [one for one in conversations if not one.conversation.tools]
    order = shuffled(plain, seed=derive_seed(seed, "openings"))
    return [Prompt(id=one.id, text=prompt_of(one.conversation)) for one in order[:max_prompts]]


def as_conversation(prompt: Prompt) -> Conversation:
    return Conversation((Message("user", prompt.text),))


def shuffled(items: Iterable[T], *, seed: int) -> list[T]:
    order = list(items)
    Random(seed).shuffle(order)
    return order


def _kinds(meta: dict[str, Any]) -> Iterator[str]:
    if isinstance(kind := meta.get("kind"), str):
        yield kind
    if isinstance(blind := meta.get("blind"), bool):
        yield "blind tools" if blind else "known tools"
