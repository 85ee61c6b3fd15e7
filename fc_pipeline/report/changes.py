"""What changed since the report before this one: artifacts that are new or other, and metrics that moved."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from fc_model.artifacts import Artifact, ManifestError, Store

_OF_THE_MACHINE = ("seconds", "per_second", "mfu", "memory")
"""Parts of the names of metrics that differ between two equal builds."""


class Moved(NamedTuple):
    """A metric of an artifact that was built again."""

    metric: str
    artifact: Artifact
    before: float | None
    """None for a metric that the earlier artifact did not have."""
    now: float | None
    """None for a metric that it no longer has."""
    earlier: Artifact
    judged: bool
    """Whether a gate of the track is on it."""


def last_report(store: Store, key: str, *, but: str) -> Artifact | None:
    """The report that was committed last, other than the one of the identity `but`; None for a first one."""
    return next((artifact for artifact in reversed(store.versions(key)) if artifact.identity != but), None)


def changes(artifacts: Iterable[Artifact], earlier: Artifact, store: Store) -> dict[str, Any]:
    """The artifacts beside the inputs of an earlier report of the track.

    Returns {"earlier", "new": artifacts, "gone": [{"key", "identity"}], "rebuilt": [{"artifact", "before" (identity),
    "equal": the same bytes}], "same" (number), "moved": [Moved], those under a gate first, then by how far, "lost":
    keys whose earlier artifact was deleted, so that its metrics are unknown}.
    """
    before = {entry.key: entry for entry in earlier.manifest.recipe.inputs.values()}
    now = {artifact.key: artifact for artifact in artifacts}
    rebuilt: list[dict[str, Any]] = [
        {"artifact": artifact, "before": before[key].identity, "equal": before[key].digest == artifact.digest}
        for key, artifact in now.items()
        if key in before and before[key].identity != artifact.identity
    ]
    moved: list[Moved] = []
    lost = []
    for row in rebuilt:
        artifact = row["artifact"]
        old = _find(store, artifact.key, row["before"])
        if old is None:
            lost.append(artifact.key)
        else:
            moved += _moved(artifact, old)
    return {
        "earlier": earlier,
        "new": [artifact for key, artifact in now.items() if key not in before],
        "gone": [{"key": key, "identity": entry.identity} for key, entry in before.items() if key not in now],
        "rebuilt": rebuilt,
        "same": sum(key in before and before[key].identity == artifact.identity for key, artifact in now.items()),
        "moved": sorted(moved, key=lambda metric: (not metric.judged, -_how_far(metric.before, metric.now))),
        "lost": lost,
    }


def _find(store: Store, key: str, identity: str) -> Artifact | None:
    try:
        return store.find(key, identity)
    except ManifestError:
        return None


def _moved(artifact: Artifact, earlier: Artifact) -> list[Moved]:
    judged = {verdict["metric"] for verdict in artifact.manifest.gates}
    before, now = earlier.metrics, artifact.metrics
    return [
        Moved(name, artifact, before.get(name), now.get(name), earlier, name in judged)
        for name in {**now, **before}
        if before.get(name) != now.get(name) and not any(part in name for part in _OF_THE_MACHINE)
    ]


def _how_far(before: float | None, now: float | None) -> float:
    """The distance in units of the larger of both; a value that is infinite or missing is the farthest."""
    if before is None or now is None or not (math.isfinite(before) and math.isfinite(now)):
        return math.inf
    return abs(now - before) / max(abs(before), abs(now))
