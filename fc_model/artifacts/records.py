"""Records: one JSON object a line, compressed with zstandard (`*.jsonl.zst`)."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import zstandard

from fc_model.errors import UserError

_LEVEL = 3
_CHUNK_BYTES = 1 << 16


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
        UserError: the file is missing, cut short, or not records; names the last good one.
    """
    number = 0
    try:
        with path.open("rb") as raw:
            for line in _lines(raw):
                yield _DECODER.decode(line.decode("utf-8"))
                number += 1
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; materialize its artifact again") from error
    except (zstandard.ZstdError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: damaged after record {number} ({error}); materialize its artifact again") from error


def read_rows(path: Path, rows: Iterable[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (row, record) of some records, counted from 0, in order. It parses no other, and reads none behind them.

    Raises:
        UserError: the file is missing, cut short, or not records, as far as it is read.
    """
    wanted = set(rows)
    try:
        with path.open("rb") as raw:
            for row, line in enumerate(_lines(raw) if wanted else ()):
                if row in wanted:
                    yield row, _DECODER.decode(line.decode("utf-8"))
                    wanted.discard(row)
                    if not wanted:
                        return
    except (OSError, zstandard.ZstdError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read ({error}); materialize its artifact again") from error


def _lines(raw: BinaryIO) -> Iterator[bytes]:
    """Lines of one zstandard frame that fills the file. zstandard's own reader takes a cut frame for a short one.

    Raises ValueError when the frame is cut, something follows it, or its last line has no end.
    """
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    rest = b""
    while not decompressor.eof and (chunk := raw.read(_CHUNK_BYTES)):
        *lines, rest = (rest + decompressor.decompress(chunk)).split(b"\n")
        yield from lines
    if not decompressor.eof or rest:
        raise ValueError("the file is cut short")
    if decompressor.unused_data or raw.read(1):
        raise ValueError("something follows the last record")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
