"""Files of distributions that this environment has installed: code, and documentation that wheels carry."""

from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.globs import G, stays_inside
from fc_pipeline.catalogue.entry import InstalledPin
from fc_pipeline.catalogue.files import File, Wanted


@cache
def installed_version(distribution: str) -> str:
    """Raises UserError when it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError as error:
        raise UserError(f"{distribution} is not installed; install it, or take its source out of the track") from error


def read_installed(pin: InstalledPin, wanted: Wanted[G]) -> Iterator[File[G]]:
    """Yields the files in the order of paths.

    Raises:
        UserError: another version is installed than the one that the artifact's identity was made from.
    """
    version = installed_version(pin.distribution)
    if version != pin.version:
        raise UserError(f"{pin.distribution} {version} is installed, {pin.version} was planned; plan again")
    paths = {file.as_posix(): Path(str(file.locate())) for file in metadata.files(pin.distribution) or []}
    sizes = [(name, path.stat().st_size) for name, path in sorted(paths.items()) if path.is_file()]
    chosen = wanted.choose(sizes, inside=pin.distribution)
    for name in sorted(chosen):
        # Scripts lie outside of the folder of the packages.
        unsafe = None if stays_inside(name) else BadInput("unsafe_member", "leads out of the distribution")
        yield File(name, chosen[name], unsafe or paths[name].read_bytes())
