"""Commits that hub sources with `follow` have moved on to: `<FC_HOME>/revisions.json`, written by a sensor."""

import json
from pathlib import Path

from fc_model.artifacts.files import write_bytes
from fc_model.errors import UserError

_FILE = "revisions.json"


def read_revisions(home: Path) -> dict[str, str]:
    """{source: commit}, empty when nothing has moved yet. Raises UserError for a damaged file."""
    path = home / _FILE
    try:
        revisions: dict[str, str] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UserError(f"{path}: not JSON ({error}); delete it: sources are as pinned then") from error
    return revisions


def record_revision(home: Path, source: str, commit: str) -> None:
    """From now on the source is read at this commit."""
    home.mkdir(parents=True, exist_ok=True)
    revisions = {**read_revisions(home), source: commit}
    write_bytes(home / _FILE, (json.dumps(revisions, indent=1, sort_keys=True) + "\n").encode())
