"""Reads WebDataset tars that others made, as a stream: nothing is unpacked to disk, and every cap is named.

Samples are put together as webdataset does it: a name is cut at the first dot after its last slash, what stands before
is the key, what follows the extension in lower case, and members that follow each other with one key are one sample.
"""

import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from gzip import GzipFile
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from fc_model.errors import UserError
from fc_pipeline.sources.download.archive import Header, Metered, broken_archive, stream_members
from fc_pipeline.sources.download.globs import is_plain

_NAME = re.compile(r"((?:.*/)?[^./]+)\.([^/]+)")
_MAX_NAME_CHARS = 1_000
_CHUNK_BYTES = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"


class TarLimits(NamedTuple):
    """What a tar may hold. Beyond the first two it is refused, beyond the others a member or a sample is skipped."""

    max_members: int = 500_000
    max_total_bytes: int = 16 << 30
    """Unpacked, headers included."""
    max_member_bytes: int = 64 << 20
    max_sample_bytes: int = 256 << 20


def read_webdataset(
    source: Path | BinaryIO, limits: TarLimits, *, skipped: Counter[str]
) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yields (key, {extension: content}) of each sample, in the order of the tar.

    Args:
        source: a tar or tar.gz, or a seekable file that holds one.
        limits: caps on counts and bytes.
        skipped: gets what was left out, by reason: unsafe_name (`..`, absolute), odd_name (no extension, not UTF-8,
            endless), not_a_file (links, devices), duplicate_member, member_too_large, sample_too_large.

    Raises:
        UserError: the tar is broken, was cut (also between two members), holds a sparse file, or passes a cap on the
            whole of it.
    """
    path = source if isinstance(source, Path) else Path(str(getattr(source, "name", "tar")))
    with ExitStack() as stack, broken_archive(path):
        file = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        zipped = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        file.seek(0)
        unpacked = stack.enter_context(GzipFile(fileobj=file)) if zipped else file
        metered: Any = Metered(unpacked, limits.max_total_bytes, path.name)
        tar = stack.enter_context(tarfile.open(fileobj=metered, mode="r|", tarinfo=Header))
        yield from _grouped(_members(tar, path, limits, skipped), limits, skipped)
        while metered.read(_CHUNK_BYTES):  # gzip's trailer tells whether it was cut or changed
            pass


def _members(
    tar: tarfile.TarFile, path: Path, limits: TarLimits, skipped: Counter[str]
) -> Iterator[tuple[str, str, bytes]]:
    """(key, extension, content) of the members that are as they should be."""
    for number, info in enumerate(stream_members(tar, name=path.name, max_total_bytes=limits.max_total_bytes)):
        if number >= limits.max_members:
            raise UserError(f"{path.name}: more than max_members ({limits.max_members:,}); raise it if that is right")
        if info.isdir():
            continue
        found = _NAME.fullmatch(info.name) if len(info.name) <= _MAX_NAME_CHARS else None
        if reason := _refusal(info, found is not None, limits):
            skipped[reason] += 1
            continue
        content = tar.extractfile(info)
        assert content is not None and found is not None, "a regular file has content, and its name was looked at"
        yield found[1], found[2].lower(), content.read()
    # tarfile takes the end of the file for the end of the tar, which is a block of zeros.
    if tar.fileobj.tell() < tar.offset + tarfile.BLOCKSIZE:  # type: ignore[union-attr]
        raise tarfile.ReadError("it has no end: it was cut between two members")


def _refusal(info: tarfile.TarInfo, has_extension: bool, limits: TarLimits) -> str | None:
    """Why a member is left out, by its header."""
    if not is_plain(info.name):
        return "unsafe_name"
    if not info.isreg() or info.issparse():
        return "not_a_file"
    if not has_extension or not _is_text(info.name):
        return "odd_name"
    return "member_too_large" if info.size > limits.max_member_bytes else None


def _is_text(name: str) -> bool:
    return name.isprintable() and not any("\ud800" <= character <= "\udfff" for character in name)


def _grouped(
    members: Iterator[tuple[str, str, bytes]], limits: TarLimits, skipped: Counter[str]
) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Samples of neighbouring members with one key. One that is too large is left out whole."""
    current, sample, num_bytes = "", dict[str, bytes](), 0
    for key, extension, content in members:
        if key != current:
            if sample:
                yield current, sample
            current, sample, num_bytes = key, {}, 0
        elif extension in sample:
            skipped["duplicate_member"] += 1
            continue
        num_bytes += len(content)
        if num_bytes <= limits.max_sample_bytes:
            sample[extension] = content
            continue
        if num_bytes - len(content) <= limits.max_sample_bytes:
            skipped["sample_too_large"] += 1
        sample = {}
    if sample:
        yield current, sample
