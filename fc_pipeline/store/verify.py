"""Verify the store or a remote: every file is hashed. What is downloaded for it is not kept."""

import hashlib
from collections.abc import Callable, Sequence

from fc_model.artifacts import Store
from fc_model.artifacts.manifest import MANIFEST_NAME, FileEntry, Manifest
from fc_model.errors import UserError, suggestion
from fc_pipeline.remote.remote import Place, Remote
from fc_pipeline.remote.retry import RemoteDamaged


def verify_store(store: Store, wanted: Sequence[str], *, strict: bool) -> tuple[int, list[str]]:
    """The number of checked artifacts, and every problem as one line.

    Args:
        wanted: keys, or beginnings of keys (`nano`); empty for all.
        strict: also name files that no manifest lists.

    Raises:
        UserError: nothing in the store has such a key.
    """

    def problems(key: str, identity: str) -> list[str] | None:
        artifact = store.find(key, identity)
        return None if artifact is None else artifact.problems(strict=strict, read="all")

    keys = store.keys()
    places = [(key, identity) for key in keys for identity in store.identities(key)]
    return _verified(places, wanted, problems, where=str(store.root))


def verify_remote(remote: Remote, wanted: Sequence[str]) -> tuple[int, list[str]]:
    """The same of a remote. Raises RemoteError when it cannot be reached."""

    def problems(key: str, identity: str) -> list[str] | None:
        manifest = remote.find(key, identity)
        if manifest is None:
            return None
        return [problem for entry in manifest.files if (problem := _problem(remote, manifest, entry))]

    places = [place for place, sizes in remote.everything().items() if MANIFEST_NAME in sizes]
    return _verified(places, wanted, problems, where=remote.name)


def below(key: str, name: str) -> bool:
    """True for the key `name` and every key that begins with it, part by part."""
    return key == name or key.startswith(f"{name.rstrip('/')}/")


def _verified(
    places: list[Place],
    wanted: Sequence[str],
    problems: Callable[[str, str], list[str] | None],
    *,
    where: str,
) -> tuple[int, list[str]]:
    """`problems` of a place are None when it has no artifact."""
    for name in wanted:
        if not any(below(key, name) for key, _ in places):
            known = {key for key, _ in places}
            raise UserError(f"{where} has nothing of {name!r}{suggestion(name, known, most=5) or '; it is empty'}")
    checked, lines = 0, []
    for key, identity in places:
        if not wanted or any(below(key, name) for name in wanted):
            try:
                result = problems(key, identity)
            except (UserError, RemoteDamaged) as error:
                result = [str(error)]
            checked += result is not None
            lines += result or []
    return checked, lines


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
