"""Every reader of images: how a source's files become entries, and an entry a record."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from fc_model.data.images.decode import decode
from fc_pipeline.images.sources.entry import Dropped, Entry, Result, fitted, made
from fc_pipeline.images.sources.files import OpenFiles
from fc_pipeline.images.sources.readers import chess, docstrings, easy_vqa, emoji, folder, pdf, screenshots
from fc_pipeline.images.sources.schema import ImageSource, Scaled


def picture(entry: Entry, source: ImageSource, shared: dict[str, bytes]) -> list[Result]:
    """The picture that the entry's bytes are. Raises BadImage when it is refused."""
    assert isinstance(entry.content, bytes)
    image = decode(entry.content, limits=source.caps.image)
    max_side = source.reader.max_side if isinstance(source.reader, Scaled) else None
    return [made(entry, fitted(image, max_side), source=source.name)]


class Reader(NamedTuple):
    """Plain functions."""

    entries: Callable[[ImageSource, OpenFiles], Iterator[Entry | Dropped]]
    """In the step's process: what there is, in order. Raises UserError when the source is not what it should be."""
    finish: Callable[[Entry, ImageSource, dict[str, bytes]], list[Result]] = picture
    """In a worker: decodes or renders. Raises BadInput or BadImage for an entry that cannot be shown."""
    prepare: Callable[[ImageSource, OpenFiles], dict[str, bytes]] | None = None
    """Once: what `finish` needs for every entry."""


READERS: dict[str, Reader] = {
    "chess": Reader(chess.entries, chess.finish, chess.prepare),
    "docstrings": Reader(docstrings.entries),
    "easy_vqa": Reader(easy_vqa.entries),
    "emoji": Reader(emoji.entries, emoji.finish),
    "folder": Reader(folder.entries),
    "pdf": Reader(pdf.entries, pdf.finish),
    "screenshots": Reader(screenshots.entries),
}
