"""Files at addresses of the web, each pinned by its checksum, downloaded once into the cache."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fc_pipeline.sources.choose import choose
from fc_pipeline.sources.download.download_file import fetch
from fc_pipeline.sources.limits import Limits
from fc_pipeline.sources.readers.item import BadInput
from fc_pipeline.sources.schema import HttpFile, HttpSource
from fc_pipeline.sources.source_file import SourceFile
from fc_pipeline.sources.tables import STREAMED, read_pinned

if TYPE_CHECKING:
    import requests


def session() -> "requests.Session":
    """An HTTP session; proxies and certificates come from the environment."""
    import requests

    return requests.Session()


def read_http(source: HttpSource, home: Path) -> Iterator[SourceFile]:
    """Yields the files in the order of the source; a file is fetched when it is due.

    Raises:
        UserError: a file is not to be had, or is not what the source pins.
    """
    files = {file.name: file for file in source.urls}
    chosen = choose([(name, 0) for name in files], source.files, max_bytes=None, where=f"source {source.name}")
    for name, file in files.items():
        if name not in chosen:
            continue
        spec = chosen[name]
        path = _download(file, home)
        if spec.format in STREAMED:
            yield SourceFile(name, spec, read_pinned(path, spec, Limits.of(source), where=f"{source.name}/{name}"))
        elif path.stat().st_size > source.max_file_bytes:
            yield SourceFile(name, spec, BadInput("too_large", f"{path.stat().st_size} bytes"))
        else:
            yield SourceFile(name, spec, path.read_bytes())


def _download(file: HttpFile, home: Path) -> Path:
    target = home / "cache" / "downloads" / file.sha256 / file.name.rsplit("/", 1)[-1]
    return fetch(target, find_url=lambda: file.url, expected=file.sha256, session=session)
