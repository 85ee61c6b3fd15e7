"""Packing: no conversation is split, each is a window's own, and exactly the replies are trained on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from factories.build import build
from factories.conversations import TALK, conversations
from factories.instruction_sources import write_conversations
from factories.models import random_decoder
from factories.stdlib_corpus import Packed
from hypothesis import given, settings
from hypothesis import strategies as st

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.chat.encoding import encode_conversation
from fc_model.chat.messages import Conversation, Message
from fc_model.config.stage import StageConfig
from fc_model.data.token_shards import Shards
from fc_model.data.windows import BOS_ID, TrainBatches
from fc_model.errors import UserError
from fc_model.model.loss import IGNORE
from fc_model.tokenizer import Tokenizer
from fc_model.train.holdout import HoldoutLoss
from fc_pipeline.engine.step import Step
from fc_pipeline.instructions.bins import pack_bins
from fc_pipeline.instructions.document import conversation_document
from fc_pipeline.instructions.pack import pack_conversations

SEQ_LEN = 64


@given(st.lists(st.integers(1, 64), max_size=200))
def test_bins_hold_each_once_and_waste_little(lengths: list[int]) -> None:
    bins = pack_bins(lengths, capacity=64)
    assert sorted(place for members in bins for place in members) == list(range(len(lengths)))
    sums = [sum(lengths[place] for place in members) for members in bins]
    assert all(total <= 64 for total in sums)
    assert sum(total <= 32 for total in sums) <= 1
    assert pack_bins(lengths, capacity=64) == bins


def test_many_bins_take_no_time() -> None:
    lengths = np.random.default_rng(0).integers(1, 2049, size=50_000).tolist()
    bins = pack_bins(lengths, capacity=2048)
    assert len(bins) < 1.02 * sum(lengths) / 2048


def pack(home: Path, packed: Packed, splits: dict[str, Any], *, workers: int = 1, **config: Any) -> Artifact:
    store = Store(home)
    instructions = write_conversations(store, "t/instructions", splits)
    settings_ = {"seq_len": SEQ_LEN, "stages": {"sft": None}} | config
    inputs = {"instructions": instructions, "tokenizer": packed.tokenizer}
    return build(store, "t/instruction_shards", pack_conversations, settings_, inputs, workers=workers)


def spoken(*texts: str) -> Conversation:
    return Conversation(tuple(Message(("user", "assistant")[n % 2], text) for n, text in enumerate(texts)))


@settings(max_examples=8)
@given(st.lists(conversations(), min_size=1, max_size=8), st.sampled_from([8, 64, 200]))
def test_windows_are_whole_conversations(
    tmp_path_factory: pytest.TempPathFactory, packed: Packed, drawn: list[Conversation], seq_len: int
) -> None:
    tokenizer = Tokenizer(packed.tokenizer.path("tokenizer.model"))
    usable = [one for one in drawn if any(encode_conversation(one, tokenizer).trained)]
    chosen = [*usable, spoken("a", "b")]
    splits = {"train": {"drawn": chosen}, "holdout": {"drawn": [spoken("c", "d")]}}
    artifact = pack(tmp_path_factory.mktemp("pack"), packed, splits, seq_len=seq_len, shard_tokens=100)
    shards = Shards(artifact.folder, "train-sft")
    table = list(read_records(artifact.path("documents.jsonl.zst")))
    encoded = {f"drawn/train#{n}": encode_conversation(one, tokenizer) for n, one in enumerate(chosen)}
    assert shards.num_tokens % seq_len == 1 and shards.num_windows(seq_len) == shards.num_tokens // seq_len
    seen = []
    for ordinal in range(shards.num_documents):
        start, stop = shards.document_span(ordinal)
        start += ordinal == 0  # BOS
        ids, mask = shards.tokens(start, stop).tolist(), shards.trained(start, stop).tolist()
        length = ids.index(tokenizer.eos_id) + 1
        assert (start - 1) // seq_len == (start + length - 2) // seq_len, "its targets are of one window"
        whole = encoded[table[shards.document_rows[ordinal]]["id"]]
        assert ids[: length - 1] == whole.ids[1:length] and mask[: length - 1] == whole.trained[1:length]
        assert mask[length - 2] and not any(mask[length - 1 :])
        assert set(ids[length:]) <= {tokenizer.pad_id}
        seen.append(shards.document_rows[ordinal])
    assert len(seen) == len(set(seen))
    too_long = artifact.manifest.counters.dropped.get("too_long", 0)
    assert len(seen) + too_long == len(chosen)
    assert artifact.metrics["cut_conversations"] == sum(record["cut"] for record in table)


def test_batches_predict_the_replies(tmp_path: Path, packed: Packed) -> None:
    """What the decoder is asked for is what the assistant says, each conversation from BOS on."""
    tokenizer = Tokenizer(packed.tokenizer.path("tokenizer.model"))
    talks = [spoken(f"Is it {n}?", f"It is {n}.", "Sure?", "Yes.") for n in range(9)]
    artifact = pack(tmp_path, packed, {"train": {"a": talks}, "holdout": {"a": [talks[0]]}})
    shards = Shards(artifact.folder, "train-sft")
    stage = StageConfig(name="sft", kind="sft", steps=1, seq_len=SEQ_LEN, batch_tokens=SEQ_LEN, lr=1)
    replies = []
    for number in range(shards.num_windows(SEQ_LEN)):
        batch = TrainBatches(shards, stage)(number)
        targets, documents = batch.targets_BT[0].tolist(), batch.document_BT[0].tolist()
        for document in dict.fromkeys(documents):
            inside = [place for place, one in enumerate(documents) if one == document]
            replies.append(tokenizer.decode([targets[place] for place in inside if targets[place] != IGNORE]))
            assert batch.ids_BT[0, inside[0]] == BOS_ID
    wanted = [f"It is {n}.Yes." for n in range(9)]
    assert sorted(filter(None, replies)) == sorted(wanted)


def test_a_window_costs_what_its_conversations_cost_alone(tmp_path: Path, packed: Packed) -> None:
    tokenizer = Tokenizer(packed.tokenizer.path("tokenizer.model"))
    talks = [spoken(f"Is it {n}?", f"It is {n}.") for n in range(4)]
    artifact = pack(tmp_path, packed, {"train": {"a": talks}, "holdout": {"a": [talks[0]]}}, seq_len=128)
    stage = StageConfig(name="sft", kind="sft", steps=1, seq_len=128, batch_tokens=128, lr=1)
    batch = TrainBatches(Shards(artifact.folder, "train-sft"), stage)(0)
    decoder = random_decoder(vocab_size=tokenizer.vocab_size, context_length=128)
    with torch.no_grad():
        together = decoder.loss(batch.ids_BT, batch.targets_BT, batch.document_BT, num_targets=1)
    alone = 0.0
    for one in talks:
        encoded = encode_conversation(one, tokenizer)
        targets = [token if mask else IGNORE for token, mask in zip(encoded.ids, encoded.trained, strict=True)]
        with torch.no_grad():
            alone += float(decoder.loss(torch.tensor([encoded.ids[:-1]]), torch.tensor([targets[1:]]), num_targets=1))
    assert float(together) == pytest.approx(alone, rel=1e-5)
    held_out = HoldoutLoss(artifact.folder, decoder, stage)
    encoded = encode_conversation(talks[0], tokenizer)
    targets = [token if mask else IGNORE for token, mask in zip(encoded.ids, encoded.trained, strict=True)]
    with torch.no_grad():
        expected = float(decoder.loss(torch.tensor([encoded.ids[:-1]]), torch.tensor([targets[1:]])))
    assert held_out.evaluate(torch.device("cpu"), None)["loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("too_long", ["cut", "drop"])
def test_a_long_conversation_ends_after_a_reply_that_fits(tmp_path: Path, packed: Packed, too_long: str) -> None:
    long = spoken("Hi", "Hello", "And now?", "word " * 200, "More", "No")
    splits = {
        "train": {"a": [spoken("a", "b"), long, spoken("word " * 200, "b")]},
        "holdout": {"a": [spoken("c", "d")]},
    }
    artifact = pack(tmp_path, packed, splits, too_long=too_long)
    tokenizer = Tokenizer(packed.tokenizer.path("tokenizer.model"))
    shards = Shards(artifact.folder, "train-sft")
    texts = {tokenizer.decode(shards.tokens(*shards.document_span(n))) for n in range(shards.num_documents)}
    cut = too_long == "cut"
    assert texts == ({"ab", "HiHello"} if cut else {"ab"})
    assert artifact.manifest.counters.dropped == {"too_long": 1 if cut else 2}
    assert artifact.metrics["cut_conversations"] == int(cut)


def test_what_follows_the_last_reply_is_left_out(tmp_path: Path, packed: Packed) -> None:
    open_end = Conversation((*TALK.messages, Message("user", "And Oslo?")), TALK.tools)
    artifact = pack(tmp_path, packed, {"train": {"a": [open_end]}, "holdout": {"a": [TALK]}}, seq_len=512)
    table = list(read_records(artifact.path("documents.jsonl.zst")))
    assert table[0]["tokens"] == table[1]["tokens"] and not table[0]["cut"]


def test_nothing_to_train_on_is_an_error(tmp_path: Path, packed: Packed) -> None:
    splits = {"train": {"a": [spoken("a", "b")]}, "holdout": {"a": [spoken("c", "d")]}}
    with pytest.raises(UserError, match="no conversation for train-sft: change"):
        pack(tmp_path, packed, splits, stages={"sft": {"b": 1.0}})
    with pytest.raises(UserError, match="no conversation that is held out fits seq_len"):
        pack(tmp_path / "holdout", packed, splits | {"holdout": {}})


def test_one_worker_and_two_write_the_same(tmp_path: Path, packed: Packed) -> None:
    splits = {"train": {"a": [spoken(f"n {n}", "m" * n) for n in range(1, 40)]}, "holdout": {"a": [spoken("c", "d")]}}
    assert pack(tmp_path / "1", packed, splits).digest == pack(tmp_path / "2", packed, splits, workers=2).digest


def test_what_a_stage_wrote_is_trained_on_and_never_held_out(tmp_path: Path, packed: Packed) -> None:
    """But for what decontamination drops."""
    store = Store(tmp_path)
    splits = {"train": {"s": [spoken("a", "b")]}, "holdout": {"s": [spoken("c", "d")]}}

    def write_documents(step: Step) -> None:
        with step.out.records("documents.jsonl.zst") as write:
            for number in range(3):
                name = f"self_instruct/{number}"
                one = spoken(f"number {number}", "yes")
                write(dict(conversation_document(one, name=name, source="self_instruct", licence="MIT", meta={})))

    def write_decisions(step: Step) -> None:
        with step.out.records("hits.jsonl.zst") as hit, step.out.records("cut.jsonl.zst"):
            hit({"document": "self_instruct/1", "action": "drop"})

    inputs = {
        "instructions": write_conversations(store, "t/instructions", splits),
        "tokenizer": packed.tokenizer,
        "written": build(store, "t/conversations/written/filtered", write_documents),
        "written_decontaminated": build(store, "t/conversations/written/decontaminated", write_decisions),
    }
    config = {"seq_len": SEQ_LEN, "stages": {"sft_tools": {"self_instruct": 1.0}}}
    artifact = build(store, "t/later_stages/instruction_shards", pack_conversations, config, inputs)
    table = {record["id"]: record["split"] for record in read_records(artifact.path("documents.jsonl.zst"))}
    assert {name: side for name, side in table.items() if name.startswith("self")} == {
        "self_instruct/0": "train",
        "self_instruct/2": "train",
    }
    assert "holdout-self_instruct" not in {entry.path.rsplit("-", 1)[0] for entry in artifact.manifest.files}
    assert Shards(artifact.folder, "train-sft_tools").num_documents == 2
