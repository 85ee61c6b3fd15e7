"""Gates: conditions on an artifact's metrics that must hold before another step uses it.

The verdict is written into the artifact's manifest, because a Dagster check holds only within its own run.
A missing verdict, a missing metric and a metric that is not a number all fail. A gate on an artifact that tracks share
counts for the track that sets it alone (docs/decisions/gates.md).
"""

import math
from typing import Any, Self

from pydantic import Field, PrivateAttr, model_validator

from fc_model.artifacts import Artifact, Counters
from fc_model.config.line import Line
from fc_model.config.strict import Strict
from fc_model.errors import UserError
from fc_pipeline.engine.waivers import Waiver

_ASKED = ("metric", "min", "max")
"""Fields that match a verdict with its gate: a metric may have several gates."""


class Gate(Strict):
    """One condition on one metric of one artifact of the track, or of its corpus.

    `with_waiver` joins it with the track's waiver of it, which stands apart from it in the file (`waivers`).
    """

    artifact: Line = Field(
        description="In the track, such as evals/pretrain_b; or of its corpus: corpus/filter_quality."
    )
    metric: Line = Field(description="Of the artifact, such as bits_per_byte; or removed_share: of the documents read.")
    min: float | None = Field(default=None, description="The metric must be at least this.")
    max: float | None = Field(default=None, description="The metric must be at most this.")
    why: str = Field(default="", description="Why the bound is what it is; what was measured stands beside it.")
    milestone: str | None = Field(default=None, description="The milestone that it belongs to, such as M2; or null.")
    _waiver: Waiver | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _bounded(self) -> "Gate":
        if self.min is None and self.max is None:
            raise ValueError(f"gate {self.artifact}.{self.metric} has neither min nor max: give one")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(
                f"gate {self.artifact}.{self.metric}: no number is {bounds(self.min, self.max)}: correct min or max"
            )
        return self

    @property
    def name(self) -> str:
        return f"{self.artifact}.{self.metric}"

    @property
    def waiver(self) -> Waiver | None:
        """The track's waiver of it, also one that has expired."""
        return self._waiver

    @property
    def waived(self) -> bool:
        """Whether steps go on in spite of a failure."""
        return self._waiver is not None and not self._waiver.expired

    def with_waiver(self, waiver: Waiver | None) -> Self:
        gate = self.model_copy()
        gate._waiver = waiver
        return gate

    def verdict(self, metrics: dict[str, float]) -> dict[str, Any]:
        """The verdict as stored in the manifest; `value` is None when the metric is missing or not finite."""
        value = metrics.get(self.metric)
        good = value is not None and math.isfinite(value)
        passed = good and (self.min is None or value >= self.min) and (self.max is None or value <= self.max)  # type: ignore[operator]
        return {
            "name": self.name,
            "metric": self.metric,
            "value": value if good else None,
            "min": self.min,
            "max": self.max,
            "why": self.why,
            "passed": passed,
            "waived": str(self.waiver) if self.waived else None,
        }


class SharedGate(Gate):
    """A gate on a shared artifact: it blocks only the track that sets it."""

    track: str

    @property
    def name(self) -> str:
        """The name with the track, since other tracks may set other bounds on the same metric."""
        return f"{self.track}: {super().name}"

    def verdict(self, metrics: dict[str, float]) -> dict[str, Any]:
        return {**super().verdict(metrics), "track": self.track}


def judge(metrics: dict[str, float], gates: list[Gate]) -> list[dict[str, Any]]:
    return [gate.verdict(metrics) for gate in gates]


def judged_metrics(metrics: dict[str, float], counters: Counters) -> dict[str, float]:
    """An artifact's metrics, and `removed_share`: the share of documents dropped or quarantined."""
    if not counters.read:
        return metrics
    return {**metrics, "removed_share": (sum(counters.dropped.values()) + counters.quarantined) / counters.read}


def failures(artifact: Artifact, gates: list[Gate]) -> list[str]:
    """Why no step may use the artifact, one line each; empty when steps may use it."""
    reasons = []
    for gate in gates:
        asked = (gate.metric, gate.min, gate.max)
        verdicts = [entry for entry in artifact.manifest.gates if tuple(map(entry.get, _ASKED)) == asked]
        if not verdicts:
            reasons.append(f"gate {gate.name} has no verdict: materialize {artifact.key} again")
        elif not (verdicts[0]["passed"] or gate.waived):
            reasons.append(f"gate {gate.name} failed: {failure(gate, verdicts[0]['value'])}")
    return reasons


def failure(gate: Gate, value: float | None) -> str:
    """`0.1, must be at least 0.2`, and that a waiver no longer counts."""
    shown = "its metric is missing or no number" if value is None else f"{value}"
    ended = f" (the waiver by {gate.waiver.by} ended on {gate.waiver.until})" if gate.waiver is not None else ""
    return f"{shown}, must be {bounds(gate.min, gate.max)}{ended}"


def bounds(low: float | None, high: float | None) -> str:
    """`at least 1 and at most 2`."""
    named = (("at least", low), ("at most", high))
    return " and ".join(f"{word} {bound:g}" for word, bound in named if bound is not None)


def require_passed(artifact: Artifact, gates: list[Gate], *, for_key: str) -> None:
    """Raises UserError unless every gate of the artifact has a passing (or waived) verdict."""
    reasons = failures(artifact, gates)
    if reasons:
        raise UserError(
            f"{for_key} cannot go on from {artifact.key}: {'; '.join(reasons)} (or waive it in the track: by whom, why)"
        )
