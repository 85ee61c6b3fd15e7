"""The store: finds, writes, verifies and removes artifacts. Nothing else touches final paths."""

import copy
import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fc_model.artifacts.artifact import Artifact
from fc_model.artifacts.files import make_folder, read_file
from fc_model.artifacts.hashed import index_path
from fc_model.artifacts.lock import ArtifactLock, Locked
from fc_model.artifacts.manifest import MANIFEST_NAME, Manifest, ManifestError, Recipe
from fc_model.artifacts.writer import WORKSPACE, ArtifactWriter, remove_manifest, remove_workspace, sweep
from fc_model.errors import UserError

_KEY = re.compile(r"[a-z0-9][a-z0-9_.-]*(/[a-z0-9][a-z0-9_.-]*)*")
_IDENTITY = re.compile(r"[0-9a-f]{16}")
_DISK_ERRORS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EIO,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ENOLCK,
    errno.ESTALE,
}


class AlreadyBuilt(UserError):
    """The artifact to be written was committed by another process in the meantime."""


class Store:
    """All artifacts below one folder."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).expanduser().absolute()

    def folder(self, key: str, identity: str) -> Path:
        """Raises UserError for a key or identity that could leave the store."""
        if not _KEY.fullmatch(key) or not _IDENTITY.fullmatch(identity):
            raise UserError(f"{key!r}/{identity!r} is not an artifact: keys are lower case words joined by '/'")
        return self.root / key / identity

    def find(self, key: str, identity: str) -> Artifact | None:
        """The artifact, if it was committed. Its files are not checked: `Artifact.verify` does that.

        Raises ManifestError (a UserError) when its manifest is damaged.
        """
        folder = self.folder(key, identity)
        path = folder / MANIFEST_NAME
        try:
            text = read_file(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ManifestError(f"{path}: cannot be read ({error.strerror})") from error
        manifest = Manifest.from_json(text, str(path))
        if (manifest.key, manifest.identity) != (key, identity):
            raise ManifestError(f"{path}: belongs to {manifest.key}/{manifest.identity}; delete this folder")
        return Artifact(folder, manifest)

    def identities(self, key: str) -> list[str]:
        """Every identity that the key has a folder of, committed or half-done, sorted."""
        parent = self.folder(key, "0" * 16).parent
        return sorted(path.name for path in _folders(parent) if _IDENTITY.fullmatch(path.name))

    def versions(self, key: str) -> list[Artifact]:
        """Every artifact of a key whose manifest can be read, the newest commit last."""
        artifacts = []
        for identity in self.identities(key):
            with suppress(ManifestError):  # `verify` names it
                if (artifact := self.find(key, identity)) is not None:
                    artifacts.append(artifact)
        return sorted(artifacts, key=lambda artifact: (artifact.manifest.run.get("committed_at", 0), artifact.identity))

    def keys(self) -> list[str]:
        """Every key that has a folder of an artifact, committed or half-done, sorted."""
        keys = set()
        waiting = [self.root]
        while waiting:
            folder = waiting.pop()
            for path in _folders(folder):
                key = folder.relative_to(self.root).as_posix()
                if _IDENTITY.fullmatch(path.name) and _KEY.fullmatch(key):
                    keys.add(key)
                else:
                    waiting.append(path)
        return sorted(keys)

    def lock_path(self, key: str, identity: str) -> Path:
        """Where the writer of this artifact leaves its pid, its host and what it reads while it works."""
        return self.folder(key, identity).with_name(f".{identity}.lock")

    def _lock(self, key: str, identity: str, reads: Sequence[tuple[str, str]] = ()) -> ArtifactLock:
        return ArtifactLock(self.lock_path(key, identity), f"{key}/{identity}", reads)

    @contextmanager
    def write(self, key: str, recipe: Recipe, *, replace: bool = False) -> Iterator[ArtifactWriter]:
        """Make the artifact of this recipe; it is committed when the block ends without an exception.

        Args:
            replace: write over a committed artifact of this recipe, because it is damaged.

        Raises:
            AlreadyBuilt: the artifact is there, and `replace` is not set.
            UserError: somebody else is writing it, or the disk is full or refuses (nothing earlier is lost).
            ValueError: the counters do not add up.
        """
        # What the manifest says must be what the identity was made from, whatever the step does to its config.
        recipe = copy.deepcopy(recipe)
        identity = recipe.identity(key)
        reads = [(entry.key, entry.identity) for entry in recipe.inputs.values()]
        manifest_of = lambda writer: writer.manifest(key, identity, recipe)  # noqa: E731
        with self._written(key, identity, manifest_of, replace, reads) as writer:
            yield writer

    @contextmanager
    def receive(self, manifest: Manifest, *, replace: bool = False) -> Iterator[ArtifactWriter]:
        """Take in the files of an artifact that was made elsewhere; it is committed under its own manifest.

        Raises what `write` raises, and UserError when the files are not those of the manifest: nothing is committed.
        """
        with self._written(manifest.key, manifest.identity, lambda writer: _received(writer, manifest), replace) as out:
            yield out

    @contextmanager
    def _written(
        self,
        key: str,
        identity: str,
        manifest_of: Callable[[ArtifactWriter], Manifest],
        replace: bool,
        reads: Sequence[tuple[str, str]] = (),
    ) -> Iterator[ArtifactWriter]:
        """The commit protocol: lock, sweep, files, manifest; see `write`."""
        folder = self.folder(key, identity)
        with _disk_errors(key, folder):
            make_folder(folder.parent)
            with self._lock(key, identity, reads) as lock:
                if not replace and (folder / MANIFEST_NAME).is_file():
                    raise AlreadyBuilt(f"{key}/{identity} is built already; it is replaced only when it is damaged")
                make_folder(folder)
                sweep(folder)
                writer = ArtifactWriter(folder, lock)
                yield writer
                manifest = manifest_of(writer)
                lock.check()
                manifest.write(folder)
                remove_workspace(folder)

    def judge(self, artifact: Artifact, gates: list[dict[str, Any]]) -> Artifact:
        """Write new verdicts into a committed manifest. The files, and so the digest, stay as they are.

        Raises UserError when somebody is rebuilding or removing the artifact at this moment.
        """
        key, identity = artifact.key, artifact.identity
        with _disk_errors(key, artifact.folder), self._lock(key, identity):
            present = self.find(key, identity)
            if present is None:
                raise UserError(f"{key}/{identity} was removed by another process; materialize {key} again")
            present.manifest.gates = gates
            present.manifest.write(artifact.folder)
        return present

    def tidy(self, artifact: Artifact) -> None:
        """Remove the workspace that a kill just after the commit left, unless its writer is at it itself."""
        key, identity = artifact.key, artifact.identity
        if (artifact.folder / WORKSPACE).exists():
            with suppress(Locked), _disk_errors(key, artifact.folder), self._lock(key, identity):
                remove_workspace(artifact.folder)

    def remove(self, key: str, identity: str) -> None:
        """Delete a folder, its manifest first: a kill in between leaves a folder that is no artifact.

        Raises UserError when somebody is writing it at this moment.
        """
        folder = self.folder(key, identity)
        with _disk_errors(key, folder), self._lock(key, identity):
            remove_manifest(folder)
            index_path(folder).unlink(missing_ok=True)
            if folder.is_dir():
                shutil.rmtree(folder)


def _received(writer: ArtifactWriter, manifest: Manifest) -> Manifest:
    for entry in manifest.files:
        if writer.files.get(entry.path) != entry:
            raise UserError(f"{manifest.key}/{manifest.identity}: {entry.path} is not what its manifest says")
    return manifest


def _folders(path: Path) -> list[Path]:
    """The folders in a folder, without hidden ones and links; none when it is not there."""
    if not path.is_dir():
        return []
    return [
        Path(entry.path) for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False) and entry.name[0] != "."
    ]


@contextmanager
def _disk_errors(key: str, folder: Path) -> Iterator[None]:
    """Turn what a disk may say into a UserError that names the file, the free space and the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOENT and not folder.exists():
            raise UserError(f"{key}: {folder} was removed while it was written; run again") from error
        if error.errno not in _DISK_ERRORS:
            raise
        named = isinstance(error.filename, str | os.PathLike)
        place = Path(error.filename) if named else folder
        nearest = next(parent for parent in (place, *place.absolute().parents) if parent.exists())
        free = f"{shutil.disk_usage(nearest).free / 1e6:.1f} MB free"
        where = f"{place}: {os.strerror(error.errno)} ({free})"
        if not named:  # a write to an open file, but also a semaphore in /dev/shm
            where = f"{os.strerror(error.errno)}, in a place that the system does not name; {folder} has {free}"
        remedy = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "repair the disk or its permissions"
        raise UserError(f"{key}: {where}; {remedy} and run again, nothing earlier is lost") from error
