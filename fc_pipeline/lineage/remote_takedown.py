"""Takedown in the remote: artifacts that may hold a document, or were made from one that did, are deleted for good.

The remote may have artifacts that this store never had, and nothing is downloaded to check them. Lineage decides: an
artifact made from the document's source is deleted, unless deduplication dropped the document on the way. Sources and
filtered documents come before that and stay, as they do in the store.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from fc_model.artifacts import Store
from fc_model.artifacts.manifest import Manifest
from fc_pipeline.lineage.lineage import Touched, everything, is_before_takedowns
from fc_pipeline.remote.remote import Place, Remote
from fc_pipeline.remote.retry import RemoteError
from fc_pipeline.store.gc import read_manifests


@dataclass(frozen=True)
class RemotelyTouched:
    """Artifacts of the remote that the documents touched; each list is sorted."""

    num_artifacts: int
    """Artifacts that were checked."""
    goes: list[Place]
    """To be deleted."""
    stays: list[Place]
    """Sources and filtered documents: takedowns are applied after them."""
    unclear: list[Place]
    """Artifacts without a readable manifest: an unfinished push, or damage. Their lineage is unknown."""


def touched_remotely(
    remote: Remote, store: Store, documents: Sequence[str], items: Sequence[Touched], live: set[Place]
) -> RemotelyTouched:
    """Artifacts of the remote that a takedown of these documents deletes, keeps or cannot judge.

    Args:
        items: artifacts of the local store that the documents touched.
        live: (key, identity) of what the tracks resolve to without the documents.
    """
    objects = remote.everything()
    manifests = read_manifests(remote, objects)
    known = {(artifact.key, artifact.identity): artifact.manifest for artifact in everything(store)} | manifests
    read_here = {(item.key, item.identity) for item in items if item.how != "source"}
    held = {place for document in documents for place in filter(_may_hold(document, known, read_here), objects)}
    before = {place for place in held if is_before_takedowns(place[0])}
    unclear = held - before - manifests.keys() - read_here
    return RemotelyTouched(len(objects), sorted(held - before - unclear - live), sorted(before), sorted(unclear))


def take_down_remotely(remote: Remote, touched: RemotelyTouched, *, at: float) -> list[str]:
    """Delete `touched.goes` and bar it from being pushed again; returns what is left and why, one line each."""
    left = [
        f"{key}/{identity} is still in the remote: its manifest cannot be read, so its "
        "lineage is unknown; `fustercluck gc --remote --apply` deletes it when it is a day old"
        for key, identity in touched.unclear
    ]
    for key, identity in touched.goes:
        try:
            remote.take_down(key, identity, at=at)
        except RemoteError as error:
            left.append(f"{key}/{identity} is still in the remote: {error}")
    return left


def _may_hold(document: str, manifests: dict[Place, Manifest], read_here: set[Place]) -> Callable[[Place], bool]:
    """Whether an artifact may hold the document, or has read it.

    An artifact with incomplete lineage may: neither the remote nor the store knows what it was made from.
    """
    source = f"sources/{document.split('/')[0]}"

    @cache
    def holds(place: Place) -> bool:
        key = place[0]
        if place in read_here or key == source:
            return True
        if key.startswith(("sources/", "evalsets/")):
            return False
        manifest = manifests.get(place)
        if manifest is None:
            return True
        if document in manifest.recipe.config.get("removed", ()):
            return False
        return any(holds((entry.key, entry.identity)) for entry in manifest.recipe.inputs.values())

    return holds
