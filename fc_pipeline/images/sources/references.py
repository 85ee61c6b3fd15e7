"""Which picture of a source a page or a program means: by its address, not by its base name alone."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit


def resolved(address: str, *, folder: str) -> str:
    """The path that an address means on a page of this folder, without query, `..` and per cent signs."""
    try:
        path = unquote(urlsplit(address).path)
    except ValueError:  # no address of the web, such as one with an open bracket
        path = address
    return posixpath.normpath(posixpath.join("" if path.startswith("/") else folder, path.lstrip("/")))


class Pictures:
    """The paths of the pictures of an origin; `suffix` is what their names have more than addresses call them by."""

    def __init__(self, paths: Iterable[str], *, suffix: str = "") -> None:
        self._by_stem: dict[str, dict[str, str]] = defaultdict(dict)
        for path in paths:
            pure = PurePosixPath(path)
            stem = pure.stem.removesuffix(suffix)
            self._by_stem[stem][str(pure.with_name(stem + pure.suffix))] = path

    def find(self, address: str, *, folder: str) -> str | None:
        """The picture at the address; else the only one whose path ends with it, or else the only one of its name.

        None where there is none, or several. The name goes without its extension.
        """
        path = resolved(address, folder=folder)
        named = self._by_stem.get(PurePosixPath(path).stem, {})
        written = posixpath.normpath("/" + resolved(address, folder=""))
        ending = [each for each in named if f"/{each}".endswith(written)]
        if path in named:
            return named[path]
        if len(ending) == 1:
            return named[ending[0]]
        return next(iter(named.values())) if len(named) == 1 else None
