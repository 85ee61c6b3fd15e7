"""The part in a track: who writes, who reads, and no circle."""

from typing import Any

import pytest
from factories.planted_failures import attributes

from fc_model.errors import UserError
from fc_pipeline.track.config import TrackConfig, parse_track, resolve_extends
from fc_pipeline.track.graph import build_graph, track_steps

WRITTEN, EARLIER, LATER = "talk/self_instruct", "talk/instruction_shards", "talk/later_stages/instruction_shards"


def parse(chosen: dict[str, Any] | None, **weights: dict[str, float]) -> TrackConfig:
    raw = resolve_extends(attributes("instructions.md"))
    raw["instructions"] = {"sources": ["chatterbot_dialogues"], "stages": weights}
    return parse_track("talk", {**raw, "self_instruct": chosen, "gates": []})


def test_a_stage_reads_what_an_earlier_one_wrote() -> None:
    graph = build_graph([parse({})])
    assert graph[WRITTEN].inputs["stage"] == "talk/stages/sft_chat" and graph[WRITTEN].config["chat"] is True
    assert graph["talk/stages/sft_chat"].inputs["instructions"] == EARLIER
    assert graph["talk/stages/sft_tools"].inputs["instructions"] == LATER
    assert WRITTEN not in graph.closure(["talk/stages/sft_chat"])
    assert WRITTEN in graph.closure(["talk/stages/sft_tools"])
    assert WRITTEN not in graph.closure(["talk/instructions"])  # what evaluations ask is written by people
    assert graph[EARLIER].config["stages"] == {"sft_chat": None} and graph[LATER].config["stages"] == {
        "sft_tools": None
    }
    assert graph["talk/conversations/written/filtered"].inputs == {"self_instruct": WRITTEN}


def test_a_stage_of_text_writes_for_all_of_kind_sft() -> None:
    graph = build_graph([parse({"stage": "pretrain_b"})])
    assert graph[WRITTEN].config["chat"] is False and EARLIER not in graph
    assert graph["talk/stages/sft_chat"].inputs["instructions"] == LATER
    assert set(graph[LATER].config["stages"]) == {"sft_chat", "sft_tools"}


def test_without_it_the_windows_are_as_they_were() -> None:
    graph = build_graph([parse(None)])
    assert LATER not in graph and set(graph[EARLIER].config["stages"]) == {"sft_chat", "sft_tools"}


def test_weights_of_the_stage_that_writes_are_judged_first() -> None:
    graph = build_graph([parse({})])
    assert "talk/evals/sft_chat" in graph[WRITTEN].requires


@pytest.mark.parametrize(
    ("chosen", "weights", "message"),
    [
        (
            {"stage": "sft_tools"},
            {},
            "self_instruct.stage: 'sft_tools' is no stage .* behind it.*name one of .*sft_chat",
        ),
        ({"stage": "sft_chatt"}, {}, "did you mean 'sft_chat'"),
        (
            {"stage": "multimodal_full"},
            {},
            "self_instruct.stage: 'multimodal_full' is no stage of kind pretrain or sft",
        ),
        ({"max_reply_tokens": 100_000}, {}, "has no room for examples"),
        ({"max_instruction_tokens": 300, "max_reply_tokens": 300}, {}, "has no room for examples"),
        ({"least_words": 9, "most_words": 8}, {}, r"least_words \(9\) is above most_words \(8\)"),
        ({"keywords": ["draw", "e-mail"]}, {}, "keywords: 'e-mail' is not one word"),
        ({"keywords": [""]}, {}, "keywords: '' is not one word"),
        (
            {},
            {"sft_chat": {"self_instruct": 1.0}},
            "instructions.stages.sft_chat: sft_chat writes self_instruct, so only stages behind it .*: take it out, or",
        ),
        (None, {"sft_tools": {"self_instruct": 1.0}}, "'self_instruct' is no source of the track"),
    ],
)
def test_what_would_be_a_circle_or_keep_nothing_is_refused(
    chosen: dict[str, Any] | None, weights: dict[str, dict[str, float]], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        build_graph([parse(chosen, **weights)])


def test_a_later_stage_may_weigh_it() -> None:
    graph = build_graph([parse({}, sft_tools={"self_instruct": 2.0, "chatterbot_dialogues": 1.0})])
    assert graph[LATER].config["stages"]["sft_tools"]["self_instruct"] == 2.0


def test_taken_down() -> None:
    steps = {step.key: step for step in track_steps(parse({}), without=["self_instruct/7", "chatterbot_dialogues/x#1"])}
    assert steps[WRITTEN].config["removed"] == ["self_instruct/7"]
