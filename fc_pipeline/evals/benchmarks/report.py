"""The report on benchmarks: a row for each, with its chance, its interval and its control."""

import json
from typing import Any

from fc_model.artifacts import Artifact
from fc_pipeline.formatting import percent
from fc_pipeline.report.charts import interval_chart
from fc_pipeline.report.drawing import Picture, svg

SCORES = {
    "accuracy": "accuracy",
    "accuracy_norm": "by characters",
    "accuracy_bytes": "by bytes",
    "accuracy_flexible": "flexible",
}
"""The scores of a task, and their labels."""
_UNKNOWN = {"items": None, "value": None, "low": None, "high": None}


def benchmarks(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """Per evaluated stage metrics.json, and as `rows` its tasks with the same fields in each; None without any.

    {"labels": SCORES, "stages": [{"name", "artifact", "columns", "rows", "chart", **metrics.json}], "last": of them}
    """
    stages = [_stage(artifact) for artifact in artifacts if "/benchmarks/" in artifact.key]
    if not stages:
        return None
    last = stages[-1]
    return {
        "labels": SCORES,
        "stages": stages,
        "last": last,
        "row": {
            f"{name}_{task}": score["value"]
            for task, figures in last["tasks"].items()
            for name, score in figures["scores"].items()
        },
        "results": [_result(task, figures) for task, figures in last["tasks"].items()],
    }


def read_figures(artifact: Artifact) -> dict[str, Any]:
    """metrics.json."""
    figures: dict[str, Any] = json.loads(artifact.path("metrics.json").read_text("utf-8"))
    return figures


def columns(tasks: dict[str, Any]) -> list[str]:
    """The scores that some task has, in the order of SCORES."""
    names = {name for figures in tasks.values() for name in figures["scores"]}
    return [name for name in SCORES if name in names]


def with_interval(score: dict[str, float] | None) -> str:
    """`31.2% (25.1-37.6)`; `–` where there is none."""
    if score is None or "value" not in score:
        return percent(None)
    return f"{percent(score['value'])} ({100 * score['low']:.1f}-{100 * score['high']:.1f})"


def picture(tasks: dict[str, Any]) -> Picture:
    """Accuracy of every task with its interval, beside chance."""
    rows = {}
    for task, figures in tasks.items():
        score = figures["scores"]["accuracy"]
        rows[task] = (score["low"], score["value"], score["high"], figures["chance"])
    return interval_chart("Benchmarks", "accuracy, 95% interval", rows, legend=("accuracy", "chance"))


def _stage(artifact: Artifact) -> dict[str, Any]:
    figures = read_figures(artifact)
    names = columns(figures["tasks"])
    rows = {
        task: {
            **one,
            "scores": {name: one["scores"].get(name, _UNKNOWN) for name in names},
            "clean": _UNKNOWN | one.get("clean", {}),
        }
        for task, one in figures["tasks"].items()
    }
    return {
        **figures,
        "name": artifact.key.rpartition("/")[2],
        "artifact": artifact,
        "columns": names,
        "rows": rows,
        "chart": svg(picture(figures["tasks"])),
    }


def _result(task: str, figures: dict[str, Any]) -> dict[str, Any]:
    """An entry of the model card's `model-index`, in the fields of the Hugging Face hub."""
    name = f"{task}, {figures['items']} items, {figures['shots']} shots"
    return {
        "task": {"type": "text-generation"},
        "dataset": {"name": name, "type": task, "config": task},
        "metrics": [
            {"type": kind, "value": round(score["value"], 6), "name": f"{task}: {SCORES[kind]}"}
            for kind, score in figures["scores"].items()
        ],
    }
