"""Globs over the paths inside an archive or a folder: `*`, `?`, `**` and `{a,b}`, always with forward slashes."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol, TypeVar

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\{[^{}]*\}|[^*?{}]+|[{}]")
_TRANSLATION = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


class Glob(Protocol):
    """Which files somebody wants; what for is known to who asks."""

    @property
    def glob(self) -> str: ...

    @property
    def exclude(self) -> Sequence[str]: ...


G = TypeVar("G", bound=Glob)


@lru_cache(maxsize=4096)
def _compiled(glob: str) -> re.Pattern[str]:
    parts = []
    for token in _TOKEN.findall(glob):
        if token in _TRANSLATION:
            parts.append(_TRANSLATION[token])
        elif token.startswith("{") and token.endswith("}"):
            parts.append("(?:" + "|".join(re.escape(choice) for choice in token[1:-1].split(",")) + ")")
        else:
            parts.append(re.escape(token))
    return re.compile("".join(parts), re.DOTALL)


def matches(path: str, glob: str, exclude: Sequence[str] = ()) -> bool:
    """True when `path` matches the whole glob and none of the excluded ones."""
    return _compiled(glob).fullmatch(path) is not None and not any(
        _compiled(other).fullmatch(path) for other in exclude
    )


def may_match_below(folder: str, glob: str, exclude: Sequence[str] = ()) -> bool:
    """True when a path below `folder/` could match, as far as the folder's name and depth tell."""
    start = re.split(r"[*?{]", glob)[0]
    is_near = folder.startswith(start) or start.startswith(folder)
    is_deep = "**" in glob or glob.count("/") >= folder.count("/")
    return is_near and is_deep and not any(_compiled(other).fullmatch(folder) for other in exclude)


def stays_inside(path: str) -> bool:
    """False for a name that is empty, leaves its folder (absolute, `..`), or holds NUL: it is never opened."""
    return bool(path) and not (path.startswith("/") or ".." in path.split("/") or "\0" in path)


def is_plain(path: str) -> bool:
    """The same for a name that was made elsewhere, such as in an archive: a drive or a backslash may lead out too."""
    return stays_inside(path) and not ("\\" in path or ":" in path.split("/")[0])


def as_text(path: str) -> str:
    """A name of a file system as text: bytes that are no UTF-8 (PEP 383) are written as `\\xe9`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
