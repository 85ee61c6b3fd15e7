"""The inbox folder: the tracks that read it, its listing, and when a run is due. Needs no Dagster daemon."""

import hashlib
import json
from pathlib import Path

from fc_pipeline.engine.graph import Graph


def inbox_readers(graph: Graph, inbox: Path) -> dict[str, list[str]]:
    """{track: the keys up to its shards} of the tracks with a source of kind `local` in or below the inbox."""
    inbox = inbox.resolve()
    local = {key: spec.config["folder"] for key, spec in graph.items() if spec.config.get("kind") == "local"}
    sources = {key for key, folder in local.items() if Path(folder).expanduser().resolve().is_relative_to(inbox)}
    data = {track: graph.closure([f"{track}/shards"]) for track in graph.tracks}
    return {track: keys for track, keys in data.items() if sources & set(keys)}


def listing_digest(inbox: Path) -> str | None:
    """Digest over path, size and time of every file, hidden ones left out; None for an empty folder."""
    if not inbox.is_dir():
        return None
    files = [path for path in sorted(inbox.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    rows = [(path.relative_to(inbox).as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16] if rows else None


def decide(cursor: str | None, digest: str | None) -> tuple[str, str | None]:
    """Decide on a run: returns (the cursor to keep, the digest to run for or None).

    A run is due when two polls list the same, so that no half-copied file is read, and the listing differs from that
    of the last run. The cursor is JSON: {"seen": digest, "done": digest}.
    """
    before = json.loads(cursor) if cursor else {"seen": None, "done": None}
    settled = digest is not None and digest == before["seen"]
    due = digest if settled and digest != before["done"] else None
    after = {"seen": digest, "done": due or before["done"]}
    return json.dumps(after), due
