"""What lands on a run: its inputs as datasets, the figures and gates of what judges it, and its description."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fc_model.artifacts import Artifact
from fc_model.artifacts.manifest import canonical_json
from fc_model.tracking import ARTIFACT_TAG, valid_name
from fc_pipeline.engine.gates import bounds
from fc_pipeline.tracking.links import asset_page

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

_MAX_DIGEST_CHARS = 36
"""Of MLflow's table of datasets: the first characters of our digest."""
_TABLES, _RECORDED = "mlflow.loggedArtifacts", "fc.recorded"


def artifact_name(artifact: Artifact) -> str:
    """key/identity."""
    return f"{artifact.key}/{artifact.identity}"


def part_of(key: str, owner: str) -> str:
    """`nano/image_evals/full` of `nano` -> `image_evals/full`."""
    return key.removeprefix(f"{owner}/")


def dataset_input(role: str, artifact: Artifact) -> DatasetInput:
    """An input of a stage: `mlflow.data.get_source(dataset).load()` returns the artifact's folder."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    counters = artifact.manifest.counters
    rows = {"num_rows": counters.kept} if counters.read else {}
    dataset = Dataset(
        name=artifact.key,
        digest=artifact.digest[:_MAX_DIGEST_CHARS],
        source_type="local",
        source=json.dumps({"uri": str(artifact.folder)}),
        profile=json.dumps({**rows, "bytes": artifact.num_bytes, **artifact.metrics}),
    )
    tags = {"mlflow.data.context": "training", "fc.role": role, ARTIFACT_TAG: artifact_name(artifact)}
    return DatasetInput(dataset, [InputTag(key, value) for key, value in tags.items()])


def eval_metrics(part: str, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Of `evals/...`: `eval/<metric>`; of `image_evals/...`: `eval/image/<metric>`. MLflow shows a section for each."""
    kind = part.split("/")[0].removesuffix("evals").strip("_")
    prefix = f"eval/{kind}/" if kind else "eval/"
    return {f"{prefix}{name}": value for name, value in metrics.items()}


def gate_tags(verdicts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """`gate/<name>`: `passed: 1.58, at most 2.2`."""
    tags: dict[str, str] = {}
    for verdict in verdicts:
        word = "passed" if verdict["passed"] else f"waived ({verdict['waived']})" if verdict["waived"] else "failed"
        value = "no number" if verdict["value"] is None else f"{verdict['value']:.6g}"
        line = f"{word}: {value}, {bounds(verdict['min'], verdict['max'])}"
        name = valid_name(f"gate/{verdict['name']}")
        tags[name] = f"{tags[name]}; {line}" if name in tags else line
    return tags


def gate_metrics(verdicts: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """`gate/<name>`: 1 when all of this name passed, else 0, to sort and filter by."""
    passed: dict[str, float] = {}
    for verdict in verdicts:
        name = f"gate/{verdict['name']}"
        passed[name] = min(passed.get(name, 1.0), float(verdict["passed"]))
    return passed


def description(artifact: str, folder: str, asset: str) -> str:
    """Markdown of a run or a version: the artifact, and its page in Dagster."""
    return f"Artifact `{artifact}` in `{folder}`\n\n[{asset} in Dagster]({asset_page(asset)})"


def recorded(tags: Mapping[str, str], artifact: Artifact) -> dict[str, str]:
    """The tag by which a run says which artifacts it has all of, with their present verdicts; this one is among them.

    Args:
        tags: of the run. It says so already if the new tag is among them.
    """
    state = hashlib.sha256(canonical_json([artifact.identity, artifact.manifest.gates]).encode()).hexdigest()[:8]
    return {_RECORDED: canonical_json(json.loads(tags.get(_RECORDED, "{}")) | {artifact.key: state})}


def table_tags(tags: Mapping[str, str], paths: Sequence[str]) -> dict[str, str]:
    """MLflow's list of the files that are tables, with these in it."""
    if not paths:
        return {}
    known = json.loads(tags.get(_TABLES, "[]"))
    new = [{"path": path, "type": "table"} for path in paths]
    return {_TABLES: json.dumps(known + [entry for entry in new if entry not in known])}
