"""Pull from the remote into the local store, by the store's own commit: an artifact appears complete or not at all."""

import hashlib
from pathlib import Path

from fc_model.artifacts import AlreadyBuilt, Store
from fc_model.artifacts.manifest import FileEntry, Manifest
from fc_model.artifacts.writer import ArtifactWriter
from fc_pipeline.remote.remote import Remote
from fc_pipeline.remote.retry import RemoteDamaged

_WORKSPACE = "pull"


def pull(remote: Remote, store: Store, manifest: Manifest, *, replace: bool = False) -> None:
    """Download an artifact and commit it. A killed or broken download resumes where it stopped.

    Args:
        manifest: from `Remote.find`.
        replace: overwrite a committed artifact, because it is damaged.

    Raises:
        RemoteDamaged: a file is missing, cut or not of its sha256; the file is named, and nothing is committed.
        RemoteError: the remote cannot be reached.
        UserError: another process writes the artifact, or the disk is full or not writable.
    """
    try:
        with store.receive(manifest, replace=replace) as out:
            for entry in manifest.files:
                _pull_file(remote, manifest, entry, out)
    except AlreadyBuilt:  # by another process, between the check and the lock: the same bytes
        return


def _pull_file(remote: Remote, manifest: Manifest, entry: FileEntry, out: ArtifactWriter) -> None:
    part = out.workspace(_WORKSPACE) / entry.sha256
    kept = part.stat().st_size if part.exists() else 0
    if not _download(remote, manifest, entry, part):
        part.unlink()
        # The part of an earlier attempt may be damaged: a power failure can leave zeros in a file.
        if not kept or not _download(remote, manifest, entry, part):
            part.unlink(missing_ok=True)
            raise RemoteDamaged(
                f"{remote.where(manifest, entry)}: sha256 differs from the manifest; nothing was taken; "
                f"run `fustercluck push --again {manifest.key}` from a store that has it whole"
            )
    out.adopt(entry.path, part, content=entry.content, records=entry.records)


def _download(remote: Remote, manifest: Manifest, entry: FileEntry, part: Path) -> bool:
    """Complete the file; True when its bytes are those of the manifest."""
    with part.open("ab+") as file:
        if part.stat().st_size > entry.bytes:
            file.truncate(0)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256")
        for chunk in remote.chunks(manifest, entry, start=file.tell()):
            file.write(chunk)
            digest.update(chunk)
    return digest.hexdigest() == entry.sha256
