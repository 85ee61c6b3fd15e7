"""The store: finds, writes, verifies and removes artifacts. Nothing else touches final paths."""

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from fc_model.artifacts.files import TEMPORARY_SUFFIX, atomic_write, move_in, write_bytes
from fc_model.artifacts.files import sha256_file
from fc_model.artifacts.lock import ArtifactLock
from fc_model.artifacts.manifest import MANIFEST_NAME, Counters, FileEntry, Manifest, Recipe, digest_of
from fc_model.artifacts.records import RecordWriter
from fc_model.errors import UserError

WORKSPACE = "workspace"
_KEY = re.compile(r"[a-z0-9][a-z0-9_.-]*(/[a-z0-9][a-z0-9_.-]*)*")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*")
_IDENTITY = re.compile(r"[0-9a-f]{16}")
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM, errno.ENOTDIR}


class Artifact:
    """A committed artifact: a folder whose manifest is there."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self._verified = False

    @property
    def key(self) -> str:
        return self.manifest.key

    @property
    def identity(self) -> str:
        return self.manifest.identity

    @property
    def digest(self) -> str:
        return self.manifest.digest

    @property
    def metrics(self) -> dict[str, float]:
        return self.manifest.metrics

    @property
    def num_bytes(self) -> int:
        return sum(entry.bytes for entry in self.manifest.files)

    def path(self, name: str) -> Path:
        """The path of a file that the manifest lists; raises UserError for any other name."""
        if not any(entry.path == name for entry in self.manifest.files):
            raise UserError(f"{self.key}/{self.identity} has no file {name!r}; materialize it again")
        return self.folder / name

    def problems(self, *, strict: bool = False) -> list[str]:
        """What is wrong with the files, one line each: missing, size, hash; foreign files when `strict`."""
        found = []
        for entry in self.manifest.files:
            path = self.folder / entry.path
            if not path.is_file():
                found.append(f"{path}: missing")
            elif path.stat().st_size != entry.bytes:
                found.append(f"{path}: {path.stat().st_size} bytes, the manifest says {entry.bytes}")
            elif sha256_file(path) != entry.sha256:
                found.append(f"{path}: sha256 differs from the manifest")
        if digest_of(self.manifest.files) != self.manifest.digest:
            found.append(f"{self.folder / MANIFEST_NAME}: digest does not match its list of files")
        if strict:
            known = {MANIFEST_NAME, *(entry.path for entry in self.manifest.files)}
            for path in sorted(self.folder.rglob("*")):
                if path.is_file() and path.relative_to(self.folder).as_posix() not in known:
                    found.append(f"{path}: not in the manifest")
        return found

    def verify(self) -> "Artifact":
        """Rehashes every file, once per process; raises UserError that lists all damage."""
        if not self._verified:
            problems = self.problems()
            if problems:
                raise UserError(f"{self.key} is damaged: {'; '.join(problems)}; materialize {self.key} again")
            self._verified = True
        return self


class ArtifactWriter:
    """Collects the files of an artifact that is being made. `Store.write` gives one and commits it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.counters = Counters()
        self.licences: list[dict[str, Any]] = []
        self.metrics: dict[str, float] = {}
        self.gates: list[dict[str, Any]] = []
        self.run: dict[str, Any] = {}
        self.files: dict[str, FileEntry] = {}

    def _target(self, name: str) -> Path:
        if not _FILE.fullmatch(name) or name == MANIFEST_NAME or name.split("/")[0] == WORKSPACE:
            raise UserError(f"{name!r} cannot be the name of an artifact's file")
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    @contextmanager
    def open(self, name: str, *, content: bool = True, records: int | None = None) -> Iterator[BinaryIO]:
        """A binary file that appears whole, or not at all, when the block ends."""
        with atomic_write(self._target(name)) as file:
            yield cast(BinaryIO, file)
        self.files[name] = FileEntry(name, file.num_bytes, file.sha256, records, content)

    def write_text(self, name: str, text: str, *, content: bool = True) -> None:
        with self.open(name, content=content) as file:
            file.write(text.encode("utf-8"))

    @contextmanager
    def records(self, name: str, *, content: bool = True) -> Iterator[Callable[[dict[str, Any]], None]]:
        """A writer of records (`*.jsonl.zst`); the manifest gets their number."""
        with atomic_write(self._target(name)) as file:
            writer = RecordWriter(cast(BinaryIO, file))
            yield writer
            writer.close()
        self.files[name] = FileEntry(name, file.num_bytes, file.sha256, writer.count, content)

    def adopt(self, name: str, source: Path, *, content: bool = True, records: int | None = None) -> None:
        """Take in a finished file, made in the workspace or by a library; it is moved."""
        num_bytes, digest = move_in(source, self._target(name))
        self.files[name] = FileEntry(name, num_bytes, digest, records, content)

    def workspace(self, name: str) -> Path:
        """A folder for half-done work. It outlives a kill, so that the next attempt resumes; commit removes it."""
        path = self.folder / WORKSPACE / name
        path.mkdir(parents=True, exist_ok=True)
        return path


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
        """The artifact, if it was committed. Its files are not checked: `Artifact.verify` does that."""
        folder = self.folder(key, identity)
        path = folder / MANIFEST_NAME
        if not path.is_file():
            return None
        manifest = Manifest.from_json(path.read_text("utf-8"), str(path))
        if (manifest.key, manifest.identity) != (key, identity):
            raise UserError(f"{path}: belongs to {manifest.key}/{manifest.identity}; delete this folder")
        return Artifact(folder, manifest)

    def versions(self, key: str) -> list[Artifact]:
        """Every committed artifact of a key, the newest commit last."""
        folders = [
            path.parent
            for path in (self.root / key).glob(f"*/{MANIFEST_NAME}")
            if _IDENTITY.fullmatch(path.parent.name)
        ]
        found = [artifact for folder in folders if (artifact := self.find(key, folder.name)) is not None]
        return sorted(found, key=lambda artifact: (artifact.manifest.run.get("committed_at", 0), artifact.identity))

    def keys(self) -> list[str]:
        """Every key that has a committed artifact."""
        manifests = self.root.rglob(f"*/{MANIFEST_NAME}")
        return sorted(
            {
                path.parent.parent.relative_to(self.root).as_posix()
                for path in manifests
                if _IDENTITY.fullmatch(path.parent.name)
            }
        )

    @contextmanager
    def write(self, key: str, recipe: Recipe) -> Iterator[ArtifactWriter]:
        """Make the artifact of this recipe; it is committed when the block ends without an exception.

        Raises:
            UserError: somebody else is writing it, or the disk is full or refuses (nothing earlier is lost).
            ValueError: the counters do not add up.
        """
        identity = recipe.identity(key)
        folder = self.folder(key, identity)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with ArtifactLock(folder.with_name(f".{identity}.lock"), f"{key}/{identity}") as lock:
                _sweep(folder)
                writer = ArtifactWriter(folder)
                yield writer
                writer.counters.check()
                lock.check()
                self._commit(key, identity, recipe, writer)
        except OSError as error:
            if error.errno not in _DISK_ERRORS:
                raise
            free = shutil.disk_usage(_nearest(folder)).free
            raise UserError(
                f"{key}: cannot write {error.filename or folder}: {os.strerror(cast(int, error.errno))} "
                f"({free / 1e6:.1f} MB free); make room or mend the folder and run again, nothing earlier is lost"
            ) from error

    def _commit(self, key: str, identity: str, recipe: Recipe, writer: ArtifactWriter) -> None:
        files = sorted(writer.files.values(), key=lambda entry: entry.path)
        manifest = Manifest(
            key=key,
            identity=identity,
            digest=digest_of(files),
            recipe=recipe,
            files=files,
            counters=writer.counters,
            licences=writer.licences,
            metrics=writer.metrics,
            gates=writer.gates,
            run=writer.run,
        )
        write_bytes(writer.folder / MANIFEST_NAME, manifest.to_json().encode())
        shutil.rmtree(writer.folder / WORKSPACE, ignore_errors=True)

    def judge(self, artifact: Artifact, gates: list[dict[str, Any]]) -> Artifact:
        """Write new verdicts into a committed manifest. The files, and so the digest, stay as they are."""
        artifact.manifest.gates = gates
        write_bytes(artifact.folder / MANIFEST_NAME, artifact.manifest.to_json().encode())
        return artifact

    def remove(self, artifact: Artifact) -> None:
        """Delete an artifact, its manifest first: a kill in between leaves a folder that is no artifact."""
        with ArtifactLock(
            artifact.folder.with_name(f".{artifact.identity}.lock"), f"{artifact.key}/{artifact.identity}"
        ):
            (artifact.folder / MANIFEST_NAME).unlink()
            shutil.rmtree(artifact.folder)


def _sweep(folder: Path) -> None:
    """Remove what a killed writer left, except its workspace; the old manifest goes first."""
    (folder / MANIFEST_NAME).unlink(missing_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and path.name != WORKSPACE:
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()
    for path in (folder / WORKSPACE).rglob(f"*{TEMPORARY_SUFFIX}"):
        if path.is_file():
            path.unlink()


def _nearest(path: Path) -> Path:
    """The closest folder above `path` that exists."""
    return next(parent for parent in (path, *path.parents) if parent.exists())
