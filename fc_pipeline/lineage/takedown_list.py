"""The list of documents that were taken down, `<FC_HOME>/takedowns.json`; it is part of the recipe of their corpora."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fc_model.artifacts.files import read_file, write_json
from fc_model.errors import UserError
from fc_pipeline.paths import fc_home

_FILE = "takedowns.json"


def read_takedowns(home: Path) -> list[dict[str, Any]]:
    """[{"id", "reason", "at"}], in the order in which they were asked for. Raises UserError for a damaged list."""
    path = home / _FILE
    try:
        entries: list[dict[str, Any]] = json.loads(read_file(path))
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}); restore a copy: without it documents come back") from error
    return entries


def taken_down(home: Path | None = None) -> list[str]:
    """Ids of the documents that were taken down, sorted."""
    return sorted({entry["id"] for entry in read_takedowns(fc_home() if home is None else home)})


def record(home: Path, documents: Sequence[str], *, reason: str, at: float) -> None:
    known = read_takedowns(home)
    listed = {entry["id"] for entry in known}
    known += [{"id": name, "reason": reason, "at": at} for name in dict.fromkeys(documents) if name not in listed]
    write_json(home / _FILE, known, ensure_ascii=False)
