"""A folder of any file system that fsspec reaches: s3://, gs://, memory:// ... by the drivers that are installed."""

import hashlib
from contextlib import AbstractContextManager
from typing import Any, BinaryIO

from fc_model.errors import UserError
from fc_pipeline.sources.download.globs import is_plain
from fc_pipeline.sources.schema import LocalFile


def listing(folder: str, name: str) -> list[LocalFile]:
    """All files below a folder, by path. The checksum is of what the store says of a file: nothing is downloaded.

    Raises:
        UserError: there is no driver for the address, or the folder cannot be listed; names the source `name`.
    """
    system, root = _opened_system(folder, name)
    try:
        entries = system.find(root, detail=True)
    except OSError as error:
        raise UserError(f"source {name}: {folder} cannot be listed ({error}); check `folder` and the login") from error
    found = []
    for path, about in entries.items():
        relative = path.removeprefix(root).lstrip("/")
        if is_plain(relative):
            found.append(LocalFile(path=relative, bytes=about["size"], sha256=_hashed(system.ukey(path))))
    if not found:
        raise UserError(f"source {name}: no files at {folder}; put some there, or correct `folder`")
    return sorted(found, key=lambda file: file.path)


def state(folder: str, path: str) -> str:
    """The checksum that `listing` gives the file now. Raises UserError when it is gone."""
    system, root = _opened_system(folder, path)
    try:
        return _hashed(system.ukey(f"{root}/{path}"))
    except OSError as error:
        raise UserError(f"{folder}/{path}: cannot be read ({error}); bring it back, or plan again") from error


def opened(folder: str, path: str) -> AbstractContextManager[BinaryIO]:
    """The file, to be read; only what is read of it is downloaded."""
    system, root = _opened_system(folder, path)
    return system.open(f"{root}/{path}", "rb")


def _opened_system(folder: str, name: str) -> tuple[Any, str]:
    import fsspec

    try:
        system, root = fsspec.core.url_to_fs(folder)
    except (ImportError, ValueError) as error:
        raise UserError(f"source {name}: {folder}: {error}; install the driver, or correct `folder`") from error
    return system, root.rstrip("/")


def _hashed(token: str) -> str:
    return hashlib.sha256(str(token).encode()).hexdigest()
