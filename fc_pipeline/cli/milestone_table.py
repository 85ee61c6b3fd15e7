"""Milestones in words, a line each, and waivers that no longer count or are not needed."""

from collections.abc import Iterable, Iterator
from typing import Any

from fc_model.artifacts import Store
from fc_pipeline.engine.gates import bounds
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.milestones import Decision, gate_status, milestone_status
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.formatting import Line, columns

_STYLES: dict[Decision, str] = {
    "go": "green",
    "go by waiver": "yellow",
    "no-go": "bold red",
    "not reached": "dim",
}


def milestone_states(graph: Graph, store: Store, keys: Iterable[str]) -> list[dict[str, Any]]:
    """`milestone_status` of the milestones of the tracks that these keys are of, in order."""
    resolver = Resolver(graph, store)
    tracks = {graph[key].track for key in keys}
    return [milestone_status(one, resolver.artifact) for one in graph.milestones if one.track in tracks]


def milestone_lines(states: list[dict[str, Any]]) -> list[Line]:
    """The decision, what it means, and every gate that did not simply pass."""
    rows = [[state["decision"], f"{state['track']} {state['name']}", _why(state)] for state in states]
    return [(_STYLES[state["decision"]], text) for state, text in zip(states, columns(rows), strict=True)]


def waiver_lines(graph: Graph, store: Store, keys: Iterable[str]) -> Iterator[Line]:
    """A line for each waiver that has expired, and for each of a gate that passes."""
    resolver = Resolver(graph, store)
    for key in keys:
        for gate in graph.gates(key):
            if gate.waiver is None:
                continue
            verdict = gate_status(gate, resolver.artifact(key))["verdict"]
            if gate.waiver.expired:
                yield "bold red", f"waiver of {gate.name} by {gate.waiver.by}: it ended on {gate.waiver.until}"
            elif verdict == "passed":
                yield "yellow", f"waiver of {gate.name} by {gate.waiver.by}: not needed, the gate passes; take it away"


def _why(state: dict[str, Any]) -> str:
    verdicts = [gate["verdict"] for gate in state["gates"]]
    counts = f"{verdicts.count('passed')} of {len(verdicts)} gates passed"
    if "not reached" in verdicts:
        counts += f", {verdicts.count('not reached')} not reached"
    others = [_named(gate) for gate in state["gates"] if gate["verdict"] in ("failed", "waived")]
    waits = [f"holds up {', '.join(state['before'])}"] if state["decision"] == "no-go" else []
    return "; ".join([f"{state['means'].rstrip('.')} ({counts})", *others, *waits])


def _named(gate: dict[str, Any]) -> str:
    value = "missing" if gate["value"] is None else f"{gate['value']:.6g}"
    waived = f" by {gate['waiver']}" if gate["verdict"] == "waived" else ""
    return f"{gate['name']} {gate['verdict']}{waived}: {value}, must be {bounds(gate['min'], gate['max'])}"
