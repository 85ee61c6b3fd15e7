"""A milestone's decision follows from its gates; waivers that have ended or are not needed are named."""

from datetime import UTC, datetime, timedelta

import pytest
from factories.gates import waived

from fc_model.errors import UserError
from fc_pipeline.engine.gates import Gate
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.milestones import Milestone, decision
from fc_pipeline.engine.plan import make_plan

GATE = Gate(artifact="score", metric="documents", min=9, milestone="M1")


@pytest.mark.parametrize(
    ("verdicts", "decided"),
    [
        (["passed", "passed"], "go"),
        (["passed", "waived"], "go by waiver"),
        (["failed", "waived", "not reached"], "no-go"),
        (["passed", "waived", "not reached"], "not reached"),
        ([], "not reached"),
    ],
)
def test_decision(verdicts, decided):
    assert decision(verdicts) == decided


def with_gate(toy, gate: Gate) -> Graph:
    """The toy project with a milestone that its report waits for."""
    toy.gates = [gate]
    graph = toy.graph
    milestone = Milestone(
        track="toy", name="M1", means="Enough is read.", before=("toy/report",), gates=(("toy/score", gate),)
    )
    return Graph(graph.values(), {"toy/score": [gate]}, milestones=[milestone])


def ends(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


CASES = {
    "not waived": (GATE, "no-go"),
    "waived": (waived(GATE, "on purpose"), "go by waiver"),
    "waived until today": (waived(GATE, "on purpose", until=ends(0)), "go by waiver"),
    "waived until yesterday": (waived(GATE, "on purpose", until=ends(-1)), "no-go"),
    "not needed": (waived(GATE.model_copy(update={"min": 2}), "on purpose"), "go"),
    "zero is a bound": (Gate(artifact="score", metric="documents", max=0), "no-go"),
    "no such metric": (Gate(artifact="score", metric="documnets", min=0), "no-go"),
}


@pytest.mark.parametrize(("gate", "decided"), CASES.values(), ids=CASES)
def test_status_and_run(toy, command, monkeypatch, gate, decided):
    for key in ("sources/letters", "corpus/toy/cleaned"):
        toy.materialize(key)
    graph = with_gate(toy, gate)
    monkeypatch.setattr("fc_pipeline.experiments.graph.project_graph", lambda **_: graph)
    assert any(line.startswith("not reached  toy M1  Enough is read (0 of 1") for line in command("status", "toy")[1])
    toy.materialize("toy/score")
    lines = command("status", "toy")[1]
    (line,) = [line for line in lines if " toy M1  " in line]
    assert line.startswith(f"{decided}  ")
    waivers = [line for line in lines if line.startswith("waiver of ")]
    if decided == "no-go":
        assert line.endswith("; holds up toy/report")
        with pytest.raises(UserError, match="toy/report cannot go on from toy/score: gate score"):
            toy.materialize("toy/report")
        assert [item.key for item in make_plan(graph, toy.store, graph) if item.blocked] == ["toy/report"]
    else:
        assert not toy.materialize("toy/report").reused
    if gate.waiver is not None and gate.waiver.expired:
        assert waivers == [f"waiver of score.documents by Ada Lovelace: it ended on {ends(-1)}"]
        with pytest.raises(UserError, match=rf"the waiver by Ada Lovelace ended on {ends(-1)}\)"):
            toy.materialize("toy/report")
    elif decided == "go":
        assert waivers == ["waiver of score.documents by Ada Lovelace: not needed, the gate passes; take it away"]
    else:
        assert waivers == []


def test_waiver_that_ends_is_judged_again(toy):
    """The verdict in the manifest still says waived; what follows is stopped all the same, and the plan says why."""
    with_gate(toy, waived(GATE, "on purpose", until=ends(0)))
    toy.build()
    assert toy.present("toy/score").manifest.gates[0]["waived"] == f"Ada Lovelace: on purpose, until {ends(0)}"
    with_gate(toy, waived(GATE, "on purpose", until=ends(-1)))
    with pytest.raises(UserError, match="the waiver by Ada Lovelace ended"):
        toy.materialize("toy/report")
    assert {item.key: item.state for item in make_plan(toy.graph, toy.store, toy.graph)}["toy/score"] == "rejudge"
    assert toy.present("toy/score").manifest.gates[0]["waived"] is None
