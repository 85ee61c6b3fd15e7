"""A folder of a conversation's files that no path leaves.

A path is relative, with / between its parts. Each part is opened below its parent's descriptor and no link is
followed (openat(2), O_NOFOLLOW), so that no name and no race leads out. Names that begin with a dot are nobody's
(`..`, hidden files, a file that is being written), nor are names that Windows keeps for devices.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fc_model.tools.tool import ToolError, shown

MAX_FILE_BYTES = 1 << 20
MAX_FOLDER_BYTES = 16 << 20
MAX_FILES = 1000
_MAX_PATH = 200
_MAX_PARTS = 8
_PART = re.compile(r"[^./\\:\x00-\x1f\x7f][^/\\:\x00-\x1f\x7f]*")
_HALF = re.compile("[\ud800-\udfff]")
"""What Python makes of a byte of a name that is no UTF-8."""
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_PARTIAL = ".partial"
_MODE = 0o666


class Folder:
    def __init__(self, root: Path) -> None:
        """`root` may be a link now; one that takes its place later is not followed."""
        self._root = root.resolve()

    def read(self, path: str, *, most: int = MAX_FILE_BYTES) -> bytes:
        """Raises ToolError where there is no such regular file, or it has more than `most` bytes."""
        *parents, name = _parts(path)
        with self._opened(parents, path) as folder:
            return _read(name, folder, path, most)

    def read_text(self, path: str) -> str:
        """Raises ToolError as `read`, and for a file that is no UTF-8."""
        try:
            return self.read(path).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ToolError(f"{shown(path)} is no UTF-8 text") from error

    def write(self, path: str, data: bytes, *, append: bool) -> int:
        """Write a file whole, or not at all; folders of the path are made. Returns the bytes of the file.

        Raises ToolError where the file or the folder would become too large, or the path is no file's.
        """
        *parents, name = _parts(path)
        with self._opened(parents, path, make=True) as folder:
            if append and _exists(name, folder):
                data = _read(name, folder, path, MAX_FILE_BYTES) + data
            if len(data) > MAX_FILE_BYTES:
                raise ToolError(f"a file may have {MAX_FILE_BYTES} bytes, {shown(path)} would have {len(data)}")
            sizes = dict(self.files())
            sizes[path] = len(data)
            if len(sizes) > MAX_FILES or sum(sizes.values()) > MAX_FOLDER_BYTES:
                raise ToolError(f"the folder is full: {MAX_FILES} files and {MAX_FOLDER_BYTES} bytes are allowed")
            _replace(name, folder, data, path)
        return len(data)

    def files(self) -> Iterator[tuple[str, int]]:
        """(path, bytes) of every regular file that a path can name, sorted."""
        with self._opened([], "") as root:
            yield from sorted(_walk(root, "", _MAX_PARTS))

    @contextmanager
    def _opened(self, parents: list[str], path: str, *, make: bool = False) -> Iterator[int]:
        """Descriptor of the folder that a file lies in."""
        try:
            folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError as error:
            raise ToolError(f"the folder of this conversation cannot be opened ({error.strerror})") from error
        try:
            for part in parents:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, dir_fd=folder)
                inner = _open(part, os.O_RDONLY | os.O_DIRECTORY, folder, path)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    if (
        len(path) > _MAX_PATH
        or len(parts) > _MAX_PARTS
        or any(len(part.encode()) > 255 - len(_PARTIAL) for part in parts)
    ):
        raise ToolError(f"the path {shown(path)} is too long")
    if any(not _PART.fullmatch(part) or _DEVICE.fullmatch(part) for part in parts):
        raise ToolError(
            f"{shown(path)} is no path in this folder: give names with / between, none that begins with a dot"
        )
    return parts


def _open(name: str, flags: int, folder: int, path: str) -> int:
    try:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        raise ToolError(f"{shown(path)} does not exist") from None
    except OSError as error:  # a link, a file where a folder should be, no permission
        raise ToolError(f"{shown(path)} cannot be opened ({error.strerror})") from error


def _exists(name: str, folder: int) -> bool:
    return name in os.listdir(folder)


def _read(name: str, folder: int, path: str, most: int) -> bytes:
    descriptor = _open(name, os.O_RDONLY, folder, path)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ToolError(f"{shown(path)} is no file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(most + 1)
    finally:
        os.close(descriptor)
    if len(data) > most:
        raise ToolError(f"{shown(path)} has more than {most} bytes")
    return data


def _replace(name: str, folder: int, data: bytes, path: str) -> None:
    """By a new file and a rename: a kill leaves the old file or the new one."""
    if _exists(name, folder) and not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        raise ToolError(f"{shown(path)} is no file")
    partial = f".{name}{_PARTIAL}"
    try:
        with suppress(FileNotFoundError):
            os.unlink(partial, dir_fd=folder)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _MODE, dir_fd=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.replace(partial, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError as error:
        with suppress(OSError):
            os.unlink(partial, dir_fd=folder)
        raise ToolError(f"{shown(path)} cannot be written ({error.strerror})") from error


def _can_be_named(name: str) -> bool:
    """Whether a path may have this part; one that is no UTF-8 on the disk stands in no JSON."""
    return _PART.fullmatch(name) is not None and not _HALF.search(name)


def _walk(folder: int, prefix: str, depth: int) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as entries:
        listed = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries if _can_be_named(entry.name)]
    for name, status in listed:
        if stat.S_ISREG(status.st_mode):
            yield prefix + name, status.st_size
        elif stat.S_ISDIR(status.st_mode) and depth > 1:
            with suppress(ToolError):  # it was a folder a moment ago
                inner = _open(name, os.O_RDONLY | os.O_DIRECTORY, folder, name)
                try:
                    yield from _walk(inner, f"{prefix}{name}/", depth - 1)
                finally:
                    os.close(inner)
