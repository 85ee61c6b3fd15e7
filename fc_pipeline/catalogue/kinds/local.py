"""Files of a folder, such as an inbox that people put documents into: on this machine, or where fsspec reaches."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from fc_model.artifacts.files import sha256_file
from fc_model.errors import UserError
from fc_pipeline.catalogue.download.globs import G, Glob, is_plain, matches
from fc_pipeline.catalogue.entry import LocalFile, LocalPin
from fc_pipeline.catalogue.files import File, Stream, Wanted


def folder_content(address: str, specs: Sequence[Glob], *, where: str) -> list[LocalFile]:
    """The files that a glob matches, by path, with their checksums; links are not followed.

    Raises:
        UserError: the folder is not there, or cannot be listed; begins with `where`.
    """
    folder = _Folder(address, where)
    return [
        LocalFile(path=path, bytes=num_bytes, sha256=folder.checksum(path))
        for path, num_bytes in sorted(folder.files().items())
        if any(matches(path, spec.glob, spec.exclude) for spec in specs)
    ]


def read_local(pin: LocalPin, wanted: Wanted[G]) -> Iterator[File[G]]:
    """Yields the files in the order of paths. A file larger than max_file_bytes is refused unread.

    Raises:
        UserError: files are gone (all are named, before any is read), or one differs from what was planned.
    """
    folder = _Folder(pin.folder, wanted.where)
    content = {file.path: file for file in pin.content or []}
    chosen = wanted.choose([(file.path, file.bytes) for file in content.values()])
    missing = sorted(set(chosen) - set(folder.files()))
    if missing:
        raise UserError(
            f"{wanted.where}: {len(missing)} of {len(chosen)} files are gone from {pin.folder}: "
            f"{', '.join(missing)}; bring them back, or plan again"
        )
    for path, spec in sorted(chosen.items()):
        yield wanted.file(path, spec, content[path].bytes, Stream(partial(_open, folder, content[path])))


def _open(folder: "_Folder", file: LocalFile) -> AbstractContextManager[BinaryIO]:
    try:
        checksum = folder.checksum(file.path)
    except OSError as error:
        where = f"{folder.where}: {file.path}"
        raise UserError(f"{where}: cannot be read ({error.strerror or error}); mend it, or plan again") from error
    if checksum != file.sha256:
        raise UserError(f"{folder.where}: {file.path} changed after the run was planned; run again")
    return folder.open(file.path)


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

    def files(self) -> dict[str, int]:
        """{path: bytes}"""
        if self._is_local and not self._system.isdir(self._root):
            raise UserError(f"{self.where}: no folder {self._root}; make it, or correct `folder`")
        try:
            entries = self._system.find(self._root, detail=True)
        except OSError as error:
            raise UserError(
                f"{self.where}: {self._address} cannot be listed ({error}); check `folder` and the login"
            ) from error
        relative = {path.removeprefix(self._root).lstrip("/"): about for path, about in entries.items()}
        files = {path: about["size"] for path, about in relative.items() if about["type"] == "file" and is_plain(path)}
        if not files and not self._is_local:
            raise UserError(f"{self.where}: no files at {self._address}; put some there, or correct `folder`")
        return files

    def checksum(self, path: str) -> str:
        """sha256; elsewhere of what the store says of the file, so that nothing is downloaded."""
        full_path = f"{self._root}/{path}"
        if self._is_local:
            return sha256_file(Path(full_path))
        return hashlib.sha256(str(self._system.ukey(full_path)).encode()).hexdigest()

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """Only what is read of it is downloaded."""
        return self._system.open(f"{self._root}/{path}", "rb")
