"""What a conversation with a model of a track is bounded by."""

import pytest

from fc_pipeline.cli.models import grounding_of
from fc_pipeline.experiments.graph import project_graph


@pytest.mark.parametrize(("track", "grounding"), [("nano", "request"), ("pico", "conversation")])
def test_calls_quote_in_chat_as_they_are_judged(track: str, grounding: str) -> None:
    assert grounding_of(project_graph(of=track), track) == grounding
