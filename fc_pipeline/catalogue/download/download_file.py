"""Downloads that resume, into a cache that is checked by checksum. Every kind of pin that downloads uses them."""

import fcntl
import gzip
import hashlib
import os
import shutil
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from fc_model.artifacts.files import fsync_folder, sha256_file
from fc_model.errors import UserError
from fc_pipeline.catalogue.download.http import TIMEOUT_SECONDS, ask_server, http_session

if TYPE_CHECKING:
    import requests

_CHUNK_BYTES = 1 << 16  # what of a chunk has come when a connection breaks is lost

Checksum = Callable[[Path], str]


def git_blob_of(path: Path) -> str:
    """The id that git gives the file: sha1 of `blob <bytes>\\0` and its bytes."""
    header = b"blob %d\0" % path.stat().st_size
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.sha1(header, usedforsecurity=False)).hexdigest()


def download_file(
    target: Path,
    *,
    find_url: Callable[[], str],
    expected: str,
    checksum: Checksum = sha256_file,
    session: Callable[[], "requests.Session"] = http_session,
    pause_seconds: float = 1.0,
) -> Path:
    """Make sure that `target` holds the bytes whose checksum is `expected`; returns it.

    `find_url` is asked only when the file is not there yet. An interrupted download goes on where it stopped (HTTP
    Range), in this process or the next; when the whole then has the wrong checksum, because what lay there was of
    another file, it is fetched once more from its start. Two processes never write the same file.

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
        leftover = part.stat().st_size > 0
        actual = _filled(part, url, expected, checksum, session=session, pause_seconds=pause_seconds)
        if actual != expected and leftover:
            os.truncate(part, 0)
            actual = _filled(part, url, expected, checksum, session=session, pause_seconds=pause_seconds)
        if actual != expected:
            part.unlink()
            raise UserError(
                f"{target.name}: checksum is {actual}, expected {expected}: the content changed under the pin, or the "
                "download is damaged; it was deleted: run again, and if it differs again correct the pin or do not "
                "trust this file"
            )
        with part.open("rb") as finished:
            os.fsync(finished.fileno())
        os.replace(part, target)
        fsync_folder(target.parent)
    return target


def _filled(
    part: Path,
    url: str,
    expected: str,
    checksum: Checksum,
    *,
    session: Callable[[], "requests.Session"],
    pause_seconds: float,
) -> str:
    """Append what is missing to `part`; returns the checksum of the whole.

    A pin may be of the bytes that were sent, as of a .gz that a server calls encoded, or of what they stand for.
    """
    encoding = ""
    if url.startswith("file:"):
        shutil.copyfile(unquote(urlsplit(url).path), part)
    else:
        with session() as opened:
            encoding = ask_server(
                lambda: _append(url, part, opened),
                what=part.stem,
                progress=lambda: part.stat().st_size,
                pause_seconds=pause_seconds,
            )
    actual = checksum(part)
    if actual != expected and encoding in {"gzip", "x-gzip"}:
        decoded = part.with_name(part.name + ".decoded")
        with suppress(OSError, EOFError, zlib.error):
            with gzip.open(part) as packed, decoded.open("wb") as file:
                shutil.copyfileobj(packed, file)
            shutil.copyfile(decoded, part)  # in place: the lock is on this file
            actual = checksum(part)
        decoded.unlink(missing_ok=True)
    return actual


def _append(url: str, part: Path, session: "requests.Session") -> str:
    """Append what is missing, byte by byte as it is sent; returns the Content-Encoding.

    Decoded bytes could not be resumed, as a Range counts those that are sent.
    """
    import requests
    import urllib3

    have = part.stat().st_size
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with session.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as answer:
        if answer.status_code == 416:  # nothing beyond what we have: the checksum decides
            return ""
        answer.raise_for_status()
        resumed = answer.status_code == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        with part.open("ab" if resumed else "wb") as file:
            try:
                file.writelines(answer.raw.stream(_CHUNK_BYTES, decode_content=False))
            except urllib3.exceptions.HTTPError as error:
                raise requests.ConnectionError(error) from error
        return answer.headers.get("Content-Encoding", "").lower()
