"""Files of a wheel or sdist: downloaded once into the cache, checked, and read as an archive."""

from collections.abc import Iterator
from pathlib import Path

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.archive import members, read_members
from fc_pipeline.catalogue.download.download_file import download_file
from fc_pipeline.catalogue.download.globs import G, matches
from fc_pipeline.catalogue.entry import PypiPin
from fc_pipeline.catalogue.files import File, Wanted
from fc_pipeline.catalogue.kinds.package_index import find_file, index_session


def download(pin: PypiPin, home: Path) -> Path:
    """The package's file in the cache, `<home>/cache/downloads/<sha256>/<file>`.

    Raises:
        UserError: it cannot be had, or it is not the file that is pinned.
    """

    def find_url() -> str:
        link = find_file(pin.project, pin.file)
        if link.sha256 not in (None, pin.sha256):
            raise UserError(
                f"{pin.file}: the index states sha256 {link.sha256}, the source pins {pin.sha256}; "
                "correct the pin, or do not trust this index"
            )
        return link.url

    target = home / "cache" / "downloads" / pin.sha256 / pin.file
    return download_file(target, find_url=find_url, expected=pin.sha256, session=index_session)


def read_pypi(pin: PypiPin, wanted: Wanted[G]) -> Iterator[File[G]]:
    """Yields the files in the archive's order. Raises UserError for a broken or hostile archive."""
    archive = download(pin, wanted.home)
    listing = members(archive, max_total_bytes=wanted.max_total_bytes)
    chosen = wanted.choose(listing.files, inside=pin.file)
    for path in listing.unsafe:
        spec = next((spec for spec in wanted.specs if matches(path, spec.glob, spec.exclude)), None)
        if spec is not None:
            yield File(path, spec, BadInput("unsafe_member", "leads out of the archive, or is no file"))
    caps = {"max_file_bytes": wanted.max_file_bytes, "max_total_bytes": wanted.max_total_bytes}
    for path, data in read_members(archive, chosen.__contains__, **caps):
        yield File(path, chosen[path], data)
