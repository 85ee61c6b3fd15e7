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
    return re.compile("".join(parts))


def matches(path: str, glob: str, exclude: Sequence[str] = ()) -> bool:
    """True when `path` matches the whole glob and none of the excluded ones."""
    return _compiled(glob).fullmatch(path) is not None and not any(
        _compiled(other).fullmatch(path) for other in exclude
    )


def is_plain(path: str) -> bool:
    """False for a name that is empty, leaves its folder (absolute, drive, `..`), or holds NUL: it is never opened."""
    parts = path.split("/")
    return bool(path) and not (path.startswith("/") or "\\" in path or ":" in parts[0] or ".." in parts or "\0" in path)
