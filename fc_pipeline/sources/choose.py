"""Which files of a source are read."""

import hashlib
from collections.abc import Iterable, Sequence

from fc_model.errors import UserError
from fc_pipeline.sources.download.globs import matches
from fc_pipeline.sources.schema import FileSpec


def choose(
    entries: Iterable[tuple[str, int]], specs: Sequence[FileSpec], *, max_bytes: int | None, where: str
) -> dict[str, FileSpec]:
    """{path: how to read it}: the first spec that matches decides.

    `entries` are (path, bytes). Under a cap, files are taken in the order of the hash of their path, so that the
    part is a spread over the whole source and stays the same when files come and go elsewhere.

    Raises:
        UserError: a spec matches no file, or no file fits under the cap.
    """
    sizes = dict(entries)
    chosen: dict[str, FileSpec] = {}
    for spec in specs:
        found = [path for path in sizes if matches(path, spec.glob, spec.exclude)]
        if not found:
            raise UserError(f"{where}: no file matches {spec.glob!r}; correct the glob (there are {len(sizes)} files)")
        for path in found:
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
