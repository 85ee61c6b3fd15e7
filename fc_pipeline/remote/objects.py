"""The objects below one fsspec address: read by ranges, put whole, listed and deleted, each with retries."""

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fc_model.artifacts.files import TEMPORARY_SUFFIX, crash_point
from fc_pipeline.paths import fc_home
from fc_pipeline.remote.retry import ATTEMPTS, RemoteDamaged, RemoteError, RemoteUnreachable, ask_remote

CHUNK_BYTES = 1 << 24
"""Size of one request, so at most what a broken connection costs."""

_APPEARS_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "oci"})
"""Object stores: an object is there when its upload is complete. Elsewhere a file grows under its name."""


class Objects:
    """Objects by their path below `url`, such as s3://bucket/prefix, file:///mnt/nas/fc or a plain folder.

    The connection is opened by the first call. Every method raises RemoteUnreachable when the remote does
    not answer or has no driver installed, and RemoteError when it cannot be written to.
    """

    def __init__(self, url: str, *, pause_seconds: float = 1.0, attempts: int = ATTEMPTS) -> None:
        self._url = url
        self._pause_seconds = pause_seconds
        self._attempts = attempts
        self.name = without_login(url)

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        import fsspec

        try:
            # Others write too, so a cached listing would be out of date.
            system, root = fsspec.core.url_to_fs(self._url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            install = f"FC_REMOTE {self.name}: {error}; install that package, or correct FC_REMOTE"
            raise RemoteUnreachable(install) from error
        if "file" in _protocols(system) and Path(root).resolve().is_relative_to(fc_home().resolve()):
            raise RemoteUnreachable(f"FC_REMOTE {self.name} lies in FC_HOME, whose store takes it for its own: move it")
        return system, root.rstrip("/")

    def where(self, path: str) -> str:
        """The address of an object, for messages."""
        return f"{self.name.rstrip('/')}/{path}"

    def read(self, path: str) -> bytes | None:
        """A small object, whole; None when there is none."""
        try:
            return self._ask(lambda system, root: bytes(system.cat_file(f"{root}/{path}")), path)
        except FileNotFoundError:
            return None

    def chunks(self, path: str, *, start: int, stop: int) -> Iterator[bytes]:
        """Bytes `start` to `stop`, a range at a time, so that a broken connection costs one range.

        Raises RemoteDamaged when the object is gone, or not of `stop` bytes.
        """
        try:
            num_bytes = self._ask(lambda system, root: system.info(f"{root}/{path}")["size"], path)
            if num_bytes != stop:
                raise RemoteDamaged(f"{self.where(path)}: {num_bytes} bytes, the manifest says {stop}")
            for place in range(start, stop, CHUNK_BYTES):
                yield self._range(path, place, min(place + CHUNK_BYTES, stop))
        except FileNotFoundError as error:
            raise RemoteDamaged(f"{self.where(path)}: missing") from error

    def _range(self, path: str, start: int, stop: int) -> bytes:
        chunk = self._ask(lambda system, root: bytes(system.cat_file(f"{root}/{path}", start=start, end=stop)), path)
        if len(chunk) != stop - start:
            raise RemoteDamaged(f"{self.where(path)}: {len(chunk)} bytes came instead of bytes {start} to {stop}")
        return chunk

    def put(self, path: str, source: Path | bytes) -> None:
        """Upload a file or bytes; the object appears whole or not at all, over one that is there."""

        def upload(system: Any, target: str) -> None:
            if isinstance(source, bytes):
                system.pipe_file(target, source)
            else:
                system.put_file(str(source), target)

        def send(system: Any, root: str) -> None:
            target = f"{root}/{path}"
            if _appears_whole(system):
                upload(system, target)
                return
            # A name of its own, so that two pushes of the same file do not write into one object.
            temporary = f"{target}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}"
            system.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH120 - no local path
            try:
                upload(system, temporary)
                crash_point()
                system.mv(temporary, target)
            except Exception:
                with suppress(Exception):  # the first error is the one to report
                    system.rm_file(temporary)
                raise

        crash_point()
        try:
            self._ask(send, path)
        except FileNotFoundError as error:
            raise RemoteError(f"{self.where(path)}: cannot be written ({error}); correct FC_REMOTE") from error

    def listing(self, folder: str) -> dict[str, int]:
        """Bytes of every object below a folder, by its path below the folder; empty when there is none."""
        try:
            entries = self._ask(lambda system, root: _list_objects(system, f"{root}/{folder}"), folder)
        except FileNotFoundError:
            return {}
        base = f"{self._opened[1]}/{folder}"
        return {path.removeprefix(base).lstrip("/"): about["size"] for path, about in sorted(entries.items())}

    def age(self, path: str, *, now: float) -> float | None:
        """Seconds since an object was written; None when it has gone or the remote does not tell."""
        try:
            return now - self._ask(lambda system, root: system.modified(f"{root}/{path}").timestamp(), path)
        except (FileNotFoundError, NotImplementedError):
            return None

    def remove(self, path: str) -> None:
        """Delete an object; nothing happens when it is not there."""
        crash_point()
        with suppress(FileNotFoundError):
            self._ask(lambda system, root: system.rm_file(f"{root}/{path}"), path)

    def remove_folder(self, folder: str) -> None:
        """Delete everything below a folder, and the folder itself where the file system has folders."""
        crash_point()
        with suppress(FileNotFoundError):
            self._ask(lambda system, root: system.rm(f"{root}/{folder}", recursive=True), folder)

    def _ask(self, question, path: str):  # type: ignore[no-untyped-def]
        return ask_remote(
            lambda: question(*self._opened),
            what=self.where(path),
            pause_seconds=self._pause_seconds,
            attempts=self._attempts,
        )


def without_login(url: str) -> str:
    """The address without user name and password, which must not appear in messages."""
    parts = urlsplit(url)
    return url.replace(f"{parts.netloc.rpartition('@')[0]}@", "", 1) if "@" in parts.netloc else url


def _list_objects(system: Any, folder: str) -> dict[str, Any]:
    """Everything below a folder. Raises FileNotFoundError when there is no such folder, OSError when it changes."""
    if _appears_whole(system):
        return system.find(folder, detail=True)
    system.info(folder)
    try:
        return system.find(folder, detail=True, on_error="raise")  # otherwise unlistable folders are left out
    except FileNotFoundError as error:
        raise OSError(f"{error.filename or folder} was removed while it was listed") from error


def _appears_whole(system: Any) -> bool:
    return bool(_protocols(system) & _APPEARS_WHOLE)


def _protocols(system: Any) -> set[str]:
    return {system.protocol} if isinstance(system.protocol, str) else set(system.protocol)
