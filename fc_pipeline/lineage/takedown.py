"""Takedown of documents: record them, rebuild the tracks without them, delete the artifacts that they touched.

Deduplication drops the documents and every equal or nearly equal copy, in later dumps too.
"""

import subprocess
import sys
from collections.abc import Sequence

from fc_model.artifacts import Store
from fc_model.errors import UserError
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.plan import UNFINISHED, make_plan
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.lineage.lineage import Touched, descendants, everything, touched
from fc_pipeline.store.gc import collect, find_garbage


def require_known(items: Sequence[Touched], documents: Sequence[str], graph: Graph) -> None:
    """Raises UserError when no artifact holds the documents and no source of the tracks could."""
    sources = {key.split("/")[1] for key in graph if key.startswith(("sources/", "conversations/"))}
    for name in documents:
        if "/" not in name or (name.split("/")[0] not in sources and not items):
            raise UserError(
                f"{name}: no document of any source; ids look like <source>/<path>, `fustercluck trace` shows them"
            )


def to_rebuild(before: Graph, after: Graph, store: Store) -> dict[str, list[str]]:
    """{track: keys that are built before the takedown and unfinished after it}, in order."""
    lost_by_track = {}
    for track in after.tracks:
        built = {item.key for item in make_plan(before, store, before.track(track)) if item.state not in UNFINISHED}
        now = make_plan(after, store, after.track(track))
        lost = [item.key for item in now if item.key in built and item.state in UNFINISHED]
        if lost:
            lost_by_track[track] = lost
    return lost_by_track


def rebuild(work: dict[str, list[str]]) -> int:
    """Build the keys, one process a track, since a process reads its tracks once; returns the first bad exit status."""
    for track, keys in work.items():
        status = subprocess.run(
            [sys.executable, "-m", "fc_pipeline", "run", track, "--only", *keys], check=False
        ).returncode
        if status:
            return status
    return 0


def remove_touched(store: Store, graph: Graph, items: Sequence[Touched]) -> list[Touched]:
    """Delete the touched artifacts that the tracks no longer resolve to; returns those that stay: the sources.

    Their descendants are deleted too: without their inputs it cannot be told whether they read the documents.
    Half-done work that no run would resume is deleted as well: its workspace may hold the text.
    """
    half_done = [leftover for leftover in find_garbage(graph, store) if leftover.kind != "artifact"]
    for leftover, why in collect(store, half_done):
        if why:
            raise UserError(f"{leftover.key}/{leftover.identity} is being written ({why}): wait, then take down again")
    live = live_artifacts(graph, store)
    touched_places = [(item.key, item.identity) for item in items if item.how != "source"]
    made = descendants(everything(store), set(touched_places))
    for place in [*((artifact.key, artifact.identity) for artifact in made), *touched_places]:
        if place not in live:
            store.remove(*place)
    return [item for item in items if item.how == "source" or (item.key, item.identity) in live]


def live_artifacts(graph: Graph, store: Store) -> set[tuple[str, str]]:
    """(key, identity) of everything that the tracks resolve to now."""
    resolver = Resolver(graph, store)
    present = (resolver.artifact(key) for key in graph)
    return {(artifact.key, artifact.identity) for artifact in present if artifact is not None}


def remaining(store: Store, documents: Sequence[str]) -> list[Touched]:
    """Artifacts that still hold, or have read, the documents, their sources left out; empty after a takedown."""
    return [item for item in touched(store, documents) if item.how != "source"]
