"""Tars that img2dataset writes: `<key>.jpg` (or png, webp), `<key>.txt` with the caption, `<key>.json`.

Format (github.com/rom1504/img2dataset, output_format=webdataset): shards `00000.tar` with keys of nine digits; the JSON
has url, caption, key, status, error_message, width, height, original_width, original_height, exif and sha256; beside
each shard `00000_stats.json` {count, successes, ...} and `00000.parquet`. A tar that was cut between two members looks
complete, so the number of samples is compared with `successes`.
"""

import mmap
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.archive import MAX_MEMBERS, Header, stream_members
from fc_pipeline.catalogue.download.globs import is_plain
from fc_pipeline.images.datasets.base import BadRecord, SetFolder
from fc_pipeline.sources.readers.item import decode
from fc_pipeline.sources.readers.strict_json import parse_json

_IMAGES = {"jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"}
_BROKEN = (tarfile.TarError, UserError, OSError, EOFError, ValueError)


class Captioned(NamedTuple):
    """An image of the web, not decoded yet."""

    image: bytes | BadInput
    caption: str
    meta: dict[str, Any]


@dataclass
class _Members:
    """What the headers of a tar say, before webdataset reads it."""

    names: set[str] = field(default_factory=set)
    """What is read: regular files with plain names, within the limits."""
    too_large: dict[str, dict[str, bytes | BadInput]] = field(default_factory=lambda: defaultdict(dict))
    """By key and extension."""
    bad: list[BadRecord] = field(default_factory=list)
    num_bytes: int = 0
    """Up to the first damage."""


def tar_entries(data: SetFolder, path: Path, *, shard: str) -> Iterator[tuple[str, Captioned] | BadRecord]:
    """Yields what is wrong with members, (key, sample) for each, and what is wrong with the shard.

    webdataset reads the part of the tar whose headers are sound, and of that what the limits allow. Nothing is
    unpacked to disk. `shard` is what the ids of bad records begin with.
    """
    members = _members(data, path, shard)
    yield from members.bad
    count = read = 0
    for key, parts in _samples(path, members):
        count, read = count + 1, read + len(parts)
        try:
            yield key, _sample(parts | members.too_large[key])
        except BadInput as error:
            yield BadRecord(id=f"{shard}/{key}", reason=error.reason, detail=error.detail)
    if read != len(members.names):
        yield BadRecord(id=shard, reason="broken_tar", detail=f"{read} of {len(members.names)} members were read")
    yield from _missing(data, path, count, shard)


def _samples(path: Path, members: _Members) -> Iterator[tuple[str, dict[str, bytes | BadInput]]]:
    from webdataset.handlers import ignore_and_continue, ignore_and_stop
    from webdataset.tariterators import group_by_keys, tar_file_expander

    if not members.names:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), members.num_bytes, access=mmap.ACCESS_READ) as stream:
        source = [{"url": path.name, "stream": stream}]
        files = tar_file_expander(source, select_files=members.names.__contains__, handler=ignore_and_stop)
        for sample in group_by_keys(files, handler=ignore_and_continue):
            yield sample["__key__"], {name: value for name, value in sample.items() if not name.startswith("__")}


def _sample(parts: dict[str, bytes | BadInput]) -> Captioned:
    meta = _meta(parts)
    image = next((data for extension, data in parts.items() if extension in _IMAGES), None)
    if image is None:
        image = BadInput("missing_image", f"members {', '.join(sorted(parts))} only")
    caption = decode(_read(parts["txt"])) if "txt" in parts else meta.get("caption")
    return Captioned(image, caption if isinstance(caption, str) else "", {"url": meta.get("url")})


def _meta(parts: dict[str, bytes | BadInput]) -> dict[str, Any]:
    """Of the image; a file that cannot be read is needed only where the caption is in it. Raises BadInput."""
    try:
        content = parse_json(decode(_read(parts.get("json", b"{}"))), strict=False)
    except BadInput:
        if "txt" not in parts:
            raise
        return {}
    return content if isinstance(content, dict) else {}


def _read(data: bytes | BadInput) -> bytes:
    if isinstance(data, BadInput):
        raise data
    return data


def _members(data: SetFolder, path: Path, shard: str) -> _Members:
    """Reads the headers only. webdataset's own reader holds a header of any size and a member of any size in memory."""
    from webdataset.tariterators import base_plus_ext  # imports torch

    scanned, size = _Members(), path.stat().st_size
    try:
        with tarfile.open(path, "r:", tarinfo=Header) as archive:
            # No member reaches beyond the end of the file, whatever its header says.
            members = stream_members(archive, name=path.name, max_total_bytes=size)
            for number, member in enumerate(members):
                if number >= MAX_MEMBERS:
                    raise tarfile.ReadError(f"more than {MAX_MEMBERS} members")
                scanned.num_bytes = min(archive.offset, size)
                if member.isdir():
                    continue
                key, extension = base_plus_ext(member.name)
                extension = (extension or "").lower()
                cap = data.image.max_bytes if extension in _IMAGES else data.limits.max_record_bytes
                if not (member.isreg() and is_plain(member.name) and key) or member.name in scanned.names:
                    detail = f"{member.name[:200]!r} is no regular file with a plain name of its own"
                    scanned.bad.append(
                        BadRecord(id=f"{shard}/member {number}", reason="unsafe_member", detail=ascii(detail))
                    )
                elif member.size > cap:
                    detail = f"{member.size} bytes exceed {cap}"
                    scanned.too_large[key][extension] = BadInput("too_many_bytes", detail)
                else:
                    scanned.names.add(member.name)
    except _BROKEN as error:
        detail = f"{type(error).__name__}: {error}"
        scanned.bad.append(BadRecord(id=shard, reason="broken_tar", detail=detail))
    return scanned


def _missing(data: SetFolder, path: Path, count: int, shard: str) -> Iterator[BadRecord]:
    stats = path.with_name(f"{path.stem}_stats.json")
    try:
        content = data.json(stats)
    except BadInput as error:
        yield BadRecord(id=f"{shard}_stats", reason=error.reason, detail=error.detail)
        return
    expected = content.get("successes") if isinstance(content, dict) else None
    if isinstance(expected, int) and expected != count:
        detail = f"{count} samples, {stats.name} says {expected}"
        yield BadRecord(id=shard, reason="missing_samples", detail=detail)
