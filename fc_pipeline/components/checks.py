"""Asset checks that show the gates in the UI. The binding verdict is in the manifest."""

import re
from typing import Any

import dagster as dg

from fc_pipeline.engine.gates import Gate, SharedGate, bounds


def check_names(gates: list[Gate]) -> list[str]:
    """One name a gate: its metric, with the track on shared artifacts; numbered when a metric has several gates."""
    names: list[str] = []
    for gate in gates:
        owner = f"{gate.track}_" if isinstance(gate, SharedGate) else ""
        name = re.sub(r"\W", "_", f"{owner}{gate.metric}")
        same = sum(1 for other in names if other == name or re.fullmatch(rf"{name}_\d+", other))
        names.append(f"{name}_{same + 1}" if same else name)
    return names


def check_specs(key: str, gates: list[Gate]) -> list[dg.AssetCheckSpec]:
    """Blocking checks: in the same run nothing downstream starts after a failure.

    On shared artifacts they do not block: only the track that set the gate must stop, and its own steps ensure that.
    """
    return [
        dg.AssetCheckSpec(
            name=name,
            asset=key.split("/"),
            blocking=not isinstance(gate, SharedGate),
            description=_about(gate),
        )
        for name, gate in zip(check_names(gates), gates, strict=True)
    ]


def check_results(key: str, gates: list[Gate], verdicts: list[dict[str, Any]]) -> list[dg.AssetCheckResult]:
    """The verdicts of the manifest as check results; a waived failure passes as a warning that gives the reason."""
    results = []
    for name, verdict in zip(check_names(gates), verdicts, strict=True):
        waived = not verdict["passed"] and bool(verdict["waived"])
        value = "missing" if verdict["value"] is None else f"{verdict['value']:.6g}"
        text = f"{verdict['metric']} is {value}, must be {bounds(verdict['min'], verdict['max'])}"
        metadata = {part: verdict[part] for part in ("value", "min", "max") if verdict[part] is not None}
        results.append(
            dg.AssetCheckResult(
                check_name=name,
                asset_key=key.split("/"),
                passed=verdict["passed"] or waived,
                severity=dg.AssetCheckSeverity.WARN if waived else dg.AssetCheckSeverity.ERROR,
                description=f"WAIVED: {verdict['waived']} ({text})" if waived else text,
                metadata=metadata,
            )
        )
    return results


def _about(gate: Gate) -> str:
    """`loss_final must be at most 0.5. Learnt by heart. Milestone M1.`"""
    milestone = f"Milestone {gate.milestone}." if gate.milestone is not None else ""
    return " ".join(filter(None, (f"{_asked(gate)} must be {bounds(gate.min, gate.max)}.", gate.why, milestone)))


def _asked(gate: Gate) -> str:
    return f"{gate.track}: {gate.metric}" if isinstance(gate, SharedGate) else gate.metric
