"""Tars that img2dataset writes: `<key>.jpg` (or png, webp), `<key>.txt` with the caption, `<key>.json`.

Format (github.com/rom1504/img2dataset, output_format=webdataset): shards `00000.tar` with keys of nine digits; the JSON
has url, caption, key, status, error_message, width, height, original_width, original_height, exif and sha256; beside
each shard `00000_stats.json` {count, successes, ...} and `00000.parquet`. A tar that was cut between two members looks
complete, so the number of samples is compared with `successes`.
"""

import tarfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from fc_model.errors import UserError
from fc_pipeline.images.datasets.annotations import json_beside
from fc_pipeline.images.datasets.base import BadInput, BadRecord, DatasetLimits
from fc_pipeline.sources.download.archive import MAX_MEMBERS, Header, stream_members
from fc_pipeline.sources.download.globs import is_plain
from fc_pipeline.sources.readers.item import decode
from fc_pipeline.sources.readers.strict_json import parse_json

_IMAGES = {"jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"}
_BROKEN = (tarfile.TarError, UserError, OSError, EOFError, ValueError)


class Shard(NamedTuple):
    """A sample of a shard."""

    image: bytes | BadInput
    caption: str
    meta: dict[str, Any]


class _Member(NamedTuple):
    key: str
    extension: str
    data: bytes | BadInput


def tar_entries(path: Path, *, shard: str, limits: DatasetLimits) -> Iterator[tuple[str, Shard] | BadRecord]:
    """Yields (key, sample), and what is wrong with members or with the shard. Nothing is unpacked to disk.

    `shard` is what the ids of bad records begin with.
    """
    count = 0
    bad: list[BadRecord] = []
    for key, members in groupby(_members(path, shard, limits, bad), key=lambda member: member.key):
        parts = {member.extension: member.data for member in members}
        yield from bad
        bad.clear()
        count += 1
        try:
            yield key, _sample(parts)
        except BadInput as error:
            yield BadRecord(id=f"{shard}/{key}", reason=error.reason, detail=error.detail)
    yield from bad
    yield from _missing(path, count, shard, limits)


def _sample(parts: dict[str, bytes | BadInput]) -> Shard:
    meta: dict[str, Any] = {}
    if "json" in parts:
        content = parse_json(decode(_read(parts["json"])))
        meta = content if isinstance(content, dict) else {}
    image = next((data for extension, data in parts.items() if extension in _IMAGES), None)
    if image is None:
        image = BadInput("missing_image", f"members {', '.join(sorted(parts))} only")
    caption = decode(_read(parts["txt"])) if "txt" in parts else str(meta.get("caption") or "")
    return Shard(image, caption, meta)


def _read(data: bytes | BadInput) -> bytes:
    if isinstance(data, BadInput):
        raise data
    return data


def _members(path: Path, shard: str, limits: DatasetLimits, bad: list[BadRecord]) -> Iterator[_Member]:
    try:
        with tarfile.open(path, "r:", tarinfo=Header) as archive:
            # No member reaches beyond the end of the file, whatever its header says.
            members = stream_members(archive, name=path.name, max_total_bytes=path.stat().st_size)
            for number, member in enumerate(members):
                if number >= MAX_MEMBERS:
                    raise tarfile.ReadError(f"more than {MAX_MEMBERS} members")
                if member.isdir():
                    continue
                if not member.isreg() or not is_plain(member.name):
                    detail = f"{member.name[:200]!r} is no regular file with a plain name"
                    bad.append(BadRecord(id=f"{shard}/member {number}", reason="unsafe_member", detail=ascii(detail)))
                    continue
                key, _, extension = PurePosixPath(member.name).name.partition(".")
                cap = limits.image.max_bytes if extension.lower() in _IMAGES else limits.record_bytes
                file = archive.extractfile(member)
                assert file is not None, "a regular file has content"
                size = member.size
                data = BadInput("too_many_bytes", f"{size} bytes exceed {cap}") if size > cap else file.read()
                yield _Member(key, extension.lower(), data)
    except _BROKEN as error:
        detail = f"{type(error).__name__}: {error}"
        bad.append(BadRecord(id=shard, reason="broken_tar", detail=detail))


def _missing(path: Path, count: int, shard: str, limits: DatasetLimits) -> Iterator[BadRecord]:
    stats = path.with_name(f"{path.stem}_stats.json")
    try:
        content = json_beside(stats, limits)
    except BadInput as error:
        yield BadRecord(id=f"{shard}_stats", reason=error.reason, detail=error.detail)
        return
    expected = content.get("successes") if isinstance(content, dict) else None
    if isinstance(expected, int) and expected != count:
        detail = f"{count} samples, {stats.name} says {expected}"
        yield BadRecord(id=shard, reason="missing_samples", detail=detail)
