"""The step that makes `<track>/self_instruct`: a model writes instructions from examples, and replies to them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from fc_model.artifacts import read_records
from fc_model.chat.messages import Conversation, Message
from fc_model.chat.text import SentencePieceCodec
from fc_model.checkpoints.load import Weights, load_decoder
from fc_model.device import pick_device, set_threads
from fc_model.seed import derive_seed
from fc_pipeline.engine.step import Step
from fc_pipeline.instructions.document import conversation_document, conversation_of, prompt_of
from fc_pipeline.lineage.licences import licence_names
from fc_pipeline.self_instruct.config import SelfInstructConfig
from fc_pipeline.self_instruct.filters import Draft, instruction_fault, reply_fault
from fc_pipeline.self_instruct.rouge import Pool
from fc_pipeline.self_instruct.writer import Seed, Writer

SOURCE = "self_instruct"
_ROUND = 64
"""Attempts between which the written instructions become examples; they are also what is computed at once."""


class WrittenConfig(SelfInstructConfig):
    """Of the step."""

    weights: Weights
    chat: bool
    """Whether the writer was trained on conversations: replies are in the chat format then."""


@dataclass
class Attempt:
    """An instruction, a reply, and why they are dropped."""

    number: int
    examples: list[str] = field(default_factory=list)
    """Ids of the conversations that were shown."""
    instruction: Draft | None = None
    reply: Draft | None = None
    fault: str | None = None

    def to_record(self) -> dict[str, Any]:
        texts = {
            name: draft and draft.text for name, draft in (("instruction", self.instruction), ("reply", self.reply))
        }
        return {"number": self.number, "reason": self.fault, **texts}


def write_conversations(step: Step) -> None:
    """Writes documents.jsonl.zst, the conversations as documents of instructions, and dropped.jsonl.zst, every other
    attempt: {"number", "reason", "instruction", "reply"}.

    Attempts go in rounds. Each is shown examples, some of which the model wrote in earlier rounds, and draws with a
    seed of its own. Its licence is that of all that the stage and the examples were made of, joined by AND.

    config: WrittenConfig. inputs: `stage`, `tokenizer`, `instructions`: examples are of what is trained on, and nothing
    may resemble a first prompt of either side. Metrics: conversations, attempts, kept_share, dropped_<reason>.

    Raises:
        UserError: an example does not fit the context.
    """
    config = WrittenConfig.model_validate({"stage": None, **step.config})
    set_threads(step.runtime.threads)
    decoder = load_decoder(step.inputs["stage"].folder, weights=config.weights, device=pick_device(step.runtime.device))
    codec = SentencePieceCodec(step.inputs["tokenizer"].path("tokenizer.model"), decoder.config.vocab_size)
    conversations = [(side, one) for side in ("train", "holdout") for one in _read(step, side)]
    seeds = [seed for side, (name, one) in conversations if side == "train" and (seed := _seed(name, one)) is not None]
    pool = Pool(prompt_of(one) for _, (_, one) in conversations)
    writer = Writer(decoder, codec, config, config.chat, seeds)
    licence = _licence(step)
    counters, written = step.out.counters, list[Seed]()
    with step.out.records("documents.jsonl.zst") as keep, step.out.records("dropped.jsonl.zst") as drop:
        for first in range(0, config.attempts, _ROUND):
            numbers = range(first, min(first + _ROUND, config.attempts))
            for attempt in _round(writer, numbers, written, pool, config):
                if counters.kept == config.conversations:
                    break
                counters.read += 1
                if attempt.fault is not None:
                    counters.drop(attempt.fault)
                    drop(attempt.to_record())
                    continue
                counters.kept += 1
                written.append(_kept(attempt))
                document = conversation_document(
                    _conversation(written[-1]),
                    name=written[-1].id,
                    source=SOURCE,
                    licence=licence,
                    meta={"examples": attempt.examples},
                )
                keep(dict(document))
            step.runtime.report({"attempts": counters.read, "kept": counters.kept})
            if counters.kept == config.conversations:
                break
    step.out.metrics = {
        "conversations": counters.kept,
        "attempts": counters.read,
        "kept_share": round(counters.kept / counters.read, 6),
        **{f"dropped_{reason}": count for reason, count in sorted(counters.dropped.items())},
    }


def _round(writer: Writer, numbers: range, written: list[Seed], pool: Pool, config: WrittenConfig) -> Iterator[Attempt]:
    """The attempts in their order; what is kept is in the pool before the next one is judged."""
    attempts = [Attempt(number) for number in numbers]
    shown = [_examples(writer.seeds, written, config, number) for number in numbers]
    seeds = [derive_seed(config.seed, "instruction", number) for number in numbers]
    for attempt, examples, draft in zip(attempts, shown, writer.instructions(shown, seeds), strict=True):
        attempt.examples, attempt.instruction = [one.id for one in examples], draft
        attempt.fault = instruction_fault(draft, config, pool)
    asked = [(attempt, examples) for attempt, examples in zip(attempts, shown, strict=True) if attempt.fault is None]
    replies = writer.replies([(attempt.instruction.text or "", examples) for attempt, examples in asked])  # type: ignore[union-attr]
    for (attempt, _), reply in zip(asked, replies, strict=True):
        attempt.reply = reply
    for attempt in attempts:
        if attempt.fault is None and attempt.instruction is not None and attempt.reply is not None:
            text = attempt.instruction.text or ""
            attempt.fault = reply_fault(attempt.reply, text)
            if attempt.fault is None and pool.has_similar(text, config.max_similarity):  # to one of this round
                attempt.fault = "similar"
            if attempt.fault is None and f"{SOURCE}/{attempt.number}" in config.removed:
                attempt.fault = "taken_down"
            if attempt.fault is None:
                pool.add(text)
        yield attempt


def _examples(seeds: list[Seed], written: list[Seed], config: WrittenConfig, number: int) -> list[Seed]:
    """As many as are wanted, some of them written, in an order that tells nothing."""
    random = Random(derive_seed(config.seed, "examples", number))
    own = random.sample(written, min(config.written_examples, len(written), config.examples - 1))
    examples = own + random.sample(seeds, min(config.examples - len(own), len(seeds)))
    random.shuffle(examples)
    return examples


def _read(step: Step, side: str) -> Iterator[tuple[str, Conversation]]:
    for record in read_records(step.inputs["instructions"].path(f"{side}.jsonl.zst")):
        yield record["id"], conversation_of(record)


def _seed(name: str, conversation: Conversation) -> Seed | None:
    """The first prompt and its reply, each on one line; None where tools or a system's text stand before the reply."""
    if conversation.tools or [message.role for message in conversation.messages[:2]] != ["user", "assistant"]:
        return None
    instruction, reply = (" ".join(message.content.split()) for message in conversation.messages[:2])
    return Seed(name, instruction, reply) if instruction and reply else None


def _kept(attempt: Attempt) -> Seed:
    assert attempt.instruction is not None and attempt.reply is not None
    return Seed(f"{SOURCE}/{attempt.number}", attempt.instruction.text or "", attempt.reply.text or "")


def _conversation(seed: Seed) -> Conversation:
    return Conversation((Message("user", seed.instruction), Message("assistant", seed.reply)))


def _licence(step: Step) -> str:
    entries = [entry for role in ("stage", "instructions") for entry in step.inputs[role].manifest.licences]
    return " AND ".join(f"({name})" if " OR " in name else name for name in licence_names(entries))
