"""Large files of records on disk, read as a stream: parquet by row group, JSON lines by line (plain, gz, zst)."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from fc_model.errors import UserError
from fc_pipeline.sources.readers.item import BadInput
from fc_pipeline.sources.readers.records import Row, jsonl_rows
from fc_pipeline.sources.schema import Format

_CHUNK_BYTES = 1 << 20


def read_rows(path: Path, kind: Format) -> Iterator[Row | BadInput]:
    """Rows of a parquet or jsonl file, each with `_key`, its number.

    Raises:
        UserError: the file is cut short or not of its format.
    """
    if kind == "parquet":
        yield from _parquet(path)
    elif kind == "jsonl":
        yield from _jsonl(path)
    else:
        raise UserError(f"{path.name}: a hub's files are parquet or jsonl, not {kind}; correct `format`")


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        with parquet.ParquetFile(path) as table:
            for batch in table.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    yield {"_key": str(number), **row}
                    number += 1
    except (pyarrow.ArrowException, OSError) as error:
        first_line = str(error).split("\n")[0]
        raise UserError(
            f"{path}: broken parquet after row {number} ({first_line}); delete it and fetch it again"
        ) from error


def _jsonl(path: Path) -> Iterator[Row | BadInput]:
    import zstandard

    number = 0
    try:
        with path.open("rb") as raw:
            if path.suffix == ".gz":
                lines: Iterable[bytes] = gzip.GzipFile(fileobj=raw)
            elif path.suffix in {".zst", ".zstd"}:
                lines = _zstandard_lines(raw)
            else:
                lines = raw
            for row in jsonl_rows(lines):
                yield row
                number += 1
    except (EOFError, zlib.error, zstandard.ZstdError, OSError) as error:
        raise UserError(f"{path}: broken after record {number} ({error}); delete it and fetch it again") from error


def _zstandard_lines(raw: BinaryIO) -> Iterator[bytes]:
    """Lines of one or more frames. Raises EOFError when the last is cut, which zstandard's own reader lets pass."""
    import zstandard

    rest = b""
    frame = zstandard.ZstdDecompressor().decompressobj()
    begun = False
    while data := (frame.unused_data if frame.eof else b"") or raw.read(_CHUNK_BYTES):
        if frame.eof:
            frame = zstandard.ZstdDecompressor().decompressobj()
        begun = True
        *lines, rest = (rest + frame.decompress(data)).split(b"\n")
        yield from lines
    if begun and not frame.eof:
        raise EOFError("cut inside a zstandard frame")
    if rest:
        yield rest
