"""Sides of conversations with groups: a group is on one side, and what is blind is seen nowhere in training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from factories.build import build

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_model.errors import UserError
from fc_pipeline.engine.step import Step
from fc_pipeline.instructions.document import conversation_document
from fc_pipeline.instructions.split import split_conversations
from fc_pipeline.instructions.unique import unique_conversations


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}


def call(prompt: str, name: str, *others: str) -> Conversation:
    messages = (Message("user", prompt), Message("assistant", tool_calls=(ToolCall(name, {}),)))
    return Conversation(messages, tuple(map(tool, (name, *others))))


def declined(prompt: str, *others: str) -> Conversation:
    return Conversation((Message("user", prompt), Message("assistant", "No.")), tuple(map(tool, others)))


def split(
    folder: Path, conversations: Sequence[tuple[str | None, Conversation]], **config: Any
) -> tuple[Artifact, Artifact]:
    """(what is unique, its sides) of (group, conversation) of the source `real`."""

    def write(step: Step) -> None:
        with step.out.records("documents.jsonl.zst") as keep:
            for number, (group, conversation) in enumerate(conversations):
                meta = {"kind": "call"} | ({} if group is None else {"group": group})
                keep(
                    dict(
                        conversation_document(
                            conversation, name=f"real/{number}", source="real", licence="MIT", meta=meta
                        )
                    )
                )

    store = Store(folder)
    documents = build(store, "t/conversations/filtered", write)
    unique = build(store, "t/conversations/unique", unique_conversations, {"removed": []}, {"documents": documents})
    settings = {"fraction": 0, "min_documents": 1} | config
    return unique, build(store, "t/instructions", split_conversations, settings, {"documents": unique})


def side(artifact: Artifact, name: str) -> dict[str, dict[str, Any]]:
    """{prompt: its meta}."""
    records = read_records(artifact.path(f"{name}.jsonl.zst"))
    return {record["meta"]["conversation"]["messages"][0]["content"]: record["meta"] for record in records}


def offered(meta: dict[str, Any]) -> set[str]:
    return {one["function"]["name"] for one in meta["conversation"]["tools"]}


def test_a_group_is_on_one_side(tmp_path: Path) -> None:
    conversations = [(f"s{n % 20}/i", call(f"do {n}", f"t{n % 20}")) for n in range(200)]
    _, sides = split(tmp_path, conversations, fraction=0.2)
    train, holdout = side(sides, "train"), side(sides, "holdout")
    groups = [{meta["group"] for meta in part.values()} for part in (train, holdout)]
    assert groups[0].isdisjoint(groups[1]) and len(train) + len(holdout) == 200 and groups[1]
    assert all(meta["blind"] is True for meta in holdout.values()), "its tools are in no other group"
    assert not any("blind" in meta for meta in train.values())
    assert sides.metrics["unseen_tools"] == len(groups[1])


def test_blind_groups_are_held_out_whole_and_their_tools_are_not_offered(tmp_path: Path) -> None:
    conversations = [
        ("a/x/1", call("a1", "ax", "ay", "b")),
        ("a/y/1", call("a2", "ay", "ax")),
        ("ab/1", call("ab", "ab", "ax")),
        ("b/1", call("b1", "b", "ax", "ab")),
        ("b/2", declined("b2", "ax")),
        ("b/3", declined("b3", "ax", "ab")),
        *[(f"c/{n}", call(f"c{n}", "c", "b")) for n in range(8)],
    ]
    _, sides = split(tmp_path, conversations, blind={"real": ["a"]})
    train, holdout = side(sides, "train"), side(sides, "holdout")
    assert {"a1", "a2"} <= holdout.keys() and all(holdout[name]["blind"] is True for name in ("a1", "a2"))
    known = holdout.keys() - {"a1", "a2"}
    assert known and offered(holdout["a1"]) == {"ax", "ay", "b"}
    assert not any(offered(meta) & {"ax", "ay"} for meta in train.values())
    assert sides.manifest.counters.dropped in ({"no_tools_left": 1}, {})
    assert "b2" not in train
    assert sides.metrics["blind_documents"] >= 2


def test_templates_of_a_known_tool_are_not_blind(tmp_path: Path) -> None:
    _, sides = split(tmp_path, [(f"timers/start/{n}", call(f"start {n}", "start")) for n in range(30)])
    (held,) = side(sides, "holdout").values()
    assert held["blind"] is False
    assert sides.metrics["blind_documents"] == sides.metrics["unseen_tools"] == 0


def test_a_source_may_be_blind_as_a_whole(tmp_path: Path) -> None:
    _, sides = split(tmp_path, [("a/1", call("one", "a")), ("b/1", call("two", "b"))], blind={"real": ["*"]})
    assert side(sides, "train") == {} and side(sides, "holdout").keys() == {"one", "two"}
    assert sides.metrics["blind_documents"] == 2


def test_conversations_without_a_group_stay_as_they_are(tmp_path: Path) -> None:
    conversations: list[tuple[str | None, Conversation]] = [(None, call(f"do {n}", "t", f"u{n}")) for n in range(30)]
    conversations += [("g/1", call("other", "v", "t")), ("g/2", call("another", "v"))]
    _, sides = split(tmp_path, conversations, fraction=0.3)
    for name in ("train", "holdout"):
        for prompt, meta in side(sides, name).items():
            if prompt.startswith("do "):
                assert "blind" not in meta and offered(meta) == {"t", f"u{prompt[3:]}"}


def test_a_prompt_belongs_to_one_group(tmp_path: Path) -> None:
    conversations: list[tuple[str | None, Conversation]] = [
        ("a/1", call("List tags", "a")), ("b/1", call("list TAGS!", "b")), ("a/1", declined("list tags", "b")),
        (None, call("List tags", "x")), (None, call("Other", "x")), ("b/1", call("Other", "b")),
    ]  # fmt: skip
    unique, _ = split(tmp_path, [*conversations, ("c/1", call("c", "c"))])
    assert unique.manifest.counters.dropped == {"prompt_of_another_group": 3}
    notes = list(read_records(unique.path("duplicates.jsonl.zst")))
    assert [note["id"] for note in notes] == ["real/1", "real/3", "real/5"] and notes[0]["duplicate_of"] is None


def test_one_group_cannot_be_split(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"real has too few conversations to split \(2\); add some"):
        split(tmp_path, [("a", call("one", "a")), ("a", call("two", "a"))])


@pytest.mark.parametrize(
    ("blind", "message"),
    [
        ({"real": ["alpha", "bet"]}, "blind.real: no group 'bet'"),
        ({"real": ["alpha/x/1/0"]}, "blind.real: no group 'alpha/x/1/0'"),
    ],
)
def test_a_group_that_there_is_not_is_an_error(tmp_path: Path, blind: dict[str, list[str]], message: str) -> None:
    conversations = [("alpha/x/1", call("one", "a")), ("beta/x", call("two", "b"))]
    with pytest.raises(UserError, match=message):
        split(tmp_path, [*conversations], blind=blind)
