"""Reads named files out of a wheel, zip or tar without unpacking it to disk and without running anything in it."""

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from fc_model.errors import UserError
from fc_pipeline.catalogue.download.globs import as_text, is_plain

MAX_MEMBERS = 200_000
_MAX_HEADER_BYTES = 1 << 20
_EXTENDED = {
    tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE
}  # fmt: skip
"""Headers in front of a header, which tarfile reads into memory whole."""
_MAX_GLOBAL_CHARS = 1 << 20
_MAX_NAME_CHARS = 1_000
_CHUNK_BYTES = 1 << 20

# RuntimeError: a file that says it is encrypted; NotImplementedError: an unknown compression; ValueError: a bad name.
_BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, RuntimeError, OSError, ValueError
)  # fmt: skip


class Listing(NamedTuple):
    files: list[tuple[str, int]]
    """(name, bytes) of every regular file with a plain name."""
    unsafe: list[str]
    """Names that lead out of the archive, links and devices: never read."""


class _Member(NamedTuple):
    name: str
    num_bytes: int
    is_regular: bool
    open: Callable[[], IO[bytes] | None]


def members(path: Path, *, max_total_bytes: int) -> Listing:
    """What an archive holds, in its order.

    Raises:
        UserError: the archive is broken, has more than MAX_MEMBERS members, or unpacks to more than max_total_bytes.
    """
    listing = Listing([], [])
    with broken_archive(path):
        for member in _members(path, max_total_bytes):
            if member.is_regular and is_plain(member.name):
                listing.files.append((member.name, member.num_bytes))
            else:
                listing.unsafe.append(member.name)
    return listing


def read_members(
    path: Path, wanted: Callable[[str], bool], *, max_file_bytes: int, max_total_bytes: int
) -> Iterator[tuple[str, bytes]]:
    """Yields (name, content) of the wanted regular files, in the archive's order.

    Sizes are counted as the bytes come out, not as the archive states them.

    Raises:
        UserError: the archive is broken, or a cap is passed.
    """
    total = 0
    with broken_archive(path):
        for name, _, is_regular, open_member in _members(path, max_total_bytes):
            if not (is_regular and is_plain(name) and wanted(name)):
                continue
            file = open_member()
            assert file is not None, "a regular file has content"
            with file:
                data = file.read(max_file_bytes + 1)
            total += len(data)
            if len(data) > max_file_bytes or total > max_total_bytes:
                cap = "max_file_bytes" if len(data) > max_file_bytes else "max_total_bytes"
                raise UserError(f"{path.name}: {name} unpacks to more than {cap} allows; raise {cap} if that is right")
            yield name, data


class Header(tarfile.TarInfo):
    """A header of a member of a tar that may be hostile; `tarfile.open(..., tarinfo=Header)`.

    tarfile takes a header that it cannot read for the end of the archive; here it is a fault. So is what tarfile would
    read into memory however long it is: extended headers, global ones that pile up, the maps of sparse files (of PAX
    0.0 and 0.1 they lie in an extended header, which has its cap).
    """

    @classmethod
    def frombuf(cls, buf: Any, encoding: str, errors: str) -> "Header":
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.InvalidHeaderError as error:  # type: ignore[attr-defined]
            raise tarfile.ReadError(str(error)) from error
        if header.type in _EXTENDED and header.size > _MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {header.size} bytes")
        return header

    def _proc_pax(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        # Counted here and not between members, since global headers may follow each other without a member.
        if sum(len(key) + len(value) for key, value in archive.pax_headers.items()) > _MAX_GLOBAL_CHARS:
            raise tarfile.ReadError("its global headers have no end")
        header: tarfile.TarInfo = super()._proc_pax(archive)  # type: ignore[misc]
        return header

    def _proc_sparse(self, archive: tarfile.TarFile) -> None:
        raise tarfile.ReadError(f"{self.name[:_MAX_NAME_CHARS]!r} is a sparse file")

    def _proc_gnusparse_10(self, following: tarfile.TarInfo, pax_headers: object, archive: tarfile.TarFile) -> None:
        raise tarfile.ReadError(f"{following.name[:_MAX_NAME_CHARS]!r} is a sparse file")


class Metered:
    """A stream that stops when more has come out of it than is allowed."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, limit: int, name: str) -> None:
        self._stream, self._left, self._limit, self._name = stream, limit, limit, name

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise UserError(f"{self._name}: unpacks to more than max_total_bytes ({self._limit}); raise it if right")
        return data


def stream_members(tar: tarfile.TarFile, *, name: str, max_total_bytes: int) -> Iterator[tarfile.TarInfo]:
    """Each member as the stream comes to it; it must be read before the next one is asked for.

    Raises:
        UserError: a member says that it reaches beyond max_total_bytes; tarfile would count its way to a terabyte.
        tarfile.ReadError: a member of less than no bytes.
    """
    while (member := tar.next()) is not None:
        tar.members.clear()  # type: ignore[attr-defined]  # tarfile keeps all that it has seen
        if member.size < 0:
            raise tarfile.ReadError(f"a member of {member.size} bytes")
        if member.offset_data + member.size > max_total_bytes:
            raise UserError(
                f"{name}: {member.name[:_MAX_NAME_CHARS]!r} has {member.size:,} bytes, more than max_total_bytes "
                f"({max_total_bytes:,}) allows; raise it if right"
            )
        yield member


def _members(path: Path, max_total_bytes: int) -> Iterator[_Member]:
    """Every member but folders; one must be read before the next is asked for."""
    if path.suffix not in {".whl", ".zip"}:
        yield from _tar_members(path, max_total_bytes)
        return
    with zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _refuse_more_than_any(path, len(infos))
        for info in infos:
            kind = (info.external_attr >> 16) & 0o170000  # Unix mode, in the upper half of the attributes
            yield _Member(info.filename, info.file_size, kind in {0, 0o100000}, partial(archive.open, info))


def _tar_members(path: Path, max_total_bytes: int) -> Iterator[_Member]:
    with gzip.open(path) as file:
        unpacked: Any = Metered(file, max_total_bytes, path.name)
        with tarfile.open(fileobj=unpacked, mode="r|", tarinfo=Header) as stream:
            members = stream_members(stream, name=path.name, max_total_bytes=max_total_bytes)
            for number, info in enumerate(members, start=1):
                _refuse_more_than_any(path, number)
                if not info.isdir():
                    yield _Member(as_text(info.name), info.size, info.isreg(), partial(stream.extractfile, info))
        while unpacked.read(_CHUNK_BYTES):  # tarfile takes a cut between two members for the end; gzip's trailer knows
            pass


def _refuse_more_than_any(path: Path, number: int) -> None:
    if number > MAX_MEMBERS:
        raise UserError(f"{path.name}: more than {MAX_MEMBERS} files; this is no package")


@contextmanager
def broken_archive(path: Path) -> Iterator[None]:
    """Faults of the bytes, whichever library notices them, become one UserError that names the file."""
    try:
        yield
    except _BROKEN as error:
        raise UserError(
            f"{path.name}: broken archive ({type(error).__name__}: {error}); delete {path} and fetch it again"
        ) from error
