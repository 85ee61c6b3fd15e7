"""What MLflow keeps of an artifact beside its run: pictures and tables of its page, and files that its step names."""

import base64
import itertools
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from fc_model.artifacts import Artifact, read_records

RECORDS_SUFFIX = ".jsonl.zst"
_MAX_ROWS = 200
_PICTURE = re.compile(r"!\[[^\]]*\]\(data:image/(png|jpeg);base64,([A-Za-z0-9+/=]+)\)")


def write_files(folder: Path, artifact: Artifact, pages: Mapping[str, str], logged: Sequence[str]) -> list[str]:
    """Write them into the folder; returns the names of those that are tables in MLflow's own form.

    Args:
        pages: Markdown by name, with pictures embedded (see `StepSpec.page`).
        logged: files of the artifact; one that it does not have is left out.
    """
    for name, text in pages.items():
        _write_page(folder, name.replace("/", "_"), text)
    tables = []
    names = {entry.path for entry in artifact.manifest.files}
    for name in logged:
        if name not in names:
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(RECORDS_SUFFIX):
            table = name.removesuffix(RECORDS_SUFFIX) + ".json"
            (folder / table).write_text(_table(artifact.path(name)), "utf-8")
            tables.append(table)
        else:
            shutil.copyfile(artifact.path(name), target)
    return tables


def _write_page(folder: Path, name: str, text: str) -> None:
    pictures = _PICTURE.findall(text)
    for number, (kind, data) in enumerate(pictures, start=1):
        suffix = f"_{number}" if len(pictures) > 1 else ""
        (folder / f"{name}{suffix}.{kind}").write_bytes(base64.b64decode(data))
    rest = _PICTURE.sub("", text).strip()
    if rest:
        (folder / f"{name}.md").write_text(f"{rest}\n", "utf-8")


def _table(path: Path) -> str:
    """The first records as MLflow's pages show a table: fields that hold text or numbers are the columns."""
    records = list(itertools.islice(read_records(path), _MAX_ROWS))
    columns = [name for name, value in records[0].items() if isinstance(value, str | int | float)] if records else []
    return json.dumps({"columns": columns, "data": [[record.get(name) for name in columns] for record in records]})
