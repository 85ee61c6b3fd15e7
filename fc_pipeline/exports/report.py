"""The report on exports: every file, and how the runtimes compare with torch."""

from typing import Any

from fc_model.artifacts import Artifact
from fc_pipeline.report.figures import KeyFigure


def exports(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """{"files": [{"name", "bytes", "sha256", "artifact"}], "parity": None or its table}."""
    files = [
        {"name": entry.path, "bytes": entry.bytes, "sha256": entry.sha256, "artifact": artifact}
        for artifact in artifacts
        if "/exports/" in artifact.key
        for entry in artifact.manifest.files
    ]
    parity = next((_parity(artifact) for artifact in artifacts if artifact.key.endswith("/parity")), None)
    if not (files or parity):
        return None
    return {"files": files, "parity": parity, "figures": _key_figures(parity) if parity else []}


def _key_figures(parity: dict[str, Any]) -> list[KeyFigure]:
    """How often the least exact file names the token that torch does."""
    top1 = {row["runtime"]: row["values"]["top1"] for row in parity["rows"] if "top1" in row["values"]}
    if not top1:
        return []
    worst = min(top1, key=top1.__getitem__)
    meaning = f"Positions where the least exact export, {worst}, names the same next token as torch."
    return [KeyFigure(top1[worst], "exports agree", parity["artifact"], "percent", meaning, 2)]


def _parity(artifact: Artifact) -> dict[str, Any]:
    """The parity metrics as a table: {"artifact", "columns", "rows": [{"runtime", "values"}], "others": {name: value}}.

    Metrics are called `<runtime>_<figure>`; the figures are those that the Hugging Face export has.
    """
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
