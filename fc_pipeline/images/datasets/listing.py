"""What a folder holds by names and sizes, as one digest: what pins a public set without reading its gigabytes.

    python -m fc_pipeline.images.datasets.listing data/datasets/textvqa

prints the digest that `reader.manifest_sha256` of a source of images takes, and the numbers of files and bytes.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from fc_model.config.strict import Strict


class Listing(Strict):
    """What a folder holds by names and sizes."""

    sha256: str = Field(description="of a line `<path>` NUL `<bytes>` for each file, sorted as bytes; paths relative")
    files: int
    bytes: int


def listing(folder: Path) -> Listing:
    """The files below a folder. Links are followed, since sets share the images of others; hidden names are left out.

    Times play no part, and no file is opened: about a second for 300,000 files. A change that keeps every size is not
    seen.
    """
    rows = sorted(_files(os.fsencode(folder), b"", frozenset()))
    digest = hashlib.sha256()
    for name, size in rows:
        digest.update(b"%s\0%d\n" % (name, size))
    return Listing(sha256=digest.hexdigest(), files=len(rows), bytes=sum(size for _, size in rows))


def _files(folder: bytes, prefix: bytes, above: frozenset[tuple[int, int]]) -> Iterator[tuple[bytes, int]]:
    """(path, bytes) in no order; a link to a folder that it lies in is not entered."""
    state = os.stat(folder)
    here = (state.st_dev, state.st_ino)
    if here in above:
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(b"."):
                continue
            if entry.is_dir():
                yield from _files(entry.path, prefix + entry.name + b"/", above | {here})
            elif entry.is_file():
                yield prefix + entry.name, entry.stat().st_size


if __name__ == "__main__":
    listed = listing(Path(sys.argv[1]))
    print(f"manifest_sha256: {listed.sha256}  # {listed.files:,} files, {listed.bytes:,} bytes")
