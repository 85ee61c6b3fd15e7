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

_FILE = "file://"


def folder_content(address: str, specs: Sequence[Glob], *, where: str) -> list[LocalFile]:
    """The files that a glob matches, by path, with their checksums; links are not followed.

    Raises:
        UserError: the folder is not there, or cannot be listed; begins with `where`.
    """
    folder = _folder(address, where)
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
    folder = _folder(pin.folder, wanted.where)
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


def _open(folder: "_Folder | _FolderElsewhere", file: LocalFile) -> AbstractContextManager[BinaryIO]:
    try:
        checksum = folder.checksum(file.path)
    except OSError as error:
        where = f"{folder.where}: {file.path}"
        raise UserError(f"{where}: cannot be read ({error.strerror or error}); mend it, or plan again") from error
    if checksum != file.sha256:
        raise UserError(f"{folder.where}: {file.path} changed after the run was planned; run again")
    return folder.open(file.path)


class _Folder:
    """On this machine."""

    def __init__(self, root: Path, where: str) -> None:
        self._root = root
        self.where = where

    def files(self) -> dict[str, int]:
        """{path: bytes}"""
        if not self._root.is_dir():
            raise UserError(f"{self.where}: no folder {self._root}; make it, or correct `folder`")
        return {
            path.relative_to(self._root).as_posix(): path.stat().st_size
            for path in self._root.rglob("*")
            if path.is_file() and not path.is_symlink()
        }

    def checksum(self, path: str) -> str:
        return sha256_file(self._root / path)

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        return (self._root / path).open("rb")


class _FolderElsewhere:
    """Of any file system that fsspec reaches: s3://, gs://, memory:// ... by the drivers that are installed."""

    def __init__(self, address: str, where: str) -> None:
        import fsspec

        self._address = address
        self.where = where
        try:
            self._system, root = fsspec.core.url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise UserError(f"{where}: {address}: {error}; install the driver, or correct `folder`") from error
        self._root = root.rstrip("/")

    def files(self) -> dict[str, int]:
        """{path: bytes}"""
        try:
            entries = self._system.find(self._root, detail=True)
        except OSError as error:
            raise UserError(
                f"{self.where}: {self._address} cannot be listed ({error}); check `folder` and the login"
            ) from error
        files = {path.removeprefix(self._root).lstrip("/"): about["size"] for path, about in entries.items()}
        files = {path: num_bytes for path, num_bytes in files.items() if is_plain(path)}
        if not files:
            raise UserError(f"{self.where}: no files at {self._address}; put some there, or correct `folder`")
        return files

    def checksum(self, path: str) -> str:
        """Of what the store says of the file: nothing is downloaded."""
        return hashlib.sha256(str(self._system.ukey(f"{self._root}/{path}")).encode()).hexdigest()

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """Only what is read of it is downloaded."""
        return self._system.open(f"{self._root}/{path}", "rb")


def _folder(address: str, where: str) -> _Folder | _FolderElsewhere:
    if address.startswith(_FILE):
        return _Folder(Path(unquote(address.removeprefix(_FILE))), where)
    return _FolderElsewhere(address, where) if "://" in address else _Folder(Path(address).expanduser(), where)
