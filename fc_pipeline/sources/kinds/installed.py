"""Files of distributions that this environment has installed: code, and documentation that wheels carry."""

from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

from fc_model.errors import UserError
from fc_pipeline.sources.choose import choose
from fc_pipeline.sources.download.globs import is_plain
from fc_pipeline.sources.schema import InstalledSource
from fc_pipeline.sources.source_file import SourceFile


@cache
def installed_version(distribution: str) -> str:
    """Raises UserError when it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError as error:
        raise UserError(f"{distribution} is not installed; install it, or take its source out of the track") from error


def read_installed(source: InstalledSource) -> Iterator[SourceFile]:
    """Yields the files in the order of paths.

    Raises:
        UserError: another version is installed than the one that the artifact's identity was made from.
    """
    version = installed_version(source.distribution)
    if version != source.version:
        raise UserError(f"{source.distribution} {version} is installed, {source.version} was planned; plan again")
    paths = {
        file.as_posix(): Path(str(file.locate()))
        for file in metadata.files(source.distribution) or []
        if is_plain(file.as_posix())
    }
    entries = [(name, path.stat().st_size) for name, path in sorted(paths.items()) if path.is_file()]
    chosen = choose(entries, source.files, max_bytes=source.max_bytes, where=f"source {source.name}")
    for name in sorted(chosen):
        yield SourceFile(name, chosen[name], paths[name].read_bytes())
