"""Garbage collection by lineage: whatever no track of this checkout resolves to, or was made from, may be deleted."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from fc_model.artifacts import ManifestError, Store
from fc_model.artifacts.files import TEMPORARY_SUFFIX
from fc_model.artifacts.lock import Locked, read_holder
from fc_model.artifacts.manifest import MANIFEST_NAME, Manifest
from fc_model.artifacts.writer import WORKSPACE
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.in_use import in_use
from fc_pipeline.engine.plan import make_plan
from fc_pipeline.engine.resolve import Resolver
from fc_pipeline.engine.status import folder_bytes
from fc_pipeline.formatting import Line, columns, duration, size
from fc_pipeline.remote.remote import Place, Remote
from fc_pipeline.remote.retry import RemoteDamaged, RemoteError

_UPLOAD_SECONDS = 86_400.0
"""Younger objects without a manifest may belong to a push that is not finished."""


@dataclass(frozen=True)
class Garbage:
    """A folder that may be deleted, and the cost of a rebuild."""

    key: str
    identity: str
    kind: Literal["artifact", "half-done", "damaged"]
    num_bytes: int
    rebuild_seconds: float | None
    """None for half-done work and unreadable manifests."""
    has_track: bool = True
    """Whether a track of this checkout has the key."""


def find_garbage(graph: Graph, store: Store, *, keep: int = 1) -> list[Garbage]:
    """Every folder that is not live, sorted by key.

    Live is what the tracks resolve to now, the newest `keep` artifacts of each of their keys (an equal rebuild of an
    input makes them current again), half-done work that a run would resume, what is being written, what runs at work
    resolve to, whose tracks may be others, and the inputs of all these. Of a key that no track has any more, only the
    inputs of live artifacts are live.

    Raises UserError when a track could not be read.
    """

    graph.require_whole("gc")

    def manifest_of(place: Place) -> Manifest | None:
        try:
            artifact = store.find(*place)
        except ManifestError:
            return None
        return None if artifact is None else artifact.manifest

    places = [(key, identity) for key in store.keys() for identity in store.identities(key)]  # noqa: SIM118 - no mapping
    writers = {place: holder for place in places if (holder := read_holder(store.lock_path(*place))) is not None}
    resolver, roots = Resolver(graph, store), in_use(store) | writers.keys()
    for holder in writers.values():
        roots |= {(key, identity) for key, identity in holder.get("reads", ())}
    for key in graph:
        recipe = resolver.recipe(key)
        roots |= {(key, recipe.identity(key))} if recipe is not None else set()
        newest = store.versions(key)[-keep:] if keep else []
        roots |= {(key, artifact.identity) for artifact in newest}
    live = _with_inputs(roots, manifest_of)
    garbage = []
    for place in places:
        if place not in live:
            folder = store.folder(*place)
            has_manifest = (folder / MANIFEST_NAME).exists()
            item = _garbage(place, manifest_of(place), folder_bytes(folder), has_manifest=has_manifest)
            garbage.append(replace(item, has_track=place[0] in graph))
    return garbage


def find_remote_garbage(graph: Graph, store: Store, remote: Remote, *, keep: int, now: float) -> list[Garbage]:
    """Every folder of the remote that is not live, sorted by key.

    Live is what the tracks of this checkout resolve to, here or in the remote, the newest `keep` artifacts of each of
    their keys, the inputs of both, and unfinished pushes of the last day. What other checkouts resolve to is not known.
    """
    graph.require_whole("gc")
    objects = remote.everything()
    manifests = read_manifests(remote, objects)
    plan = make_plan(graph, store, graph, elsewhere=lambda key, identity: manifests.get((key, identity)))
    roots = {(item.key, item.identity) for item in plan if item.identity is not None}
    newest = sorted(manifests, key=lambda place: (-manifests[place].run.get("committed_at", 0), place))
    for key in graph:
        roots.update([place for place in newest if place[0] == key][:keep])
    live = _with_inputs(roots, manifests.get)
    garbage = []
    for place, sizes in objects.items():
        has_manifest = MANIFEST_NAME in sizes
        if place not in live and (has_manifest or not _may_go_on(remote, place, now)):
            item = _garbage(place, manifests.get(place), sum(sizes.values()), has_manifest=has_manifest)
            garbage.append(replace(item, has_track=place[0] in graph))
    return garbage


def collect(holder: Store | Remote, garbage: list[Garbage]) -> Iterator[tuple[Garbage, str]]:
    """Delete; yields each with an empty text, or with why it stayed: a writer has locked it, the remote refuses."""
    for item in garbage:
        if isinstance(holder, Store) and (item.key, item.identity) in in_use(holder):  # a run has begun in between
            yield item, f"{item.key}/{item.identity}: a run needs it"
            continue
        try:
            holder.remove(item.key, item.identity)
        except (Locked, RemoteError) as error:
            yield item, str(error)
        else:
            yield item, ""


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


def remove_dead_uploads(remote: Remote, *, now: float) -> int:
    """Remove temporary objects of killed uploads that are at least a day old; returns the bytes."""
    freed = 0
    for place, sizes in remote.everything().items():
        for name in sizes:
            if name.endswith(TEMPORARY_SUFFIX) and not _is_young(remote.age(*place, name, now=now)):
                remote.remove_object(*place, name)
                freed += sizes[name]
    return freed


def read_manifests(remote: Remote, objects: dict[Place, dict[str, int]]) -> dict[Place, Manifest]:
    """The manifests of these artifacts; damaged ones are left out (`verify --remote` names them)."""
    manifests = {}
    for place, sizes in objects.items():
        with suppress(RemoteDamaged):
            if MANIFEST_NAME in sizes and (manifest := remote.find(*place)) is not None:
                manifests[place] = manifest
    return manifests


def garbage_lines(garbage: list[Garbage]) -> list[Line]:
    """The list as lines, keys of no track apart, and the total."""
    rows = [[item.kind, f"{item.key}/{item.identity}", size(item.num_bytes), _cost(item)] for item in garbage]
    lines = list(zip(garbage, columns(rows), strict=True))
    known = [("", text) for item, text in lines if item.has_track]
    strangers = [("", text) for item, text in lines if not item.has_track]
    heading = [("bold", "of no track of this checkout (renamed, deleted, or on another branch):")] if strangers else []
    seconds = sum(item.rebuild_seconds or 0 for item in garbage)
    total = f"{len(garbage)} folders, {size(sum(item.num_bytes for item in garbage))}, {duration(seconds)} to rebuild"
    return [*known, *heading, *strangers, ("bold", total if garbage else "nothing to delete")]


def _with_inputs(roots: Iterable[Place], manifest_of: Callable[[Place], Manifest | None]) -> set[Place]:
    """The roots and all that they were made from, as far as manifests tell."""
    live: set[Place] = set()
    waiting = list(roots)
    while waiting:
        place = waiting.pop()
        if place not in live:
            live.add(place)
            manifest = manifest_of(place)
            inputs = manifest.recipe.inputs.values() if manifest is not None else ()
            waiting += [(entry.key, entry.identity) for entry in inputs]
    return live


def _garbage(place: Place, manifest: Manifest | None, num_bytes: int, *, has_manifest: bool) -> Garbage:
    if manifest is None:
        return Garbage(*place, "damaged" if has_manifest else "half-done", num_bytes, None)
    return Garbage(*place, "artifact", num_bytes, manifest.run.get("seconds"))


def _may_go_on(remote: Remote, place: Place, now: float) -> bool:
    """True when one of its objects was written within the day, or the remote does not tell when."""
    return any(_is_young(remote.age(*place, name, now=now)) for name in remote.sizes(*place))


def _is_young(age: float | None) -> bool:
    return age is None or age < _UPLOAD_SECONDS


def _cost(item: Garbage) -> str:
    return f"{duration(item.rebuild_seconds)} to rebuild" if item.rebuild_seconds is not None else ""
