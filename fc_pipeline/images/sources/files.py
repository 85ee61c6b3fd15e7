"""The files of an image source, whatever they come from, by the role that a reader takes them for."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.files import Wanted
from fc_pipeline.catalogue.pins import read_files
from fc_pipeline.images.sources.schema import ImageSource, Origin


class FileGlob(NamedTuple):
    glob: str
    exclude: list[str]


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
            f"images {source.name}: {file.path}: {file.content.reason}: {file.content.detail}; correct the file"
        )
    return file.content


def open_files(source: ImageSource, home: Path, role: str) -> Iterator[OriginFile]:
    """The files of a role; packages are downloaded into the cache below `home`.

    Raises UserError when no origin has files of the role, or one cannot be had.
    """
    if not any(role in origin.files for origin in source.origins):
        raise UserError(f"images {source.name}: reader {source.reader.kind} needs `files.{role}` in one of `origins`")
    for number, origin in enumerate(source.origins):
        if role not in origin.files:
            continue
        wanted = Wanted(
            specs=globs_of(origin, role),
            where=f"images {source.name}",
            home=home,
            max_file_bytes=source.caps.max_file_bytes,
            max_total_bytes=source.caps.max_total_bytes,
        )
        for path, _, content in read_files(origin, wanted):
            assert isinstance(content, bytes | BadInput), "nothing is wanted as a stream"
            yield OriginFile(path, content, number, origin.licence or source.licence)


def globs_of(origin: Origin, role: str | None = None) -> list[FileGlob]:
    """Which files of the origin are taken for the role, or for any."""
    return [FileGlob(glob, origin.exclude) for name, glob in sorted(origin.files.items()) if role in (None, name)]
