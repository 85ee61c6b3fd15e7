"""Files at addresses of the web, each pinned by its checksum, downloaded once into the cache."""

from collections.abc import Iterator
from functools import partial

from fc_pipeline.catalogue.download.download_file import download_file
from fc_pipeline.catalogue.download.globs import G
from fc_pipeline.catalogue.entry import HttpPin
from fc_pipeline.catalogue.files import File, Stream, Wanted


def read_http(pin: HttpPin, wanted: Wanted[G]) -> Iterator[File[G]]:
    """Yields the files in the order of the pin; a file is fetched when it is due.

    Raises:
        UserError: a file is not to be had, or is not what is pinned.
    """
    files = {file.name: file for file in pin.urls}
    chosen = wanted.choose([(name, 0) for name in files], inside="`urls`")
    for name, file in files.items():
        if name not in chosen:
            continue
        target = wanted.home / "cache" / "downloads" / file.sha256 / name.rsplit("/", 1)[-1]
        path = download_file(target, find_url=partial(str, file.url), expected=file.sha256)
        yield wanted.file(name, chosen[name], path.stat().st_size, Stream(partial(path.open, "rb"), path))  # type: ignore[arg-type]
