"""Downloads that resume, into a cache that is addressed by checksum."""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from fc_model.artifacts.files import fsync_folder
from fc_model.errors import UserError

if TYPE_CHECKING:
    import requests

_CHUNK_BYTES = 1 << 16  # what of a chunk has come when a connection breaks is lost
_ATTEMPTS = 5
_TIMEOUT_SECONDS = 60

Checksum = Callable[[Path], str]


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob_of(path: Path) -> str:
    """The id that git gives the file: sha1 of `blob <bytes>\\0` and its bytes."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def fetch(
    target: Path,
    *,
    find_url: Callable[[], str],
    expected: str,
    checksum: Checksum = sha256_of,
    session: Callable[[], "requests.Session"],
    pause_seconds: float = 1.0,
) -> Path:
    """Make sure that `target` holds the bytes whose checksum is `expected`; returns it.

    `find_url` is asked only when the file is not there yet. An interrupted download goes on where it stopped (HTTP
    Range), in this process or the next. Two processes never write the same file.

    Raises:
        UserError: the checksum differs, the server refuses, or it cannot be reached.
    """
    if target.is_file() and checksum(target) == expected:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    with part.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if target.is_file() and checksum(target) == expected:  # another process was faster
            part.unlink(missing_ok=True)
            return target
        part.touch()  # the faster one may have renamed it away, and failed later
        url = find_url()
        if url.startswith("file:"):
            shutil.copyfile(unquote(urlsplit(url).path), part)
        else:
            _download(url, part, session=session, pause_seconds=pause_seconds)
        found = checksum(part)
        if found != expected:
            part.unlink()
            raise UserError(
                f"{target.name}: checksum is {found}, expected {expected}; the download was deleted: "
                "run again, and if it differs again do not trust this file (or correct the pin)"
            )
        with part.open("rb") as finished:
            os.fsync(finished.fileno())
        os.replace(part, target)
        fsync_folder(target.parent)
    return target


def _download(url: str, part: Path, *, session: Callable[[], "requests.Session"], pause_seconds: float) -> None:
    """Append what is missing to `part`; a broken connection is tried again from where it broke."""
    import requests

    with session() as opened:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                _append(url, part, opened)
                return
            except requests.HTTPError as error:
                raise UserError(
                    f"{part.stem}: the server answered {error.response.status_code}; try again later"
                ) from error
            except requests.RequestException as error:
                if attempt == _ATTEMPTS:
                    raise UserError(
                        f"{part.stem}: download broke {_ATTEMPTS} times, {part.stat().st_size} bytes are kept "
                        f"({type(error).__name__}); check the network and run again, it goes on from there"
                    ) from error
                time.sleep(pause_seconds * 2 ** (attempt - 1))


def _append(url: str, part: Path, session: "requests.Session") -> None:
    have = part.stat().st_size
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUT_SECONDS) as answer:
        if answer.status_code == 416:  # nothing beyond what we have: the checksum decides
            return
        answer.raise_for_status()
        resumed = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        with part.open("ab" if resumed else "wb") as file:
            file.writelines(answer.iter_content(_CHUNK_BYTES))
