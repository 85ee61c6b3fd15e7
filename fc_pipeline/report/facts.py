"""Tables of the report that every artifact has: cost, verdicts, licences, lineage."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from fc_model.artifacts import Artifact
from fc_pipeline.engine.milestones import Verdict, decision
from fc_pipeline.lineage.licences import USES, use_of


def cite(artifact: Artifact) -> str:
    """Citation of an artifact in the HTML report, which may depend on the time of a build."""
    return f"{artifact.key}@{artifact.identity}"


def cite_content(artifact: Artifact) -> str:
    """Citation of an artifact in files whose bytes depend on the contents of the inputs alone."""
    return f"{artifact.key}@sha256:{artifact.digest[:16]}"


def cost(artifacts: Iterable[Artifact]) -> list[dict[str, Any]]:
    """Per artifact: seconds, CPU seconds, peak memory, bytes on disk, and tokens and FLOPs of training."""
    return [
        {"artifact": artifact, "disk_bytes": artifact.num_bytes}
        | {name: artifact.manifest.run.get(name) for name in ("seconds", "cpu_seconds", "peak_memory_bytes")}
        | {name: artifact.metrics[name] if "flops" in artifact.metrics else None for name in ("tokens", "flops")}
        for artifact in artifacts
    ]


def totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Sums over `cost`; of peak memory, the maximum."""
    sums = {
        name: sum(row[name] or 0 for row in rows)
        for name in ("seconds", "cpu_seconds", "disk_bytes", "tokens", "flops")
    }
    return sums | {"peak_memory_bytes": max((row["peak_memory_bytes"] or 0 for row in rows), default=0)}


def gates(artifacts: Iterable[Artifact], *, track: str) -> list[dict[str, Any]]:
    """Every verdict with its artifact, state and margin, the distance to the nearer bound (below 0: failed).

    Gates of other tracks on a shared artifact are left out.
    """
    verdicts = []
    for artifact in artifacts:
        for verdict in artifact.manifest.gates:
            if verdict.get("track", track) != track:
                continue
            state = "passed" if verdict["passed"] else ("waived" if verdict["waived"] else "failed")
            name = verdict["name"].removeprefix(f"{track}: ")  # the report's title names the track
            verdicts.append({**verdict, "name": name, "artifact": artifact, "state": state, "margin": _margin(verdict)})
    return verdicts


def milestones(config: dict[str, Any], verdicts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Per milestone: name, means, before (step names), decision, and its gates, rows of `gates`.

    config: the track's `milestones` by name and its `gates`. verdicts: see `gates`.
    """
    rows = []
    for name, milestone in config["milestones"].items():
        wanted = {f"{gate['artifact']}.{gate['metric']}" for gate in config["gates"] if gate["milestone"] == name}
        judged = [row for row in verdicts if row["name"] in wanted]
        states: list[Verdict] = [row["state"] for row in judged]
        states += ["not reached"] * len(wanted - {row["name"] for row in judged})
        rows.append({"name": name, **milestone, "decision": decision(states), "gates": judged})
    return rows


def _margin(verdict: dict[str, Any]) -> float | None:
    if verdict["value"] is None:
        return None
    above = [verdict["value"] - verdict["min"]] if verdict["min"] is not None else []
    below = [verdict["max"] - verdict["value"]] if verdict["max"] is not None else []
    return min(above + below)


def licences(artifacts: Iterable[Artifact]) -> list[dict[str, Any]]:
    """[{"use" (in USES), "licence", "source", "documents", "artifact"}], each licence of a source once, sorted so.

    The number of documents is that of `artifact`, the last one that lists the licence of the source.
    """
    uses = list(USES)
    entries = {
        (uses.index(use_of(entry["source"])), entry["licence"], entry["source"]): {**entry, "artifact": artifact}
        for artifact in artifacts
        for entry in artifact.manifest.licences
    }
    return [{"use": uses[key[0]], **entries[key]} for key in sorted(entries)]


def lineage(artifacts: Iterable[Artifact]) -> list[dict[str, Any]]:
    """Per artifact: its inputs, code version and MLflow run; then inputs that are not among `artifacts`, by name.

    The order gives the numbers of the sources on the page, from 1.
    """
    listed = list(artifacts)
    rows = []
    others: dict[str, dict[str, Any]] = {}
    for artifact in listed:
        recipe = artifact.manifest.recipe
        rows.append(
            {
                "key": artifact.key,
                "identity": artifact.identity,
                "digest": artifact.digest,
                "code": recipe.code["version"],
                "inputs": [f"{role}: {entry.key}@{entry.identity}" for role, entry in sorted(recipe.inputs.items())],
                "mlflow_run_id": artifact.manifest.run.get("mlflow_run_id"),
            }
        )
        for entry in recipe.inputs.values():
            others[entry.key] = asdict(entry) | {"code": None, "inputs": [], "mlflow_run_id": None}
    known = {artifact.key for artifact in listed}
    return rows + [others[key] for key in sorted(others.keys() - known)]
