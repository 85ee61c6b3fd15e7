"""What is wanted of a pin's files, and a file on its way from a pin to whoever makes something of it."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Generic, NamedTuple

from fc_model.errors import UserError
from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.catalogue.download.globs import G, matches

MEBIBYTE = 1 << 20
MAX_FILE_BYTES = 128 * MEBIBYTE
MAX_TOTAL_BYTES = 4096 * MEBIBYTE
_NAMED = 5
"""Files whose names tell what a glob should have been."""


class Stream(NamedTuple):
    """A file that may be larger than memory."""

    open: Callable[[], AbstractContextManager[BinaryIO]]
    cached: Path | None = None
    """Its copy in the cache, checked against the pin; None for a file that lies where people put it."""
    num_bytes: int = 0


class File(NamedTuple, Generic[G]):
    """A file, with what it was chosen by."""

    path: str
    spec: G
    content: bytes | BadInput | Stream

    @property
    def num_bytes(self) -> int:
        """As it lies there, packed or not."""
        if isinstance(self.content, bytes):
            return len(self.content)
        return self.content.lost_bytes if isinstance(self.content, BadInput) else self.content.num_bytes


@dataclass(frozen=True, kw_only=True)
class Wanted(Generic[G]):
    """Which files of a pin are wanted, and how large they may be."""

    specs: Sequence[G]
    where: str
    """What errors begin with: source NAME, font package NAME."""
    home: Path
    """FC_HOME; downloads are kept in its cache."""
    streamed: Callable[[G], bool] = lambda spec: False
    """Files that come as a Stream, of any size."""
    max_bytes: int | None = None
    """Cap on the sum of what is read, spread by hash of path."""
    max_file_bytes: int = MAX_FILE_BYTES
    max_total_bytes: int = MAX_TOTAL_BYTES
    """Cap on all that an archive unpacks to."""

    def choose(self, entries: Iterable[tuple[str, int]], *, inside: str, names: Collection[str] = ()) -> dict[str, G]:
        """{path: the first spec that matches it} of (path, bytes).

        Under `max_bytes`, files are taken in the order of the hash of their path, so that the part is a spread over the
        whole source and stays the same when files come and go elsewhere.

        Args:
            inside: what errors call the place.
            names: all files of it, if the entries are not all.

        Raises:
            UserError: a spec matches no file, or no file fits under the cap.
        """
        sizes = dict(entries)
        chosen: dict[str, G] = {}
        for spec in self.specs:
            paths = [path for path in sizes if matches(path, spec.glob, spec.exclude)]
            if not paths:
                every = sorted(names or sizes)
                such = f", such as {', '.join(every[:_NAMED])}" if every else ""
                raise UserError(
                    f"{self.where}: no file matches {spec.glob!r}; {inside} has {len(every) or 'no'} files{such}: "
                    "correct the glob"
                )
            for path in paths:
                chosen.setdefault(path, spec)
        if self.max_bytes is None:
            return chosen
        left, kept = self.max_bytes, set()
        for path in sorted(chosen, key=lambda path: hashlib.sha256(path.encode()).digest()):
            if sizes[path] <= left:
                kept.add(path)
                left -= sizes[path]
        if not kept:
            raise UserError(f"{self.where}: max_bytes ({self.max_bytes}) is less than its smallest file; raise it")
        return {path: spec for path, spec in chosen.items() if path in kept}

    def file(self, path: str, spec: G, num_bytes: int, stream: Stream) -> File[G]:
        """The file as a stream, or its bytes; one that is too large is not opened."""
        if self.streamed(spec):
            return File(path, spec, stream._replace(num_bytes=num_bytes))
        if num_bytes > self.max_file_bytes:
            return File(path, spec, BadInput("too_large", f"{num_bytes} bytes, above max_file_bytes", num_bytes))
        with stream.open() as file:
            return File(path, spec, file.read())
