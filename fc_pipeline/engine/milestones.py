"""Milestones: gates in groups, each a go or no-go for the steps that follow (docs/milestones.md).

The verdicts are those of the gates, in the manifests; a milestone stores nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from fc_model.artifacts import Artifact
from fc_model.config.line import Line
from fc_model.config.strict import Strict
from fc_pipeline.engine.gates import Gate, judged_metrics

Decision = Literal["go", "go by waiver", "no-go", "not reached"]
Verdict = Literal["passed", "waived", "failed", "not reached"]


class MilestoneConfig(Strict):
    """What a milestone means, and what waits for it. Its gates are those that name it."""

    means: Line = Field(description="What is known when its gates have passed, in a sentence.")
    before: list[str] = Field(
        min_length=1, description="Steps of the track that wait for it and all milestones before it: stages/pretrain_b."
    )


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """A milestone of a track, with keys of artifacts."""

    track: str
    name: str
    means: str
    before: tuple[str, ...]
    gates: tuple[tuple[str, Gate], ...]
    """(key of the artifact, gate) of each."""


def decision(verdicts: Iterable[Verdict]) -> Decision:
    """Of the verdicts on all gates of a milestone. One failure is a no-go, whatever is not reached yet."""
    states = set(verdicts)
    if "failed" in states:
        return "no-go"
    if "not reached" in states or not states:
        return "not reached"
    return "go by waiver" if "waived" in states else "go"


def milestone_status(milestone: Milestone, find: Callable[[str], Artifact | None]) -> dict[str, Any]:
    """{"track", "name", "means", "decision", "before", "gates": [figures]}, by the gates as they are now.

    Args:
        find: the present artifact of a key, None where it is not built.
    """
    figures = [gate_status(gate, find(key)) for key, gate in milestone.gates]
    return {
        "track": milestone.track,
        "name": milestone.name,
        "means": milestone.means,
        "decision": decision(figure["verdict"] for figure in figures),
        "before": list(milestone.before),
        "gates": figures,
    }


def gate_status(gate: Gate, artifact: Artifact | None) -> dict[str, Any]:
    """{"name", "verdict", "value", "min", "max", "waiver": who and why, also one that has expired or is not needed}."""
    value, verdict = None, "not reached"
    if artifact is not None:
        judged = gate.verdict(judged_metrics(artifact.metrics, artifact.manifest.counters))
        value, verdict = judged["value"], "passed" if judged["passed"] else "waived" if gate.waived else "failed"
    return {
        "name": f"{gate.artifact}.{gate.metric}",
        "verdict": verdict,
        "value": value,
        "min": gate.min,
        "max": gate.max,
        "waiver": str(gate.waiver) if gate.waiver is not None else None,
    }
