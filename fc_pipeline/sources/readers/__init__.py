"""Readers: one function a format, from a file's bytes to documents. To add a format, add its file and its row here."""

from collections.abc import Callable, Iterator

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers import (
    chatterbot,
    docstrings,
    gallery,
    html,
    markdown,
    notebook,
    pdf,
    pgn,
    r_help,
    records,
    rst,
    torre_lesson,
)
from fc_pipeline.sources.readers.item import Item, decode
from fc_pipeline.sources.schema import FileSpec

Reader = Callable[..., Iterator[Item | BadInput]]
"""(bytes of the file, FileSpec) to documents; a reader that decodes by itself also takes `replace`."""


def whole(to_text: Callable[[str], str]) -> Reader:
    """A reader that makes one document of a file."""

    def read(data: bytes, spec: FileSpec) -> Iterator[Item | BadInput]:
        yield Item("", to_text(decode(data)), {})

    return read


def plain(text: str) -> str:
    """Text and source code as they are."""
    return text.strip("\n")


READERS: dict[str, Reader] = {
    "chatterbot": chatterbot.read,
    "csv": records.read_csv,
    "docstrings": docstrings.read,
    "gallery": gallery.read,
    "html": html.read,
    "ipynb": notebook.read,
    "json": records.read_json,
    "md": whole(markdown.to_text),
    "pdf": pdf.read,
    "pgn": pgn.read,
    "py": whole(plain),
    "r_help": r_help.read,
    "rst": whole(rst.to_text),
    "torre_lesson": torre_lesson.read,
    "txt": whole(plain),
}
"""`jsonl` and `parquet` are not here: they are read as streams (fc_pipeline/sources/tables.py)."""

ISOLATED = {"html", "pdf", "rst"}
"""Formats whose parsers are native code or open to documents made to harm: read in a child process with caps."""

__all__ = ["ISOLATED", "READERS", "BadInput", "Item", "Reader"]
