"""Push from the local store into the remote: files first, the manifest last; objects that exist are left alone."""

from contextlib import suppress
from dataclasses import dataclass

from fc_model.artifacts import Artifact
from fc_model.artifacts.manifest import Manifest
from fc_pipeline.remote.remote import Remote, is_whole, object_name
from fc_pipeline.remote.retry import RemoteDamaged, RemoteError


@dataclass(frozen=True)
class Pushed:
    """What was uploaded; zeros when the remote had everything."""

    num_files: int
    num_bytes: int


def push(remote: Remote, artifact: Artifact, *, again: bool = False) -> Pushed:
    """Make sure that the remote has the artifact. A killed push resumes with the files that are missing.

    Args:
        again: upload every file, even over one of the right name and size, because one is damaged.

    Raises:
        RemoteError: the remote holds other bytes under this identity, the artifact was taken down, or the remote
            cannot be reached or written to.
        UserError: the local artifact is damaged.
    """
    key, identity, mine = artifact.key, artifact.identity, artifact.manifest
    _require_wanted(remote, key, identity)
    remote_manifest: Manifest | None = None
    with suppress(RemoteDamaged):  # a damaged one is written anew
        remote_manifest = remote.find(key, identity)
    sizes = remote.sizes(key, identity)
    if remote_manifest is not None:
        _require_equal(remote, mine, remote_manifest)
        if not again and is_whole(remote_manifest, sizes):
            return Pushed(0, 0)
    artifact.verify()
    missing = [entry for entry in mine.files if again or sizes.get(object_name(entry)) != entry.bytes]
    for entry in missing:
        remote.put_file(mine, entry, artifact.path(entry.path))
    remote.put_manifest(mine)
    _require_arrived(remote, mine)
    return Pushed(len(missing), sum(entry.bytes for entry in missing))


def _require_wanted(remote: Remote, key: str, identity: str) -> None:
    if remote.is_taken_down(key, identity):
        raise RemoteError(f"{key}/{identity}: was taken down from {remote.name}; it is not pushed again")


def _require_equal(remote: Remote, mine: Manifest, remote_manifest: Manifest) -> None:
    if mine.digest == remote_manifest.digest:
        return
    other = {entry.path: entry.sha256 for entry in remote_manifest.files if entry.content}
    own = {entry.path: entry.sha256 for entry in mine.files if entry.content}
    names = sorted(name for name in own.keys() | other.keys() if own.get(name) != other.get(name))
    raise RemoteError(
        f"{mine.key}/{mine.identity}: {remote.name} holds other bytes of this identity ({', '.join(names)}); "
        "builds of one identity should be equal: find out why, or pull theirs after deleting the local one"
    )


def _require_arrived(remote: Remote, mine: Manifest) -> None:
    """Another client may have pushed other bytes, deleted the artifact or taken it down during this push."""
    if remote.is_taken_down(mine.key, mine.identity):
        remote.remove(mine.key, mine.identity)
        _require_wanted(remote, mine.key, mine.identity)
    remote_manifest = remote.find(mine.key, mine.identity)
    if remote_manifest is not None:
        _require_equal(remote, mine, remote_manifest)
    if remote_manifest is None or not is_whole(mine, remote.sizes(mine.key, mine.identity)):
        raise RemoteError(f"{mine.key}/{mine.identity}: not all of it is in {remote.name} after the push; push again")
