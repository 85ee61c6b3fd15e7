"""The report on chat and tools: a table for each kind of question, each row with its number, chance and interval."""

import json
from typing import Any

from fc_model.artifacts import Artifact
from fc_model.evals.chat.failures import ERRORS
from fc_model.evals.chat.figures import ALL
from fc_model.evals.chat.turns import CALL_SCORES
from fc_pipeline.feedback.proposal import FAILURES

TABLES = {
    "bounded": "Calls, bounded as in chat",
    "ungrounded": "Calls, bounded by the chat format and the tools' schemas alone",
    "free": "Calls without a bound",
    "dialogues": "Whole dialogues with real tools",
    "problems": "Problems with a chain of thought",
    "instructions": "Instructions that a program checks",
    "win_rate": "Win-rate",
}
OTHER_BOUNDS = ("ungrounded", "free")
"""Tables of the same turns, answered otherwise than chat does."""
LABELS = CALL_SCORES | {
    "answers": "the last answer holds the value",
    "exact_answers": "the answer is right",
    "true_equations": "an equation of the reasoning holds",
    "prompts_strict": "all instructions of a prompt, strict",
    "prompts_loose": "all instructions of a prompt, loose",
    "instructions_strict": "an instruction, strict",
    "instructions_loose": "an instruction, loose",
    "wins": "wins",
    "losses": "losses",
    "ties": "ties",
    "wins_of_decided": "wins where there is no tie",
}


def chat(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """{"stages": [{"name", "artifact", "tables": {title: rows}, "failures", **metrics.json}], "last": of them, "row"}.

    None where nothing was evaluated. A row has "label" beside the fields of `fc_model.evals.chat.figures.rows_of`.
    """
    stages = [_stage(artifact) for artifact in artifacts if "/chat_evals/" in artifact.key]
    if not stages:
        return None
    overall = [row for row in stages[-1]["rows"] if row["group"] == ALL and row["table"] not in OTHER_BOUNDS]
    return {"stages": stages, "last": stages[-1], "row": {row["score"]: row["value"] for row in overall}}


def tables_of(figures: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Rows by the title of their table; tables without rows are left out."""
    tables = {}
    for table, title in TABLES.items():
        rows = [{**row, "label": LABELS[row["score"]]} for row in figures["rows"] if row["table"] == table]
        if rows:
            tables[title] = sorted(rows, key=lambda row: list(LABELS).index(row["score"]))
    return tables


def read_figures(artifact: Artifact) -> dict[str, Any]:
    """metrics.json."""
    figures: dict[str, Any] = json.loads(artifact.path("metrics.json").read_text("utf-8"))
    return figures


def worst_failures(artifact: Artifact) -> list[dict[str, Any]]:
    """Of failures.json, the largest share first: {"source", "group", "name", "items", "failed", "share", "error"}.

    `error` is the most frequent one, in words. Kinds and tools without a failure are left out.
    """
    sources: dict[str, Any] = json.loads(artifact.path(FAILURES).read_text("utf-8"))
    rows = [
        {
            "source": source,
            "group": group.removesuffix("s"),
            "name": name,
            "items": count["items"],
            "failed": count["failed"],
            "share": count["failed"] / count["items"],
            "error": ERRORS[next(iter(count["errors"]))],
        }
        for source, groups in sources.items()
        for group, counts in groups.items()
        for name, count in counts.items()
        if count["failed"]
    ]
    return sorted(rows, key=lambda row: (-row["share"], -row["items"], row["name"]))


def _stage(artifact: Artifact) -> dict[str, Any]:
    figures = read_figures(artifact)
    shown = {"tables": tables_of(figures), "failures": worst_failures(artifact)}
    return {**figures, "name": artifact.key.rpartition("/")[2], "artifact": artifact, **shown}
