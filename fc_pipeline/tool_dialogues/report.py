"""The report on tool dialogues: how many of each kind and tool, and some of them."""

import json
from typing import Any

from fc_model.artifacts import Artifact
from fc_pipeline.formatting import markdown_table
from fc_pipeline.instructions.report import conversations_page

_SIDES = ("train", "holdout", "blind")


def tool_dialogues(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """{"artifact", "kinds", "tools"}, the last two as rows of {"name", "train", "holdout", "blind"}; None without."""
    made = next((artifact for artifact in artifacts if artifact.key.endswith("/tool_dialogues")), None)
    if made is None:
        return None
    return {"artifact": made, "kinds": rows(made, "kinds"), "tools": rows(made, "tools")}


def rows(artifact: Artifact, what: str) -> list[dict[str, Any]]:
    """Of summary.json: a row for each kind of dialogue, or for each tool that is called."""
    counts = json.loads(artifact.path("summary.json").read_text("utf-8"))[what]
    names = sorted({name for side in _SIDES for name in counts[side]})
    return [{"name": name, **{side: counts[side].get(name, 0) for side in _SIDES}} for name in names]


def dialogues_page(artifact: Artifact) -> dict[str, str]:
    """Dialogues by kind, calls by tool, and some dialogues."""
    tables = {
        what: markdown_table(
            [heading, *_SIDES], [[row["name"], *(row[side] for side in _SIDES)] for row in rows(artifact, what)]
        )
        for what, heading in (("kinds", "dialogues"), ("tools", "calls of"))
    }
    return {**tables, **conversations_page(artifact)}
