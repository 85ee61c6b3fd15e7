"""The report on exports: every file, and how the runtimes compare with torch."""

from typing import Any

from fc_model.artifacts import Artifact


def exports(artifacts: list[Artifact]) -> dict[str, Any] | None:
    """{"files": [{"name", "bytes", "sha256", "artifact"}], "parity": None or its table}."""
    files = [
        {"name": entry.path, "bytes": entry.bytes, "sha256": entry.sha256, "artifact": artifact}
        for artifact in artifacts
        if "/exports/" in artifact.key
        for entry in artifact.manifest.files
    ]
    parity = next((_parity(artifact) for artifact in artifacts if artifact.key.endswith("/parity")), None)
    return {"files": files, "parity": parity} if files or parity else None


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
