"""The kinds of pins: how each is filled in when the graph is built, and how its files are read."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from fc_model.errors import UserError
from fc_pipeline.catalogue.download.globs import G, Glob
from fc_pipeline.catalogue.entry import HttpPin, HubPin, InstalledPin, LocalPin, Pin
from fc_pipeline.catalogue.files import File, Wanted
from fc_pipeline.catalogue.kinds.http import read_http
from fc_pipeline.catalogue.kinds.hub import read_hub, read_revisions
from fc_pipeline.catalogue.kinds.installed import installed_version, read_installed
from fc_pipeline.catalogue.kinds.local import folder_content, read_local
from fc_pipeline.catalogue.kinds.pypi import read_pypi
from fc_pipeline.paths import fc_home

P = TypeVar("P", bound=Pin)


def pinned(pin: P, specs: Sequence[Glob], *, what: str, name: str) -> P:
    """The pin with what the machine decides: the installed version, the content of a local folder, a followed commit.

    Args:
        specs: which files of a local folder count.
        what, name: errors begin with `<what> <name>`; a followed commit is kept under the name.
    """
    where = f"{what} {name}"
    if isinstance(pin, InstalledPin):
        version = installed_version(pin.distribution)
        if pin.version not in (None, version):
            raise UserError(
                f"{where}: {pin.distribution} {version} is installed, the source asks for {pin.version}; "
                "install that version or drop `version`"
            )
        return pin.model_copy(update={"version": version})
    if isinstance(pin, LocalPin):
        return pin.model_copy(update={"content": folder_content(pin.folder, specs, where=where)})
    if isinstance(pin, HubPin) and pin.follow is not None:
        return pin.model_copy(update={"revision": read_revisions(fc_home()).get(name, pin.revision)})
    return pin


def read_files(pin: Pin, wanted: Wanted[G]) -> Iterator[File[G]]:
    """The wanted files, in the archive's order, the list's, or that of paths; each is fetched when it is due.

    Raises:
        UserError: the files cannot be had, are not what was pinned, or an archive is broken or hostile.
    """
    if isinstance(pin, HubPin):
        return read_hub(pin, wanted)
    if isinstance(pin, HttpPin):
        return read_http(pin, wanted)
    if isinstance(pin, LocalPin):
        return read_local(pin, wanted)
    if isinstance(pin, InstalledPin):
        return read_installed(pin, wanted)
    return read_pypi(pin, wanted)
