"""Takedowns reach the remote: what may hold a document, or was made from what did, is deleted there for good.

The remote may hold what this store never had, and nothing there is downloaded to look. So lineage decides: an
artifact made from a source of the document goes, unless deduplication dropped the document on the way. What lies
before that (the sources, and what filters made of them) stays, as it does in the store.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from fc_model.artifacts import Store
from fc_model.artifacts.manifest import Manifest
from fc_pipeline.lineage.lineage import Touched, everything, is_before_takedowns
from fc_pipeline.remote.remote import Place, Remote
from fc_pipeline.remote.retry import RemoteError
from fc_pipeline.store.remote_gc import read_manifests


@dataclass(frozen=True)
class RemotelyTouched:
    """What the documents touched in the remote; each sorted."""

    num_artifacts: int
    """That were looked at."""
    goes: list[Place]
    """Is deleted."""
    stays: list[Place]
    """Sources, and what filters made of them: takedowns are applied after them."""
    unclear: list[Place]
    """Objects without a manifest that can be read: a push that goes on, or damage. Nobody can tell what they are."""


def touched_remotely(
    remote: Remote, store: Store, documents: Sequence[str], items: Sequence[Touched], live: set[Place]
) -> RemotelyTouched:
    """What a takedown of these documents means for the remote.

    Args:
        items: what the documents touched in the local store, read there.
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
    """Delete what goes, so that nobody pushes it again; returns what is left and why, one line each."""
    left = [
        f"{key}/{identity} is still in the remote: its manifest cannot be read, so nobody can tell what it was made "
        "from; `fustercluck gc --remote --apply` deletes it when it is a day old"
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

    One whose lineage cannot be followed to its end may: neither the remote nor the store knows what it was made from.
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
