"""Every reader of images: how a source's files become entries, and an entry a record."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from fc_pipeline.images.sources.entry import Dropped, Entry, Result
from fc_pipeline.images.sources.files import OpenFiles
from fc_pipeline.images.sources.readers import chess, docstrings, easy_vqa, emoji, folder, pdf, screenshots
from fc_pipeline.images.sources.schema import ImageSource


def nothing(source: ImageSource, files: OpenFiles) -> dict[str, bytes]:
    """For readers whose workers need no more than the entry."""
    return {}


class Reader(NamedTuple):
    """Three plain functions."""

    entries: Callable[[ImageSource, OpenFiles], Iterator[Entry | Dropped]]
    """In the step's process: what there is, in order. Raises UserError when the source is not what it should be."""
    finish: Callable[[Entry, ImageSource, dict[str, bytes]], list[Result]]
    """In a worker: decodes or renders. Raises BadInput or BadImage for an entry that cannot be shown."""
    prepare: Callable[[ImageSource, OpenFiles], dict[str, bytes]] = nothing
    """Once: what `finish` needs for every entry."""


READERS: dict[str, Reader] = {
    "chess": Reader(chess.entries, chess.finish, chess.prepare),
    "docstrings": Reader(docstrings.entries, docstrings.finish),
    "easy_vqa": Reader(easy_vqa.entries, easy_vqa.finish),
    "emoji": Reader(emoji.entries, emoji.finish),
    "folder": Reader(folder.entries, folder.finish),
    "pdf": Reader(pdf.entries, pdf.finish),
    "screenshots": Reader(screenshots.entries, screenshots.finish),
}
