"""The part in a track: its step, its source of conversations, the settings of its page."""

from typing import Any

import pytest
from factories.documented_track import attributes

from fc_model.errors import UserError
from fc_pipeline.track.config import TrackConfig, parse_track, resolve_extends
from fc_pipeline.track.graph import build_graph


def parse(**changes: Any) -> TrackConfig:
    talk = attributes("instructions.md")
    talk["instructions"] |= {"sources": [], "stages": {"sft_tools": {"tool_dialogues": 2}}}
    return parse_track("talk", resolve_extends(talk | attributes("tool-dialogues.md") | changes))


def test_dialogues_are_a_source_of_conversations() -> None:
    track = parse()
    graph = build_graph([track])
    assert graph["talk/conversations/filtered"].inputs == {"tool_dialogues": "talk/tool_dialogues"}
    assert graph["talk/tool_dialogues"].inputs == {"documents": f"corpus/{track.corpus.name}/split"}
    assert graph["talk/tool_dialogues"].config["train"] == 20_000


def test_the_held_out_ones_are_asked_after_training() -> None:
    graph = build_graph([parse(chat_evals={"max_reply_tokens": 64})])
    assert graph["talk/chat_evals/sft_tools"].inputs["held_out/tool_dialogues"] == "talk/tool_dialogues"


def test_none_by_default() -> None:
    track = parse(tool_dialogues=None, gates=[])
    with pytest.raises(UserError, match=r"instructions\.sources is empty"):
        build_graph([track])


def test_without_instructions() -> None:
    with pytest.raises(UserError, match="tool_dialogues are conversations for `instructions`: add it"):
        parse(instructions=None, stages={})
