"""Durable file writes: temporary name, fsync, rename, fsync of the folder.

Order of operations after Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014): a file's bytes
are on the disk before its name is, and its name is before anything that refers to it.

Every durable operation passes `crash_point`, so that a test can kill the process at each one in turn
(`FC_CRASH_AT=7` kills at the seventh) on machines where ptrace, and so strace's injection, is not allowed.
"""

import errno
import hashlib
import io
import json
import os
import shutil
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from fc_model.errors import UserError

TEMPORARY_SUFFIX = ".tmp"
_CHUNK_BYTES = 1 << 20
_NOT_A_FILE = "{}: a pipe, a socket or a device stands in place of a file: remove it"

_operations = 0


def crash_point() -> None:
    """Kill this process here if it is the durable operation that `FC_CRASH_AT` counts to."""
    global _operations
    _operations += 1
    if os.environ.get("FC_CRASH_AT") == str(_operations):
        os.kill(os.getpid(), signal.SIGKILL)


class NotAFile(UserError):
    """What stands in place of a file can be waited for without end."""


class HashingFile(io.RawIOBase):
    """A binary file that hashes and counts what is written to it."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._hash = hashlib.sha256()
        self.num_bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:  # type: ignore[no-untyped-def,override]
        view = memoryview(data).cast("B")
        self._raw.write(view)
        self._hash.update(view)
        self.num_bytes += len(view)
        return len(view)

    def tell(self) -> int:
        return self.num_bytes

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def atomic_write(path: Path) -> Iterator[HashingFile]:
    """Open `path` for writing so that it appears whole or not at all.

    Yields a binary file that hashes as it writes. An exception inside removes the temporary file and leaves
    whatever stood at `path`. The temporary name carries the process's id, so that a writer that was passed over
    can neither rename nor remove the file of the one that took its place.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        with temporary.open("wb") as raw:
            file = HashingFile(raw)
            yield file
            crash_point()
            raw.flush()
            os.fsync(raw.fileno())
        crash_point()
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    crash_point()
    fsync_folder(path.parent)


def write_bytes(path: Path, data: bytes) -> str:
    """Write `data` to `path` durably; returns its sha256."""
    with atomic_write(path) as file:
        file.write(data)
    return file.sha256


def write_json(path: Path, value: Any, **options: Any) -> str:
    """Write a value durably as JSON, indented by one; `options` are json.dumps's. Returns the file's sha256."""
    return write_bytes(path, (json.dumps(value, indent=1, **options) + "\n").encode())


def read_file(path: Path) -> bytes:
    """The bytes of a small file.

    Raises NotAFile for a pipe, a socket or a device, which `open` would wait for; OSError as `open` does.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno != errno.ENXIO:  # of a socket
            raise
        raise NotAFile(_NOT_A_FILE.format(path)) from error
    with os.fdopen(descriptor, "rb") as file:  # IsADirectoryError for a folder
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotAFile(_NOT_A_FILE.format(path))
        return file.read()


def move_in(source: Path, target: Path, *, keep: bool = False) -> tuple[int, str]:
    """Move a finished file to `target` durably; returns (bytes, sha256).

    Both may lie on different disks. A link is copied: the artifact must hold the bytes, not point at them.
    With `keep` the file also stays at `source`: as a second name for the same bytes, or as a copy where the disk has no
    second names (exFAT, many network shares).
    """
    movable = _movable(source, target, keep=keep)
    if movable is None:
        with source.open("rb") as file, atomic_write(target) as copy:
            shutil.copyfileobj(file, cast(BinaryIO, copy), _CHUNK_BYTES)
        if not keep:
            source.unlink()
        return copy.num_bytes, copy.sha256
    digest = sha256_file(source)
    with source.open("rb") as file:
        crash_point()
        os.fsync(file.fileno())
    num_bytes = source.stat().st_size
    crash_point()
    os.replace(movable, target)
    crash_point()
    fsync_folder(target.parent)
    return num_bytes, digest


def _movable(source: Path, target: Path, *, keep: bool) -> Path | None:
    """What a rename brings to `target`: `source`, or a hard link of it; None where only copying does."""
    if source.is_symlink() or source.stat().st_dev != target.parent.stat().st_dev:
        return None
    if not keep:
        return source
    second = target.with_name(f"{target.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        second.unlink(missing_ok=True)
        second.hardlink_to(source)
    except OSError:  # each file system has an error of its own for it; if the disk is broken, the copy fails too
        return None
    return second


def make_folder(path: Path) -> None:
    """Create the folder and what is missing above it, each name durable before anything is put into it.

    Raises NotADirectoryError when a file is in the way.
    """
    if not path.is_dir():
        make_folder(path.parent)
        try:
            path.mkdir(exist_ok=True)
        except FileExistsError as error:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from error
        crash_point()
        fsync_folder(path.parent)


def fsync_folder(path: Path) -> None:
    """Make the names inside the folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_file(path: Path) -> str:
    """sha256 of a file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
