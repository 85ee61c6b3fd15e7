"""Verify a remote: every file is downloaded and hashed, none is kept."""

import hashlib
from collections.abc import Sequence

from fc_model.artifacts.manifest import MANIFEST_NAME, FileEntry, Manifest
from fc_model.errors import UserError
from fc_pipeline.remote.remote import Remote
from fc_pipeline.remote.retry import RemoteDamaged
from fc_pipeline.store.verify import below


def verify_remote(remote: Remote, wanted: Sequence[str]) -> tuple[int, list[str]]:
    """The number of checked artifacts, and every problem as one line.

    Args:
        wanted: keys, or beginnings of keys (`nano`); empty for all.

    Raises:
        UserError: nothing in the remote has such a key, or it cannot be reached.
    """
    places = [place for place, sizes in remote.everything().items() if MANIFEST_NAME in sizes]
    for name in wanted:
        if not any(below(key, name) for key, _ in places):
            raise UserError(f"{remote.name} has nothing of {name!r}; it has {len(places)} artifacts")
    checked, problems = 0, []
    for key, identity in places:
        if wanted and not any(below(key, name) for name in wanted):
            continue
        checked += 1
        try:
            manifest = remote.find(key, identity)
        except RemoteDamaged as error:
            problems.append(str(error))
            continue
        if manifest is not None:
            problems += [problem for entry in manifest.files if (problem := _problem(remote, manifest, entry))]
    return checked, problems


def _problem(remote: Remote, manifest: Manifest, entry: FileEntry) -> str | None:
    digest = hashlib.sha256()
    try:
        for chunk in remote.chunks(manifest, entry):
            digest.update(chunk)
    except RemoteDamaged as error:
        return str(error)
    if digest.hexdigest() != entry.sha256:
        return f"{remote.where(manifest, entry)}: sha256 differs from the manifest"
    return None
