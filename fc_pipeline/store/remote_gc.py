"""Garbage collection of a remote by lineage: whatever no track of this checkout resolves to, or was made from."""

from collections.abc import Iterator

from fc_model.artifacts import Store
from fc_model.artifacts.manifest import MANIFEST_NAME, Manifest
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.plan import make_plan
from fc_pipeline.remote.objects import TEMPORARY_SUFFIX
from fc_pipeline.remote.remote import Place, Remote
from fc_pipeline.remote.retry import RemoteDamaged, RemoteError
from fc_pipeline.store.gc import Garbage, Kind

_UPLOAD_SECONDS = 86_400.0
"""Younger objects without a manifest may belong to a push that is not finished."""


def find_remote_garbage(graph: Graph, store: Store, remote: Remote, *, keep: int, now: float) -> list[Garbage]:
    """Every folder of the remote that is not live, sorted by key.

    Live is what the tracks of this checkout resolve to, here or in the remote, the newest `keep` artifacts of each of
    their keys, the inputs of both, and unfinished pushes of the last day. What other checkouts resolve to is not known.
    """
    objects = remote.everything()
    manifests = read_manifests(remote, objects)
    live = _live(graph, store, manifests, keep=keep)
    garbage = []
    for (key, identity), sizes in objects.items():
        if (key, identity) in live or (MANIFEST_NAME not in sizes and _may_go_on(remote, key, identity, now)):
            continue
        manifest = manifests.get((key, identity))
        seconds = manifest.run.get("seconds") if manifest is not None else None
        kind: Kind = "artifact" if manifest is not None else "damaged" if MANIFEST_NAME in sizes else "half-done"
        garbage.append(Garbage(key, identity, kind, sum(sizes.values()), seconds))
    return garbage


def collect_remotely(remote: Remote, garbage: list[Garbage]) -> Iterator[tuple[Garbage, str]]:
    """Delete; yields each with an empty text, or with why it stayed."""
    for item in garbage:
        try:
            remote.remove(item.key, item.identity)
        except RemoteError as error:
            yield item, str(error)
        else:
            yield item, ""


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
        try:
            manifest = remote.find(*place) if MANIFEST_NAME in sizes else None
        except RemoteDamaged:
            continue
        if manifest is not None:
            manifests[place] = manifest
    return manifests


def _live(graph: Graph, store: Store, manifests: dict[Place, Manifest], *, keep: int) -> set[Place]:
    plan = make_plan(graph, store, graph, elsewhere=lambda key, identity: manifests.get((key, identity)))
    resolved = {(item.key, item.identity) for item in plan if item.identity is not None}
    by_key: dict[str, list[Place]] = {}
    for place in sorted(manifests, key=lambda place: (-manifests[place].run.get("committed_at", 0), place)):
        by_key.setdefault(place[0], []).append(place)
    waiting: list[Place] = [*resolved, *(place for key in graph for place in by_key.get(key, [])[:keep])]
    live: set[Place] = set()
    while waiting:
        place = waiting.pop()
        if place not in live:
            live.add(place)
            manifest = manifests.get(place)
            inputs = manifest.recipe.inputs.values() if manifest is not None else ()
            waiting += [(entry.key, entry.identity) for entry in inputs]
    return live


def _may_go_on(remote: Remote, key: str, identity: str, now: float) -> bool:
    """True when one of its objects was written within the day, or the remote does not tell when."""
    return any(_is_young(remote.age(key, identity, name, now=now)) for name in remote.sizes(key, identity))


def _is_young(age: float | None) -> bool:
    return age is None or age < _UPLOAD_SECONDS
