"""Artifacts in a remote: find, list, remove, take down. The manifest is written last; with it the artifact exists.

    <FC_REMOTE>/artifacts-1/<key>/<identity>/manifest.json
    <FC_REMOTE>/artifacts-1/<key>/<identity>/<file>.<sha256 of the file>
    <FC_REMOTE>/takedowns-1/<key>/<identity>.json

A file's hash is part of its name, because two builds of one identity have equal content and unequal logs. So no
upload changes an existing file, and the files of every manifest stay present, whoever pushes last.
"""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from fc_model.artifacts.manifest import MANIFEST_NAME, FileEntry, Manifest, ManifestError, digest_of
from fc_pipeline.remote.objects import Objects
from fc_pipeline.remote.retry import ATTEMPTS, RemoteDamaged

Place = tuple[str, str]
"""(key, identity)."""

_ARTIFACTS = "artifacts-1"
_TAKEDOWNS = "takedowns-1"
_FOLDER = re.compile(r"(?P<key>[a-z0-9][a-z0-9_./-]*?)/(?P<identity>[0-9a-f]{16})/(?P<name>.+)")


class Remote:
    """The artifacts below one address. Methods raise RemoteError as those of `Objects` do."""

    def __init__(self, url: str, *, pause_seconds: float = 1.0, attempts: int = ATTEMPTS) -> None:
        self.objects = Objects(url, pause_seconds=pause_seconds, attempts=attempts)
        self.name = self.objects.name
        self.silent_until = 0.0
        """time.monotonic() until which a build does not ask this remote again, because it did not answer."""

    def find(self, key: str, identity: str) -> Manifest | None:
        """The manifest of an artifact in the remote; None when there is none. The files are not checked.

        Raises RemoteDamaged when it is not the manifest of this artifact.
        """
        path = f"{_folder(key, identity)}/{MANIFEST_NAME}"
        text = self.objects.read(path)
        if text is None:
            return None
        where = self.objects.where(path)
        try:
            manifest = Manifest.from_json(text, where)
        except ManifestError as error:
            raise RemoteDamaged(f"{error}; nothing was taken from the remote") from error
        if (manifest.key, manifest.identity) != (key, identity):
            raise RemoteDamaged(f"{where}: belongs to {manifest.key}/{manifest.identity}")
        if manifest.recipe.identity(key) != identity or digest_of(manifest.files) != manifest.digest:
            raise RemoteDamaged(f"{where}: its recipe or its files are not those of its identity and digest")
        return manifest

    def sizes(self, key: str, identity: str) -> dict[str, int]:
        """Bytes of the objects of an artifact, whole or half pushed, by name."""
        return self.objects.listing(_folder(key, identity))

    def everything(self) -> dict[Place, dict[str, int]]:
        """The objects of every artifact, whole or half pushed: {(key, identity): {name: bytes}}, sorted."""
        objects: dict[Place, dict[str, int]] = {}
        for path, num_bytes in self.objects.listing(_ARTIFACTS).items():
            if match := _FOLDER.fullmatch(path):
                objects.setdefault((match["key"], match["identity"]), {})[match["name"]] = num_bytes
        return dict(sorted(objects.items()))

    def age(self, key: str, identity: str, name: str, *, now: float) -> float | None:
        """Seconds since an object of an artifact was written; None when it has gone or the remote does not tell."""
        return self.objects.age(f"{_folder(key, identity)}/{name}", now=now)

    def remove_object(self, key: str, identity: str, name: str) -> None:
        """Delete one object of an artifact that stays."""
        self.objects.remove(f"{_folder(key, identity)}/{name}")

    def chunks(self, manifest: Manifest, entry: FileEntry, *, start: int = 0) -> Iterator[bytes]:
        """A file of an artifact from byte `start` on. Raises RemoteDamaged when it is gone or has another size."""
        return self.objects.chunks(object_path(manifest, entry), start=start, stop=entry.bytes)

    def where(self, manifest: Manifest, entry: FileEntry) -> str:
        """The address of a file, for messages."""
        return self.objects.where(object_path(manifest, entry))

    def put_file(self, manifest: Manifest, entry: FileEntry, source: Path) -> None:
        self.objects.put(object_path(manifest, entry), source)

    def put_manifest(self, manifest: Manifest) -> None:
        """Upload the manifest, which makes the artifact exist."""
        self.objects.put(f"{_folder(manifest.key, manifest.identity)}/{MANIFEST_NAME}", manifest.to_json().encode())

    def remove(self, key: str, identity: str) -> None:
        """Delete an artifact, its manifest first: a kill in between leaves objects that are no artifact."""
        folder = _folder(key, identity)
        self.objects.remove(f"{folder}/{MANIFEST_NAME}")
        self.objects.remove_folder(folder)

    def take_down(self, key: str, identity: str, *, at: float) -> None:
        """Delete an artifact for good: no store that still has it may push it again."""
        self.objects.put(f"{_TAKEDOWNS}/{key}/{identity}.json", json.dumps({"at": at}).encode() + b"\n")
        self.remove(key, identity)

    def is_taken_down(self, key: str, identity: str) -> bool:
        return self.objects.read(f"{_TAKEDOWNS}/{key}/{identity}.json") is not None


_remote = cache(Remote)


def object_name(entry: FileEntry) -> str:
    """The name of a file's object within its artifact."""
    return f"{entry.path}.{entry.sha256}"


def object_path(manifest: Manifest, entry: FileEntry) -> str:
    return f"{_folder(manifest.key, manifest.identity)}/{object_name(entry)}"


def is_whole(manifest: Manifest, sizes: dict[str, int]) -> bool:
    """True when every file of the manifest is there, as far as its size tells."""
    return all(sizes.get(object_name(entry)) == entry.bytes for entry in manifest.files)


def num_bytes(manifest: Manifest) -> int:
    return sum(entry.bytes for entry in manifest.files)


def configured_remote(*, attempts: int = ATTEMPTS) -> Remote | None:
    """The remote that FC_REMOTE names, None without one. Equal addresses give the same object."""
    url = os.environ.get("FC_REMOTE", "").strip()
    return _remote(url, attempts=attempts) if url else None


def _folder(key: str, identity: str) -> str:
    return f"{_ARTIFACTS}/{key}/{identity}"
