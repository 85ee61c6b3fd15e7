"""The sections on the model: training, evaluation, exports, each from its artifacts. None of a kind, no section."""

import json
from typing import Any

from fc_model.artifacts import Artifact, read_records
from fc_pipeline.report.curves import stage_curves
from fc_pipeline.report.drawing import svg
from fc_pipeline.report.facts import flops_per_token


def stages(artifacts: list[Artifact]) -> list[dict[str, Any]]:
    """Per stage of training, in the order of training: settings, results and curves."""
    return [
        {
            "name": artifact.key.rpartition("/")[2],
            "artifact": artifact,
            "stage": artifact.manifest.recipe.config["stage"],
            "model": artifact.manifest.recipe.config["model"],
            "metrics": artifact.metrics,
            "flops": round(artifact.metrics["tokens"] * flops_per_token(artifact.manifest.recipe.config)),
            "charts": [svg(picture) for picture in stage_curves(artifact.path("metrics.jsonl"))],
        }
        for artifact in artifacts
        if "/stages/" in artifact.key
    ]


def evals(artifacts: list[Artifact]) -> list[dict[str, Any]]:
    """Per evaluated stage: the figures of metrics.json, those of the weights that go on under `chosen`."""
    found = []
    for artifact in artifacts:
        if "/evals/" in artifact.key:
            figures = json.loads(artifact.path("metrics.json").read_text("utf-8"))
            other = "model" if figures["weights"] == "ema" else "ema"
            found.append(
                {
                    "name": artifact.key.rpartition("/")[2],
                    "artifact": artifact,
                    **figures,
                    "chosen": figures[figures["weights"]],
                    "other": figures[other],
                }
            )
    return found


def samples(evaluations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The samples of the last evaluated stage: [{"domain", "prompt", "decoding", "temperature", "text"}]."""
    if not evaluations:
        return []
    return list(read_records(evaluations[-1]["artifact"].path("samples.jsonl.zst")))


def exports(artifacts: list[Artifact]) -> list[dict[str, Any]]:
    """Every exported file with its size, the parity of all runtimes apart."""
    return [
        {"name": entry.path, "bytes": entry.bytes, "sha256": entry.sha256, "artifact": artifact}
        for artifact in artifacts
        if "/exports/" in artifact.key
        for entry in artifact.manifest.files
    ]


def parity(artifact: Artifact | None) -> dict[str, Any] | None:
    """The parity metrics as a table: {"columns", "rows": [{"runtime", "values"}], "others": {name: value}}.

    Metrics are called `<runtime>_<figure>`; the figures are those that the Hugging Face export has.
    """
    if artifact is None:
        return None
    first = "huggingface_"
    columns = sorted(name.removeprefix(first) for name in artifact.metrics if name.startswith(first))
    rows: dict[str, dict[str, float]] = {}
    others = {}
    for name, value in sorted(artifact.metrics.items()):
        column = next((column for column in columns if name.endswith(f"_{column}")), None)
        if column is None:
            others[name] = value
        else:
            rows.setdefault(name.removesuffix(f"_{column}"), {})[column] = value
    return {
        "artifact": artifact,
        "columns": columns,
        "rows": [{"runtime": name, "values": rows[name]} for name in sorted(rows, reverse=True)],
        "others": others,
    }
