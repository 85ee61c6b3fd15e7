"""Garbage collection by lineage: whatever no current track resolves to, or was made from, may be deleted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from fc_model.artifacts import Artifact, ManifestError, Store
from fc_model.artifacts.files import TEMPORARY_SUFFIX
from fc_model.artifacts.lock import Locked, read_holder
from fc_model.artifacts.writer import WORKSPACE
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.engine.status import folder_bytes
from fc_pipeline.formatting import Line, columns, duration, size

Kind = Literal["artifact", "half-done", "damaged"]


@dataclass(frozen=True)
class Garbage:
    """A folder that may be deleted, and the cost of a rebuild."""

    key: str
    identity: str
    kind: Kind
    num_bytes: int
    rebuild_seconds: float | None
    """None for half-done work and unreadable manifests."""


def find_garbage(graph: Graph, store: Store, *, keep: int = 1) -> list[Garbage]:
    """Every folder that is neither live nor being written, sorted by key.

    Live is what the tracks resolve to now, the newest `keep` artifacts of each of their keys (an equal rebuild of an
    input makes them current again), half-done work that a run would resume, and the inputs of all these. Of a key
    that no track has any more, only inputs of live artifacts are live.
    """
    live = _live(graph, store, keep=keep)
    garbage = []
    for key in store.keys():  # noqa: SIM118 - a store is no mapping
        for identity in store.identities(key):
            held = read_holder(store.lock_path(key, identity)) is not None
            if (key, identity) not in live and not held:
                garbage.append(_garbage(store, key, identity))
    return garbage


def remove_leftovers(store: Store) -> int:
    """Remove temporary files and workspaces that a kill left in finished artifacts; returns the bytes."""
    freed = 0
    for key in store.keys():  # noqa: SIM118 - a store is no mapping
        for artifact in store.versions(key):
            if read_holder(store.lock_path(key, artifact.identity)) is None:
                freed += folder_bytes(artifact.folder / WORKSPACE)
                store.tidy(artifact)
                for path in sorted(artifact.folder.glob(f"*{TEMPORARY_SUFFIX}")):
                    freed += path.stat().st_size
                    path.unlink()
    return freed


def collect(store: Store, garbage: list[Garbage]) -> Iterator[tuple[Garbage, str]]:
    """Delete; yields each with an empty text, or with why it stayed: a writer has locked it in the meantime."""
    for item in garbage:
        try:
            store.remove(item.key, item.identity)
        except Locked as error:
            yield item, str(error)
        else:
            yield item, ""


def _live(graph: Graph, store: Store, *, keep: int) -> set[tuple[str, str]]:
    resolver = Resolver(graph, store)
    live: set[tuple[str, str]] = set()
    waiting: list[Artifact] = []
    for key in graph:
        recipe = resolver.recipe(key)
        if recipe is not None:
            live.add((key, recipe.identity(key)))
        present = resolver.artifact(key)
        kept = store.versions(key)[-keep:] if keep else []
        waiting += [*kept, *([present] if present is not None else [])]
    while waiting:
        artifact = waiting.pop()
        live.add((artifact.key, artifact.identity))
        for entry in artifact.manifest.recipe.inputs.values():
            if (entry.key, entry.identity) not in live:
                live.add((entry.key, entry.identity))
                made_from = _find(store, entry.key, entry.identity)
                waiting += [made_from] if made_from is not None else []
    return live


def _find(store: Store, key: str, identity: str) -> Artifact | None:
    try:
        return store.find(key, identity)
    except ManifestError:
        return None


def _garbage(store: Store, key: str, identity: str) -> Garbage:
    num_bytes = folder_bytes(store.folder(key, identity))
    try:
        artifact = store.find(key, identity)
    except ManifestError:
        return Garbage(key, identity, "damaged", num_bytes, None)
    if artifact is None:
        return Garbage(key, identity, "half-done", num_bytes, None)
    return Garbage(key, identity, "artifact", num_bytes, artifact.manifest.run.get("seconds"))


def garbage_lines(garbage: list[Garbage]) -> list[Line]:
    """The list as lines, and the total."""
    rows = [[item.kind, f"{item.key}/{item.identity}", size(item.num_bytes), _cost(item)] for item in garbage]
    seconds = sum(item.rebuild_seconds or 0 for item in garbage)
    total = f"{len(garbage)} folders, {size(sum(item.num_bytes for item in garbage))}, {duration(seconds)} to rebuild"
    return [*(("", text) for text in columns(rows)), ("bold", total if garbage else "nothing to delete")]


def _cost(item: Garbage) -> str:
    return f"{duration(item.rebuild_seconds)} to rebuild" if item.rebuild_seconds is not None else ""
