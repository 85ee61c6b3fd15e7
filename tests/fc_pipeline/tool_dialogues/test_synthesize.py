"""Dialogues of a small real corpus: the topics of Python's own help."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import pytest
from factories.build import build

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.chat.grounding.mode import Grounding
from fc_model.errors import UserError
from fc_model.evals.chat.turns import rules_out, turns_of
from fc_model.tools.registry import TOOLS
from fc_pipeline.engine.step import Step
from fc_pipeline.instructions.document import conversation_of
from fc_pipeline.instructions.validate import valid_conversation
from fc_pipeline.report.write import write_report
from fc_pipeline.tool_dialogues.config import ToolDialoguesConfig
from fc_pipeline.tool_dialogues.dialogue import Dialogue, Workbench
from fc_pipeline.tool_dialogues.masking import MaskedTool
from fc_pipeline.tool_dialogues.promises import broken_promise
from fc_pipeline.tool_dialogues.report import dialogues_page, tool_dialogues
from fc_pipeline.tool_dialogues.synonyms import SYNONYMS
from fc_pipeline.tool_dialogues.synthesize import FILES, synthesize_dialogues
from fc_pipeline.tool_dialogues.topics.registry import TOPICS, fields

SETTINGS = {"train": 120, "holdout": 30, "blind_holdout": 20, "documents": 60}


def write_split(step: Step) -> None:
    for side, first in (("train", 0), ("holdout", 1)):
        with step.out.records(f"{side}.jsonl.zst") as write:
            for name in sorted(topics)[first::2]:
                write({"id": f"help/{name}", "text": topics[name], "source": "help", "licence": "PSF-2.0"})


def settings(**changes: Any) -> dict[str, Any]:
    return ToolDialoguesConfig(**SETTINGS | changes).model_dump(mode="json")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def documents(store: Store) -> Artifact:
    return build(store, "corpus/help/split", write_split)


@pytest.fixture(scope="module")
def made(store: Store, documents: Artifact) -> Artifact:
    return build(store, "talk/tool_dialogues", synthesize_dialogues, settings(), {"documents": documents})


@pytest.mark.parametrize("grounding", ["conversation", "request"])
def test_no_reference_calls_with_what_may_not_be_quoted(made: Artifact, grounding: Grounding) -> None:
    turns = [
        turn
        for side in FILES
        for record in records(made, side)
        for turn in turns_of(conversation_of(record), name=record["id"], kinds=())
        if turn.expected.tool_calls
    ]
    assert len(turns) > 100
    assert [turn for turn in turns if rules_out(grounding, turn)] == []


def records(artifact: Artifact, side: str) -> list[dict[str, Any]]:
    return list(read_records(artifact.path(FILES[side])))  # type: ignore[index]


def dialogue_of(record: dict[str, Any]) -> Dialogue:
    """From the record alone, as an evaluation does."""
    conversation, meta = conversation_of(record), record["meta"]
    named = {schema["function"]["name"]: schema for schema in conversation.tools}
    tools = tuple(MaskedTool(named[name], **tool) for name, tool in meta["tools"].items())
    return Dialogue(tuple(meta["requests"]), conversation, tools, meta["files"])


def test_metrics(made: Artifact) -> None:
    metrics = made.metrics
    assert metrics["broken_promises"] == metrics["blind_leaks"] == 0
    assert metrics["dialogues"] > 100 and metrics["holdout_dialogues"] > 15 and metrics["blind_dialogues"] > 10
    assert 15 < metrics["masked_dialogues"] < 60
    assert made.manifest.licences == [
        {"licence": "PSF-2.0", "source": "tool_dialogues", "documents": metrics["dialogues"]}
    ]
    kinds = Counter(record["meta"]["requests"][0] for record in records(made, "train"))
    assert kinds.keys() == {"single", "chained", "parallel", "no_tool", "no_fit", "missing", "retry"}


@pytest.mark.parametrize("side", FILES)
def test_records_are_conversations_that_keep_their_promises(made: Artifact, side: str, tmp_path: Path) -> None:
    benches: dict[str, Workbench] = {}
    for record in records(made, side):
        assert valid_conversation(record["meta"]["conversation"]) == conversation_of(record)
        now, dialogue = record["meta"]["now"], dialogue_of(record)
        if any(call.name == "search_corpus" for call in dialogue.calls()):
            continue  # its index is the step's own
        bench = benches.setdefault(now, Workbench(tmp_path, datetime.fromisoformat(now)))
        assert broken_promise(dialogue, bench) is None, record["id"]
    for bench in benches.values():
        bench.__exit__(None, None, None)


def test_blind_tools_are_in_no_other_dialogue(made: Artifact) -> None:
    blind = set(ToolDialoguesConfig().blind)
    for side in ("train", "holdout"):
        assert all(blind.isdisjoint(tool.tool for tool in dialogue_of(one).tools) for one in records(made, side))
    assert {record["meta"].get("blind") for record in records(made, "train")} == {None}
    assert {record["meta"]["blind"] for record in records(made, "holdout")} == {False}
    for record in records(made, "blind"):
        assert record["meta"]["blind"]
        calls = dialogue_of(record).calls()
        assert calls and {call.name for call in calls} <= blind


def test_no_call_of_the_holdout_is_trained_on(made: Artifact) -> None:
    def calls(side: str) -> set[str]:
        return {
            f"{call.name} {sorted(call.arguments.items())}"
            for record in records(made, side)
            for call in dialogue_of(record).calls()
            if call.arguments
        }

    assert calls("train").isdisjoint(calls("holdout") | calls("blind"))


def test_nothing_that_is_offered_could_answer_what_is_declined(made: Artifact) -> None:
    declined = [record for record in records(made, "train") if record["meta"]["requests"] == ["no_fit"]]
    assert declined and all(not dialogue_of(record).calls() and dialogue_of(record).tools for record in declined)


def test_equal_bytes_with_more_workers(made: Artifact, store: Store, documents: Artifact) -> None:
    again = build(
        store, "talk/tool_dialogues", synthesize_dialogues, settings(), {"documents": documents}, code="2", workers=2
    )
    assert again.digest == made.digest


def test_pages(made: Artifact) -> None:
    assert "| single |" in dialogues_page(made)["kinds"]
    section = tool_dialogues([made])
    assert section is not None and {row["name"] for row in section["tools"]} >= {"convert_units", "weekday"}
    assert tool_dialogues([]) is None


def test_report(made: Artifact, store: Store) -> None:
    config = {
        "name": "talk",
        "description": "",
        "sections": {"tool_dialogues": "Tool dialogues"},
        "gates": [],
        "milestones": {},
    }
    report = build(
        store, "talk/report", write_report, config, {"made": made}, helpers={"tool_dialogues": tool_dialogues}
    )
    assert "<td>convert_units</td>" in report.path("report.html").read_text("utf-8")
    assert re.search(r"\| no.?_fit \| \d+ \| \d+ \| 0 \|", report.path("report.md").read_text("utf-8"))


def test_settings_that_keep_nothing_are_an_error_in_a_line(store: Store, documents: Artifact) -> None:
    with pytest.raises(UserError, match=r"none of 4 dialogues to train on is kept \(.*too_long \d+\); raise max_char"):
        build(
            store,
            "long/tool_dialogues",
            synthesize_dialogues,
            settings(train=4, holdout=0, blind_holdout=0, least_others=20, most_others=20, max_characters=500),
            {"documents": documents},
        )


def test_too_small_a_corpus(run_step: Callable[..., Artifact]) -> None:
    def write_small(step: Step) -> None:
        for side in ("train", "holdout"):
            with step.out.records(f"{side}.jsonl.zst") as line:
                line({"id": "a/1", "text": "Too little.", "source": "a", "licence": "MIT"})

    documents = run_step(write_small, "corpus/a/split", {})
    with pytest.raises(UserError, match="has 0 numbers, dialogues need 20: add documents"):
        run_step(synthesize_dialogues, "talk/tool_dialogues", settings(), documents=documents)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"blind": ["weekdays"]}, "'weekdays' is no tool; did you mean 'weekday'"),
        ({"blind": ["weekday"]}, "weekday has the domain of current_time, .*: name them, too"),
        ({"blind": ["read_image"]}, "no dialogue asks for read_image"),
        ({"blind": []}, "blind_holdout needs tools in `blind`"),
        ({"least_others": 6}, r"least_others \(6\) is more than most_others \(5\)"),
        ({"kinds": dict.fromkeys(ToolDialoguesConfig().kinds.model_dump(), 0)}, "every kind has share 0"),
    ],
)
def test_settings(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ToolDialoguesConfig(**changes)


def test_every_tool_has_synonyms_and_a_topic() -> None:
    assert SYNONYMS.keys() == TOOLS.keys()
    for name, tool in TOOLS.items():
        assert SYNONYMS[name].parameters.keys() == tool.parameters["properties"].keys(), name
        assert len({other for other, _ in SYNONYMS[name].parameters.values()}) == len(SYNONYMS[name].parameters), name
        assert fields(name), name
    assert TOOLS.keys() - {topic.tool for topic in TOPICS} == {"read_image"}
    assert all(len(topic.requests) >= 7 for topic in TOPICS)
