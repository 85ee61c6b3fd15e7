"""Reads named files out of a wheel, zip or tar without unpacking it to disk and without running anything in it."""

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

from fc_model.errors import UserError
from fc_pipeline.catalogue.download.globs import is_plain

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
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,
    OSError,
    ValueError,
)


class Listing(NamedTuple):
    files: list[tuple[str, int]]
    """(name, bytes) of every regular file with a plain name."""
    unsafe: list[str]
    """Names that lead out of the archive, links and devices: never read."""


def members(path: Path, *, max_total_bytes: int) -> Listing:
    """What an archive holds, in its order.

    Raises:
        UserError: the archive is broken, has more than MAX_MEMBERS members, or unpacks to more than max_total_bytes.
    """
    listing = Listing([], [])
    with broken_archive(path):
        if _is_zip(path):
            with zipfile.ZipFile(path) as archive:
                entries = [(i.filename, i.file_size, _regular(i)) for i in archive.infolist() if not i.is_dir()]
        else:
            entries = [
                (info.name, info.size, info.isreg())
                for info, _ in _tar_members(path, max_total_bytes)
                if not info.isdir()
            ]
        if len(entries) > MAX_MEMBERS:
            raise UserError(f"{path.name}: more than {MAX_MEMBERS} files; this is no package")
    for name, size, regular in entries:
        if regular and is_plain(name):
            listing.files.append((name, size))
        else:
            listing.unsafe.append(name)
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
    for name, file in _opened(path, wanted, max_total_bytes):
        with broken_archive(path):
            data = file.read(max_file_bytes + 1)
        total += len(data)
        if len(data) > max_file_bytes or total > max_total_bytes:
            cap = "max_file_bytes" if len(data) > max_file_bytes else "max_total_bytes"
            raise UserError(f"{path.name}: {name} unpacks to more than {cap} allows; raise {cap} if that is right")
        yield name, data


def _opened(path: Path, wanted: Callable[[str], bool], max_total_bytes: int) -> Iterator[tuple[str, IO[bytes]]]:
    with broken_archive(path):
        if _is_zip(path):
            with zipfile.ZipFile(path) as archive:
                for info in archive.infolist():
                    if _regular(info) and is_plain(info.filename) and wanted(info.filename):
                        with archive.open(info) as file:
                            yield info.filename, file
        else:
            for member, stream in _tar_members(path, max_total_bytes):
                if member.isreg() and is_plain(member.name) and wanted(member.name):
                    content = stream.extractfile(member)
                    assert content is not None, "a regular file has content"
                    yield member.name, content


def _is_zip(path: Path) -> bool:
    return path.suffix in {".whl", ".zip"}


def _regular(info: zipfile.ZipInfo) -> bool:
    """True for a file that is neither a folder nor a link (Unix mode in the upper half of the attributes)."""
    kind = (info.external_attr >> 16) & 0o170000
    return not info.is_dir() and kind in {0, 0o100000}


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


def _tar_members(path: Path, max_total_bytes: int) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    """Each member with the archive that it is read from."""
    with gzip.open(path) as file:
        unpacked: Any = Metered(file, max_total_bytes, path.name)
        with tarfile.open(fileobj=unpacked, mode="r|", tarinfo=Header) as stream:
            for number, member in enumerate(stream_members(stream, name=path.name, max_total_bytes=max_total_bytes)):
                if number >= MAX_MEMBERS:
                    raise UserError(f"{path.name}: more than {MAX_MEMBERS} files; this is no package")
                yield member, stream
        while unpacked.read(_CHUNK_BYTES):  # tarfile takes a cut between two members for the end; gzip's trailer knows
            pass


@contextmanager
def broken_archive(path: Path) -> Iterator[None]:
    """Faults of the bytes, whichever library notices them, become one UserError that names the file."""
    try:
        yield
    except _BROKEN as error:
        raise UserError(
            f"{path.name}: broken archive ({type(error).__name__}: {error}); delete {path} and fetch it again"
        ) from error
