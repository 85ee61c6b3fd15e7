"""Records: one JSON object a line, compressed with zstandard (`*.jsonl.zst`)."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import zstandard

from fc_model.errors import UserError

_LEVEL = 3


class RecordWriter:
    """Writes records to a binary file. Deterministic: one thread, no timestamp, no content size."""

    def __init__(self, file: BinaryIO) -> None:
        compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        self._stream = compressor.stream_writer(file, closefd=False)
        self.count = 0

    def __call__(self, record: dict[str, Any]) -> None:
        """Raises ValueError on NaN and UnicodeEncodeError on lone surrogates: neither may reach a file."""
        line = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._stream.write(line.encode("utf-8") + b"\n")
        self.count += 1

    def close(self) -> None:
        self._stream.close()


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the records of a `*.jsonl.zst` file in order.

    Raises:
        UserError: the file is missing, cut short, or not records; names the line.
    """
    number = 0
    try:
        with open(path, "rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
            for number, line in enumerate(io.BufferedReader(stream, 1 << 20), start=1):  # type: ignore[type-var]
                yield json.loads(line)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; materialize its artifact again") from error
    except (zstandard.ZstdError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise UserError(f"{path}: damaged after record {number} ({error}); materialize its artifact again") from error
