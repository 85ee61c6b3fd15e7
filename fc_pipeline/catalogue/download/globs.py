"""Globs over the paths inside an archive or a folder: `*`, `?`, `**` and `{a,b}`, always with forward slashes."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol, TypeVar

from fc_model.errors import UserError

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


def choose(
    entries: Iterable[tuple[str, int]], specs: Sequence[G], *, max_bytes: int | None = None, where: str
) -> dict[str, G]:
    """{path: the first spec that matches it}.

    `entries` are (path, bytes). Under a cap, files are taken in the order of the hash of their path, so that the
    part is a spread over the whole source and stays the same when files come and go elsewhere.

    Raises:
        UserError: a spec matches no file, or no file fits under the cap.
    """
    sizes = dict(entries)
    chosen: dict[str, G] = {}
    for spec in specs:
        paths = [path for path in sizes if matches(path, spec.glob, spec.exclude)]
        if not paths:
            raise UserError(f"{where}: no file matches {spec.glob!r}; correct the glob (there are {len(sizes)} files)")
        for path in paths:
            chosen.setdefault(path, spec)
    if max_bytes is None:
        return chosen
    left = max_bytes
    kept = set()
    for path in sorted(chosen, key=lambda path: hashlib.sha256(path.encode()).digest()):
        if sizes[path] <= left:
            kept.add(path)
            left -= sizes[path]
    if not kept:
        raise UserError(f"{where}: max_bytes ({max_bytes}) is less than its smallest file; raise it")
    return {path: spec for path, spec in chosen.items() if path in kept}
