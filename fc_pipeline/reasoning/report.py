"""The report on problems with a chain of thought: how many of each kind, what was drawn again, and some of them."""

import json
from typing import Any

from fc_model.artifacts import Artifact
from fc_pipeline.formatting import markdown_table
from fc_pipeline.instructions.report import conversations_page

_SIDES = ("train", "holdout")


def reasoning(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """{"artifact", "kinds": rows of {"name", "train", "holdout"}}; None without."""
    made = next((artifact for artifact in artifacts if artifact.key.endswith("/reasoning")), None)
    return None if made is None else {"artifact": made, "kinds": kind_rows(made)}


def kind_rows(artifact: Artifact) -> list[dict[str, Any]]:
    """Of summary.json: a row for each kind of problem."""
    counts = _summary(artifact)["kinds"]
    names = sorted({name for side in _SIDES for name in counts[side]})
    return [{"name": name, **{side: counts[side].get(name, 0) for side in _SIDES}} for name in names]


def problems_page(artifact: Artifact) -> dict[str, str]:
    """Problems by kind, why some were drawn again, and some problems."""
    rows = [[row["name"], *(row[side] for side in _SIDES)] for row in kind_rows(artifact)]
    refused = [[reason, count] for reason, count in _summary(artifact)["refused"].items()]
    return {
        "kinds": markdown_table(["problems", *_SIDES], rows),
        "drawn_again": markdown_table(["reason", "times"], refused),
        **conversations_page(artifact),
    }


def _summary(artifact: Artifact) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads(artifact.path("summary.json").read_text("utf-8"))
    return summary
