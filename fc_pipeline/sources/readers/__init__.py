"""Readers: one function a format, from a file's bytes to documents. To add a format, add its file and its row here."""

from collections.abc import Callable, Iterator

from fc_pipeline.sources.readers import chatterbot, docstrings, gallery, markdown, notebook, pgn, plain, records, rst
from fc_pipeline.sources.readers.item import BadInput, Item
from fc_pipeline.sources.schema import FileSpec

Reader = Callable[[bytes, FileSpec], Iterator[Item | BadInput]]

READERS: dict[str, Reader] = {
    "chatterbot": chatterbot.read,
    "csv": records.read_csv,
    "docstrings": docstrings.read,
    "gallery": gallery.read,
    "ipynb": notebook.read,
    "json": records.read_json,
    "jsonl": records.read_jsonl,
    "md": markdown.read,
    "pgn": pgn.read,
    "py": plain.read,
    "rst": rst.read,
    "txt": plain.read,
}
"""`parquet` is not here: its files are read from disk, row group by row group (fc_pipeline/sources/tables.py)."""

__all__ = ["READERS", "BadInput", "Item", "Reader"]
