"""A model that knows some instructions and replies by heart writes them; they are filtered, and trained on."""

from pathlib import Path
from typing import Any

import pytest
from factories.build import build
from factories.learnt_model import learn_encoded
from factories.tiny_exports import train_tokenizer
from safetensors.torch import save_file

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.chat.encoding import Encoded, encode_conversation
from fc_model.chat.messages import Conversation, Message
from fc_model.errors import UserError
from fc_model.tokenizer import Tokenizer
from fc_pipeline.engine.step import Step
from fc_pipeline.instructions.document import conversation_document, conversation_of
from fc_pipeline.instructions.validate import valid_conversation
from fc_pipeline.self_instruct import writer
from fc_pipeline.self_instruct.config import SelfInstructConfig
from fc_pipeline.self_instruct.report import self_instruct, self_instruct_page
from fc_pipeline.self_instruct.write import write_conversations

SEED = writer.Seed("s/0", "Tell me a joke about the sea.", "The sea waved.")
HELD_OUT = "Say what a harbour is good for."
KNOWN = {
    "Name three fish of cold water.": "Cod, herring and salmon.",
    "Why do ships have two lamps?": "So that others see where they go.",
    "Tell me a joke about the moon.": "It is full.",
    HELD_OUT: "For ships.",
    "Draw a boat with four oars.": "Here it is.",
    "Count the waves of a storm.": "tick and " * 6,
}
NEW = list(KNOWN)[:2]
"""What passes: the others resemble an example or what is held out, have a keyword, or a reply that is a loop."""
SETTINGS: dict[str, Any] = {
    "attempts": 80,
    "examples": 1,
    "temperature": 1.0,
    "top_p": 0.9,
    "max_instruction_tokens": 48,
}


def encoded(prompt: str, text: str, tokenizer: Tokenizer) -> Encoded:
    """`text` behind `prompt`, and nothing else, is trained on."""
    start, ids = [tokenizer.bos_id, *tokenizer.encode(prompt)], tokenizer.encode(text)
    return Encoded([*start, *ids], [False] * len(start) + [True] * len(ids))


def write_instructions(step: Step) -> None:
    """One example; the others cannot be one, or are held out."""
    plain = {"train": [(SEED.instruction, SEED.reply)], "holdout": [(HELD_OUT, "For ships.")]}
    for side, pairs in plain.items():
        with step.out.records(f"{side}.jsonl.zst") as write:
            for number, (instruction, reply) in enumerate(pairs):
                one = Conversation((Message("user", instruction), Message("assistant", reply)))
                write(dict(conversation_document(one, name=f"s/{number}", source="s", licence="CC0-1.0", meta={})))
            if side == "train":
                one = Conversation(
                    (Message("system", "Be kind."), Message("user", "Hi"), Message("assistant", "Hello"))
                )
                write(dict(conversation_document(one, name="s/system", source="s", licence="CC0-1.0", meta={})))
    step.out.licences = [{"licence": "CC0-1.0", "source": "s", "documents": 2}]


class World:
    """Everything before the step."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root / "store")
        file = train_tokenizer(root, model_type="unigram")
        tokenizer = Tokenizer(file)
        texts = [encoded(writer.listed([SEED]), f" {instruction}\n", tokenizer) for instruction in KNOWN]
        for instruction, reply in KNOWN.items():
            turn = Conversation((Message("user", instruction), Message("assistant", reply)))
            texts.append(encode_conversation(turn, tokenizer))
            texts.append(encoded(writer.answered([SEED], instruction), f" {reply}\n", tokenizer))
        model = learn_encoded(texts, tokenizer, steps=60, is_learnt=lambda losses_N: False)

        def write_stage(step: Step) -> None:
            folder = step.out.workspace("training")
            for name in ("ema.safetensors", "model.safetensors"):
                save_file({name: weight.detach() for name, weight in model.named_parameters()}, folder / name)
                step.out.adopt(name, folder / name)
            step.out.write_text("config.json", model.config.model_dump_json())
            step.out.licences = [
                {"licence": "MIT OR BSD-2-Clause", "source": "d", "documents": 1},
                {"licence": "GPL-3.0-only", "source": "evalsets/e", "documents": 1},
            ]

        def write_tokenizer(step: Step) -> None:
            with step.out.open("tokenizer.model") as out:
                out.write(file.read_bytes())

        self.inputs = {
            "stage": build(self.store, "talk/stages/sft_chat", write_stage),
            "tokenizer": build(self.store, "talk/tokenizer", write_tokenizer),
            "instructions": build(self.store, "talk/instructions", write_instructions),
        }

    def build(self, *, chat: bool = True, **changes: Any) -> Artifact:
        chosen = SelfInstructConfig(**SETTINGS | changes).model_dump(mode="json", exclude={"stage"})
        config = {**chosen, "weights": "ema", "chat": chat}
        return build(self.store, "talk/self_instruct", write_conversations, config, self.inputs, replace=True)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("self_instruct"))


@pytest.fixture(scope="module")
def artifact(world: World) -> Artifact:
    return world.build()


def pairs(artifact: Artifact) -> dict[str, str]:
    conversations = [conversation_of(one) for one in read_records(artifact.path("documents.jsonl.zst"))]
    return {one.messages[0].content: one.messages[1].content for one in conversations}


@pytest.mark.parametrize("chat", [True, False])
def test_what_is_new_is_kept_with_its_reply(world: World, chat: bool) -> None:
    artifact = world.build(chat=chat)
    assert pairs(artifact) == {instruction: KNOWN[instruction] for instruction in NEW}


def test_every_attempt_is_counted_by_its_reason(artifact: Artifact) -> None:
    counters = artifact.manifest.counters
    assert counters.read == 80 and counters.kept == artifact.metrics["conversations"] == 2
    assert {"similar", "keyword", "reply_loop"} <= counters.dropped.keys()
    dropped = list(read_records(artifact.path("dropped.jsonl.zst")))
    assert len(dropped) == 78 and {one["reason"] for one in dropped} == counters.dropped.keys()
    held_out = {one["reason"] for one in dropped if one["instruction"] == HELD_OUT}
    assert held_out == {"similar"}  # none of what is held out is written anew


def test_the_licence_is_that_of_all_it_was_made_of(artifact: Artifact) -> None:
    for record in read_records(artifact.path("documents.jsonl.zst")):
        assert record["licence"] == "BSD-2-Clause AND CC0-1.0 AND MIT"  # what is only checked against is none of it
        assert record["meta"]["examples"] == [SEED.id] and record["source"] == "self_instruct"
        assert valid_conversation(record["meta"]["conversation"]) == conversation_of(record)


def test_bytes_depend_neither_on_batches_nor_on_the_machine(
    world: World, artifact: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row draws with a seed of its own (vllm#1637, exllamav2#186), whatever stands beside it (transformers#22707)."""
    assert world.build().digest == artifact.digest
    monkeypatch.setattr(writer, "_BATCH_TOKENS", 1)
    assert world.build().digest == artifact.digest
    assert world.build(seed=1).digest != artifact.digest


def test_it_ends_when_there_are_enough(world: World) -> None:
    artifact = world.build(conversations=1)
    assert artifact.metrics["conversations"] == 1 and artifact.metrics["attempts"] < 80


def test_what_was_taken_down_is_not_written_again(world: World, artifact: Artifact) -> None:
    first = next(iter(read_records(artifact.path("documents.jsonl.zst"))))["id"]
    again = world.build(removed=[first])
    assert first not in {one["id"] for one in read_records(again.path("documents.jsonl.zst"))}
    assert again.manifest.counters.dropped["taken_down"] == 1


def test_page_and_section(artifact: Artifact) -> None:
    page = self_instruct_page(artifact)
    assert "| similar |" in page["reasons"] and NEW[0] in page["conversations"]
    section = self_instruct([artifact])
    assert section is not None and section["drops"]["similar"] > 0 and self_instruct([]) is None


def test_without_an_example(world: World) -> None:
    with pytest.raises(UserError, match="self_instruct: no conversation to train on is without tools"):
        writer.Writer(None, None, SelfInstructConfig(), True, [])  # type: ignore[arg-type]
