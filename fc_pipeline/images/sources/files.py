"""The files of an image source, whatever they come from, by the role that a reader takes them for."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from fc_model.errors import UserError
from fc_pipeline.images.sources.schema import ImageSource, Origin
from fc_pipeline.sources.kinds.installed import read_installed
from fc_pipeline.sources.kinds.local import read_local
from fc_pipeline.sources.kinds.pypi import read_pypi
from fc_pipeline.sources.readers.item import BadInput
from fc_pipeline.sources.schema import InstalledSource, LocalSource, PypiSource, parse_source
from fc_pipeline.sources.source_file import SourceFile


class OriginFile(NamedTuple):
    path: str
    """Inside its origin."""
    content: bytes | BadInput
    """Its bytes, or why there are none."""
    origin: int
    """Number of the origin in the source."""
    licence: str


OpenFiles = Callable[[str], Iterator[OriginFile]]
"""The files of a role, in the order of the origins and of the archive or of paths."""


def whole(file: OriginFile, source: ImageSource) -> bytes:
    """The bytes of a file that a source can't do without. Raises UserError when there are none."""
    if isinstance(file.content, BadInput):
        raise UserError(
            f"images {source.name}: {file.path}: {file.content.reason}: {file.content.detail}; mend the file"
        )
    return file.content


def opener(source: ImageSource, home: Path) -> OpenFiles:
    """What opens the files of a role; packages are downloaded into the cache below `home` when they are needed."""
    return partial(_open_role, source, home)


def _open_role(source: ImageSource, home: Path, role: str) -> Iterator[OriginFile]:
    """Raises UserError when no origin has files of the role, or one cannot be had."""
    if not any(role in origin.files for origin in source.origins):
        raise UserError(f"images {source.name}: reader {source.reader.kind} needs `files.{role}` in one of `origins`")
    for number, origin in enumerate(source.origins):
        if role not in origin.files:
            continue
        for file in _read(source, origin, role, home):
            assert isinstance(file.content, bytes | BadInput), "only tables come as streams"
            yield OriginFile(file.path, file.content, number, origin.licence or source.licence)


def _read(source: ImageSource, origin: Origin, role: str, home: Path) -> Iterator[SourceFile]:
    spec = as_file_source(source, origin, role)
    if isinstance(spec, InstalledSource):
        return read_installed(spec)
    if isinstance(spec, LocalSource):
        return read_local(spec)
    return read_pypi(spec, home)


def as_file_source(
    source: ImageSource, origin: Origin, role: str | None = None
) -> PypiSource | InstalledSource | LocalSource:
    """The origin as the readers of packages and folders know it: they give bytes.

    What a source of text needs besides (a domain, a format) is filled in and never looked at.
    """
    globs = [glob for name, glob in sorted(origin.files.items()) if role in (None, name)]
    raw = {
        "name": source.name,
        "licence": origin.licence or source.licence,
        "domain": "data",
        "files": [{"glob": glob, "exclude": origin.exclude, "format": "txt"} for glob in globs],
        "max_file_bytes": source.caps.max_file_bytes,
        "max_total_bytes": source.caps.max_total_bytes,
        **origin.model_dump(exclude={"files", "exclude", "licence"}),
    }
    parsed = parse_source(raw, f"images {source.name}")
    assert isinstance(parsed, PypiSource | InstalledSource | LocalSource)
    return parsed
