"""The part in a track: its step, its source of conversations, the settings of its page."""

from typing import Any

import pytest
from factories.documented_track import attributes

from fc_model.errors import UserError
from fc_pipeline.track.config import TrackConfig, parse_track, resolve_extends
from fc_pipeline.track.graph import build_graph


def parse(**changes: Any) -> TrackConfig:
    talk = attributes("instructions.md")
    talk["instructions"] |= {"sources": [], "stages": {"sft_tools": {"reasoning": 2}}}
    return parse_track("talk", resolve_extends(talk | attributes("reasoning.md") | changes))


def test_problems_are_a_source_of_conversations() -> None:
    graph = build_graph([parse(chat_evals={"win_rate": None})])
    assert graph["talk/conversations/filtered"].inputs == {"reasoning": "talk/reasoning"}
    step = graph["talk/reasoning"]
    assert step.config["train"] == 20_000 and step.config["tables"][0]["version"] is not None
    assert graph["talk/chat_evals/sft_tools"].inputs["held_out/reasoning"] == "talk/reasoning"


def test_without_tables_none_is_read() -> None:
    chosen = {"kinds": {"table": 0}, "tables": ["no_such_table"]}
    assert build_graph([parse(reasoning=chosen)])["talk/reasoning"].config["tables"] == []
    with pytest.raises(UserError, match="table 'no_such_table' is not in the catalogue"):
        build_graph([parse(reasoning={"tables": ["no_such_table"]})])


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UserError, match="reasoning makes conversations for `instructions`: add it"):
        parse(instructions=None, stages={})
    none = dict.fromkeys(("table", "text", "units", "story", "chess", "gym"), 0)
    with pytest.raises(UserError, match="every kind has share 0"):
        parse(reasoning={"kinds": none})
