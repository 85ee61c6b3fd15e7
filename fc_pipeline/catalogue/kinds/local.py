"""Files of a folder, such as an inbox that people put documents into: on this machine, or where fsspec reaches.

Names and files are what people make of them. One that can't be read is listed without a checksum and quarantined when
its source is read, so that it stops neither its source nor any other.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from fc_model.artifacts.files import sha256_file
from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.globs import G, Glob, as_text, matches, may_match_below, stays_inside
from fc_pipeline.catalogue.entry import LocalFile, LocalPin
from fc_pipeline.catalogue.files import File, Stream, Wanted


def folder_content(address: str, specs: Sequence[Glob], *, where: str) -> list[LocalFile]:
    """The files that a glob matches, by path, with their checksums; links are not followed.

    A link, or what else is no file, comes without a checksum. So does a folder inside that is a link or can't be
    listed, as `path/`, if it might hold such files.

    Raises:
        UserError: the folder is not there, or cannot be listed; begins with `where`.
    """
    folder = _Folder(address, where)
    content = []
    for path, num_bytes in sorted(folder.files().items()):
        chooses = may_match_below if path.endswith("/") else matches
        if any(chooses(path, spec.glob, spec.exclude) for spec in specs):
            with suppress(FileNotFoundError):  # it went since it was listed
                content.append(LocalFile(path=path, bytes=num_bytes, sha256=folder.checksum_or_none(path)))
    return content


def read_local(pin: LocalPin, wanted: Wanted[G]) -> Iterator[File[G]]:
    """Yields the files in the order of paths. A file larger than max_file_bytes is refused unread.

    Raises:
        UserError: files are gone (all are named, before any is read), or one differs from what was planned, be it that
            it changes while it is read.
    """
    folder = _Folder(pin.folder, wanted.where)
    content = {file.path: file for file in pin.content or []}
    sizes = [(file.path, file.bytes) for file in content.values() if not file.path.endswith("/")]
    present = folder.files()
    chosen = wanted.choose(sizes, inside=pin.folder, names=present)
    chosen |= {path: wanted.specs[0] for path in content if path.endswith("/")}
    missing = sorted(set(chosen) - set(present))
    if missing:
        raise UserError(
            f"{wanted.where}: {len(missing)} of {len(chosen)} files are gone from {pin.folder}: "
            f"{', '.join(missing)}; bring them back, or plan again"
        )
    for path, spec in sorted(chosen.items()):
        if content[path].sha256 is None:
            yield File(path, spec, folder.refusal(content[path]))
        else:
            stream = Stream(partial(folder.open_planned, content[path]))
            yield wanted.file(path, spec, content[path].bytes, stream)


class _Folder:
    """A folder of this machine, or of any file system that fsspec reaches by the drivers that are installed."""

    def __init__(self, address: str, where: str) -> None:
        import fsspec
        from fsspec.implementations.local import LocalFileSystem

        self._address = unquote(address) if address.startswith("file://") else address
        self.where = where
        try:
            self._system, root = fsspec.core.url_to_fs(self._address)
        except (ImportError, ValueError) as error:
            raise UserError(f"{where}: {address}: {error}; install the driver, or correct `folder`") from error
        self._root = root.rstrip("/")
        self._is_local = isinstance(self._system, LocalFileSystem)
        self._names: dict[str, str] = {}
        """{path as text: as the file system has it}"""

    def files(self) -> dict[str, int]:
        """{path as text: bytes}; a folder inside that cannot be listed is a path that ends with a slash."""
        if self._is_local and not self._system.isdir(self._root):
            raise UserError(f"{self.where}: no folder {self._root}; make it, or correct `folder`")
        listed = self._walk() if self._is_local else self._find()
        self._names = {as_text(name): name for name in listed}
        if len(self._names) < len(listed):
            twice = sorted({as_text(name) for name in listed if self._names[as_text(name)] != name})
            raise UserError(f"{self.where}: two files are called {', '.join(twice)} as text; rename one of each")
        if not listed and not self._is_local:
            raise UserError(f"{self.where}: no files at {self._address}; put some there, or correct `folder`")
        return {path: listed[name] for path, name in self._names.items()}

    def checksum_or_none(self, path: str) -> str | None:
        """None for a file that cannot be read, or must not be. Raises FileNotFoundError when there is none."""
        try:
            is_safe = stays_inside(path) and not path.endswith("/") and self._is_regular(path)
            return self._checksum(path) if is_safe else None
        except FileNotFoundError:
            raise
        except OSError:
            return None

    def refusal(self, file: LocalFile) -> BadInput:
        """Why a file without a checksum isn't read. Raises UserError when it can be read now."""
        if not stays_inside(file.path):
            return BadInput("unsafe_name", "leads out of the folder", file.bytes)
        try:
            if not self._is_regular(file.path):
                return BadInput("unsafe_member", "is a link, or no file: put the file itself there")
            if file.path.endswith("/"):
                os.scandir(self._full_path(file.path)).close()
            else:
                with self._open(file.path):
                    pass
        except OSError as error:
            return BadInput("unreadable", error.strerror or str(error), file.bytes)
        raise UserError(f"{self.where}: {file.path} can be read since the run was planned; run again")

    @contextmanager
    def open_planned(self, file: LocalFile) -> Iterator[BinaryIO]:
        """Only what is read of it is downloaded. It is compared with the plan before and after it is read.

        Raises:
            UserError: it differs, or cannot be read.
        """
        try:
            self._compare(file)
            with self._open(file.path) as stream:
                try:
                    yield stream
                except BadInput:
                    self._compare(file)  # what seems broken may be half of what is being written
                    raise
            self._compare(file)
        except OSError as error:
            where = f"{self.where}: {file.path}"
            raise UserError(f"{where}: cannot be read ({error.strerror or error}); mend it, or plan again") from error

    def _compare(self, file: LocalFile) -> None:
        self._system.invalidate_cache()
        if self._checksum(file.path) != file.sha256:
            raise UserError(f"{self.where}: {file.path} changed after the run was planned; run again")

    def _checksum(self, path: str) -> str:
        """sha256; elsewhere of what the store says of the file, so that nothing is downloaded."""
        if self._is_local:
            return sha256_file(Path(self._full_path(path)))
        return hashlib.sha256(str(self._system.ukey(self._full_path(path))).encode()).hexdigest()

    def _open(self, path: str) -> AbstractContextManager[BinaryIO]:
        if self._is_local:
            return Path(self._full_path(path)).open("rb")
        return self._system.open(self._full_path(path), "rb")

    def _is_regular(self, path: str) -> bool:
        """False for a link, which may lead anywhere, and for a device or pipe: it is never opened."""
        if not self._is_local:
            return True
        mode = os.lstat(self._full_path(path).rstrip("/")).st_mode
        return stat.S_ISREG(mode) or stat.S_ISDIR(mode)

    def _full_path(self, path: str) -> str:
        return f"{self._root}/{self._names[path]}"

    def _walk(self) -> dict[str, int]:
        """fsspec's own walk leaves out in silence what it may not list, and links that lead nowhere."""
        listed: dict[str, int] = {}

        def refused(error: OSError) -> None:
            folder = error.filename.removeprefix(f"{self._root}/")
            if folder == error.filename:
                raise UserError(
                    f"{self.where}: {self._address} cannot be listed ({error}); check its rights"
                ) from error
            if not isinstance(error, FileNotFoundError):
                listed[f"{folder}/"] = 0

        for folder, folders, names in os.walk(self._root or "/", onerror=refused):
            base = f"{folder.rstrip('/')}/"
            for path in (base + name for name in names):
                with suppress(FileNotFoundError):
                    status = os.lstat(path)
                    size = status.st_size if stat.S_ISREG(status.st_mode) else 0
                    listed[path.removeprefix(f"{self._root}/")] = size
            links = (base + name for name in folders if Path(base + name).is_symlink())  # they are not walked into
            listed.update({f"{path.removeprefix(f'{self._root}/')}/": 0 for path in links})
        return listed

    def _find(self) -> dict[str, int]:
        try:
            entries = self._system.find(self._root, detail=True)
        except OSError as error:
            raise UserError(
                f"{self.where}: {self._address} cannot be listed ({error}); check `folder` and the login"
            ) from error
        files = {path: about["size"] for path, about in entries.items() if about["type"] == "file"}
        return {path.removeprefix(self._root).removeprefix("/"): num_bytes for path, num_bytes in files.items()}
