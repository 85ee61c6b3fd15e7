"""Large files of records on disk, read as a stream: parquet by row group, JSON lines by line (plain, gz, zst)."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

from fc_model.errors import UserError
from fc_pipeline.sources.readers.item import BadInput
from fc_pipeline.sources.readers.records import Row, jsonl_rows
from fc_pipeline.sources.schema import Format


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
        with ExitStack() as stack:
            raw = stack.enter_context(path.open("rb"))
            lines: BinaryIO = raw
            if path.suffix == ".gz":
                lines = cast(BinaryIO, stack.enter_context(gzip.open(raw, "rb")))
            elif path.suffix in {".zst", ".zstd"}:
                stream = stack.enter_context(zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True))
                lines = cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, stream), 1 << 20))
            for row in jsonl_rows(lines):
                yield row
                number += 1
    except (EOFError, zlib.error, zstandard.ZstdError, OSError) as error:
        raise UserError(f"{path}: broken after record {number} ({error}); delete it and fetch it again") from error
