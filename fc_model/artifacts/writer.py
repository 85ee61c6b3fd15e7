"""An artifact in the making: its files, what is said of them, and what a killed attempt leaves behind."""

import math
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from fc_model.artifacts.files import TEMPORARY_SUFFIX, atomic_write, crash_point, fsync_folder, make_folder, move_in
from fc_model.artifacts.lock import ArtifactLock
from fc_model.artifacts.manifest import MANIFEST_NAME, Counters, FileEntry, Manifest, Recipe, digest_of, is_file_name
from fc_model.artifacts.records import RecordWriter
from fc_model.errors import UserError

WORKSPACE = "workspace"


class ArtifactWriter:
    """Collects the files of an artifact that is being made. `Store.write` gives one and commits it."""

    def __init__(self, folder: Path, lock: ArtifactLock) -> None:
        self.folder = folder
        self._lock = lock
        self.counters = Counters()
        self.licences: list[dict[str, Any]] = []
        self.metrics: dict[str, float] = {}
        self.gates: list[dict[str, Any]] = []
        self.run: dict[str, Any] = {}
        self.files: dict[str, FileEntry] = {}

    def _target(self, name: str) -> Path:
        reserved = name == MANIFEST_NAME or name.split("/")[0] == WORKSPACE or name.endswith(TEMPORARY_SUFFIX)
        if reserved or not is_file_name(name):
            raise UserError(f"{name!r} cannot be the name of an artifact's file")
        self._lock.check()
        target = self.folder / name
        make_folder(target.parent)
        return target

    @contextmanager
    def open(self, name: str, *, content: bool = True, records: int | None = None) -> Iterator[BinaryIO]:
        """A binary file that appears whole, or not at all, when the block ends."""
        with atomic_write(self._target(name)) as file:
            yield cast(BinaryIO, file)
            self._lock.check()
        self.files[name] = FileEntry(name, file.num_bytes, file.sha256, records, content)

    def write_text(self, name: str, text: str, *, content: bool = True) -> None:
        with self.open(name, content=content) as file:
            file.write(text.encode("utf-8"))

    @contextmanager
    def records(self, name: str, *, content: bool = True) -> Iterator[Callable[[dict[str, Any]], None]]:
        """A writer of records (`*.jsonl.zst`); the manifest gets their number."""
        with self.open(name, content=content) as file:
            writer = RecordWriter(file)
            yield writer
            writer.close()
        self.files[name] = replace(self.files[name], records=writer.count)

    def adopt(self, name: str, source: Path, *, content: bool = True, records: int | None = None) -> None:
        """Take in a finished file, made in the workspace or by a library; it is moved.

        What lies in the workspace also stays there until the commit: hashing large files takes minutes, and a
        kill in between must not cost the work.
        """
        keep = source.is_relative_to(self.folder / WORKSPACE)
        num_bytes, digest = move_in(source, self._target(name), keep=keep)
        self.files[name] = FileEntry(name, num_bytes, digest, records, content)

    def workspace(self, name: str) -> Path:
        """A folder for half-done work. It outlives a kill, so that the next attempt resumes; commit removes it."""
        self._lock.check()
        path = self.folder / WORKSPACE / name
        make_folder(path)
        return path

    def manifest(self, key: str, identity: str, recipe: Recipe) -> Manifest:
        """What is written, if the artifact is whole.

        Raises ValueError when the counters do not add up, UserError for a metric that is not finite.
        """
        self.counters.check()
        files = sorted(self.files.values(), key=lambda entry: entry.path)
        return Manifest(
            key=key,
            identity=identity,
            digest=digest_of(files),
            recipe=recipe,
            files=files,
            counters=self.counters,
            licences=self.licences,
            metrics={name: _number(key, name, value) for name, value in self.metrics.items()},
            gates=self.gates,
            run=self.run,
        )


def _number(key: str, name: str, value: Any) -> float:
    """The metric as JSON takes it (numpy's scalars become float). Raises UserError when it is not finite."""
    number = value if isinstance(value, int) else float(value)
    if not math.isfinite(number):
        raise UserError(f"{key}: metric {name} is {number}; find out why, a manifest holds finite numbers only")
    return number


def sweep(folder: Path) -> None:
    """Remove what a killed writer left, except its workspace; the old manifest goes first."""
    remove_manifest(folder)
    for path in folder.iterdir():
        if path.is_symlink() or not path.is_dir():
            path.unlink()
        elif path.name != WORKSPACE:
            shutil.rmtree(path)
    for path in list((folder / WORKSPACE).rglob(f"*{TEMPORARY_SUFFIX}")):
        if path.is_file():
            path.unlink()


def remove_manifest(folder: Path) -> None:
    """The artifact ends here, durably, before any of its files goes."""
    if (folder / MANIFEST_NAME).exists():
        (folder / MANIFEST_NAME).unlink()
        crash_point()
        fsync_folder(folder)


def remove_workspace(folder: Path) -> None:
    crash_point()
    shutil.rmtree(folder / WORKSPACE, ignore_errors=True)
