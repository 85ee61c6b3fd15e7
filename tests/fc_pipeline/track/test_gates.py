"""Milestones and waivers of a track: what they hold up, and what is refused in one line."""

from datetime import date, datetime
from typing import Any

import pytest
from factories.small_text_track import ATTRIBUTES, small_text_graph

from fc_model.errors import UserError
from fc_pipeline.engine.waivers import Waiver
from fc_pipeline.track.config import parse_track, resolve_extends

LOSS = {"artifact": "stages/pretrain_a", "metric": "loss_final", "max": 9.0, "milestone": "M1"}
GAIN, PARITY = ATTRIBUTES["gates"]
M1 = {"means": "The loss falls.", "before": ["stages/pretrain_b"]}
WAIVER = {"gate": "evals/pretrain_a.unigram_gain", "by": "Ada Lovelace", "reason": "a first try"}


def test_what_waits_for_a_milestone() -> None:
    """The steps that it names wait for its gates and those of the milestones above it, and no identity changes."""
    shards = {"milestone": "M0", "artifact": "shards", "metric": "mix_error_points", "max": 1}
    milestones = {"M0": {"before": ["stages/pretrain_a"]}, "M2": {"before": ["exports/gguf"]}}
    graph, without = small_text_graph(gates=[shards, GAIN], milestones=milestones), small_text_graph(gates=[])
    added = {key: set(graph[key].requires) - set(without[key].requires) for key in graph}
    assert {key: keys for key, keys in added.items() if keys} == {
        "toy/exports/gguf": {"toy/shards", "toy/evals/pretrain_a"},
    }
    assert "toy/shards" in graph["toy/stages/pretrain_a"].inputs.values()
    for key in without:
        if key != "toy/report":
            assert (graph[key].config, graph[key].inputs) == (without[key].config, without[key].inputs)


def test_milestones_are_inherited_with_their_gates() -> None:
    assert [milestone.name for milestone in small_text_graph().milestones] == ["M2", "M6"]
    assert small_text_graph(gates=[]).milestones == ()
    assert resolve_extends({"extends": "nano"})["milestones"].keys() >= {"M0", "M1", "M2", "M3", "M4", "M6"}


def test_waivers_are_not_inherited(tmp_path) -> None:
    (tmp_path / "base").mkdir()
    text = "type: fc_pipeline.components.Track\nattributes: {waivers: [{gate: a.b, by: Ada, reason: why}], gates: []}\n"
    (tmp_path / "base" / "defs.yaml").write_text(text)
    assert resolve_extends({"extends": "base"}, tmp_path) == {"gates": []}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"waivers": [WAIVER | {"reason": " "}]}, "waivers.0.reason"),
        ({"waivers": [{"gate": WAIVER["gate"], "reason": "no name"}]}, "waivers.0.by is missing"),
        ({"waivers": [WAIVER | {"by": "Ada\x1b[31m"}]}, "waivers.0.by: .*without control characters"),
        ({"waivers": [WAIVER | {"gate": "evals/pretrain_a.unigram_gian"}]}, "no gate .*; did you mean .*unigram_gain'"),
        ({"waivers": [WAIVER, WAIVER]}, "evals/pretrain_a.unigram_gain is waived twice"),
        ({"waivers": [WAIVER | {"until": 20261231}]}, "20261231 is no day: write it as 2026-12-31"),
        ({"waivers": [WAIVER | {"until": "2026-13-45"}]}, "waivers.0.until: '2026-13-45' is no day of the calendar"),
        ({"waivers": [WAIVER | {"until": "1798675200"}]}, "'1798675200' is no day: write it as 2026-12-31"),
        ({"waivers": [WAIVER | {"until": "2026-1-1"}]}, "'2026-1-1' is no day: write it as"),
        ({"waivers": [WAIVER | {"until": datetime(2026, 12, 31)}]}, "2026-12-31 00:00:00 is no day"),
        ({"waivers": [WAIVER | {"by": "Ada\u202e"}]}, r"it has U\+202E"),
        ({"waivers": [WAIVER | {"by": "\u200d"}]}, r"it has U\+200D"),
        ({"gates": [GAIN | {"min": 2, "max": 1}]}, "no number is at least 2 and at most 1: correct min or max"),
        ({"gates": [GAIN | {"metric": " "}]}, "gates.0.metric: must have 1 or more characters"),
        ({"gates": [GAIN | {"milestone": "M9"}]}, "there is no milestone 'M9'"),
        ({"milestones": {"M1": M1}}, "milestones.M1: no gate names it: give it one, or take it away"),
        ({"milestones": {"M2": {"before": []}}}, "milestones.M2.before"),
        ({"milestones": {"M2": {"before": ["stages/pretrain_c"]}}}, "is no step of this track; did you mean"),
        (
            {"milestones": {"M2": {"before": ["corpus/filtered"]}}},
            "'corpus/filtered' is of the corpus, which tracks share; there are: evals/pretrain_a,",
        ),
        (
            {"milestones": {"M2": {"before": ["shards"]}}},
            "milestones.M2.before: 'shards' is needed for evals/pretrain_a, which M2 judges: name a step that follows",
        ),
        (
            {"gates": [GAIN, LOSS], "milestones": {"M1": M1 | {"before": ["stages/pretrain_a"]}}},
            "milestones.M1.before: 'stages/pretrain_a' is needed for stages/pretrain_a, which M1 judges",
        ),
    ],
)
def test_refused_in_one_line(changes: dict[str, Any], error: str) -> None:
    with pytest.raises(UserError, match=error) as raised:
        small_text_graph(**changes)
    assert "\n" not in str(raised.value) and str(raised.value).startswith("tracks/toy: ")


def test_names_as_people_write_them() -> None:
    """Of Persian, with what parts letters inside a word, and with a space that does not break."""
    people = ("مهدی\u200cزاده", "A.\u00a0Lovelace")
    waivers = [WAIVER | {"by": by, "gate": f" {WAIVER['gate']} "} for by in people]
    parsed = [parse_track("toy", resolve_extends(ATTRIBUTES | {"waivers": [waiver]})).waivers[0] for waiver in waivers]
    assert tuple(waiver.by for waiver in parsed) == people


@pytest.mark.parametrize("until", ["2026-12-31", date(2026, 12, 31)], ids=["text", "date"])
def test_last_day(until: object) -> None:
    """YAML gives a date, Dagster's reader of YAML a text."""
    track = parse_track("toy", resolve_extends(ATTRIBUTES | {"waivers": [WAIVER | {"until": until}]}))
    assert track.waivers == [Waiver(**WAIVER, until=date(2026, 12, 31))]
    assert str(track.waivers[0]) == "Ada Lovelace: a first try, until 2026-12-31"
