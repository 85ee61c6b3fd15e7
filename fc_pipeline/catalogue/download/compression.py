"""Streams of gzip and zstandard, told by their first bytes, with caps against what unpacks to far more than it is."""

import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import Any, BinaryIO

from fc_pipeline.catalogue.bad_input import BadInput

MAX_RATIO = 250
"""Text packs 3 to 30 times; only runs of equal bytes pack more than this."""
_RATIO_FREE_BYTES = 64 << 20
_CHUNK_BYTES = 1 << 20
_FEED_BYTES = 1 << 12  # zstandard unpacks at most 32,768 times: a slice of 4 KiB gives 128 MiB at most
_MAX_WINDOW_BYTES = 1 << 31
"""The longest window that the zstd program writes (`--long=31`); memory is taken as it fills."""
_GZIP = b"\x1f\x8b"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"


def is_packed(data: bytes) -> bool:
    """True for bytes that begin as gzip or zstandard does; no UTF-8 text begins so."""
    return data.startswith((_GZIP, _ZSTANDARD))


def unpack(data: bytes, *, limit: int) -> bytes:
    """The content of gzip or zstandard bytes, other bytes as they are.

    Raises:
        BadInput: they are broken or cut short, or unpack to more than `limit` bytes.
    """
    if not is_packed(data):
        return data
    parts = []
    size = 0
    for chunk in unpacked_chunks(io.BytesIO(data)):
        size += len(chunk)
        if size > limit:
            raise BadInput("bomb", f"{len(data)} bytes unpack to more than {limit}")
        parts.append(chunk)
    return b"".join(parts)


def unpacked_chunks(raw: BinaryIO) -> Iterator[bytes]:
    """Chunks of about a MiB of the unpacked content of a stream, in constant memory.

    gzip is read as members of RFC 1952, the last of which zeros may pad; zstandard as frames of RFC 8878. A cut frame,
    which zstandard's own reader lets pass, is refused.

    Raises:
        BadInput: the stream is broken or cut short, or unpacks to more than MAX_RATIO times its size.
    """
    pieces = iter(partial(raw.read, _FEED_BYTES), b"")
    start = next(pieces, b"")
    pieces = chain([start], pieces)
    if start.startswith(_GZIP):
        new = partial(zlib.decompressobj, wbits=31)
        pieces = _frames(pieces, new, zlib.error, reason="invalid_gzip", padding=b"\0")
    elif start.startswith(_ZSTANDARD):
        import zstandard

        unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
        pieces = _frames(pieces, unpacker.decompressobj, zstandard.ZstdError, reason="invalid_zstd")
    parts: list[bytes] = []
    size = 0
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size >= _CHUNK_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
    if size:
        yield b"".join(parts)


def capped_lines(chunks: Iterable[bytes], *, limit: int) -> Iterator[bytes | None]:
    """Lines without their ends; None for a line longer than `limit` bytes, which is never held whole."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        head, *tail = chunk.split(b"\n")
        size += len(head)
        held = [*held, head] if size <= limit else []
        if tail:
            yield b"".join(held) if size <= limit else None
            for line in tail[:-1]:
                yield line if len(line) <= limit else None
            size = len(tail[-1])
            held = [tail[-1]] if size <= limit else []
    if size:
        yield b"".join(held) if size <= limit else None


def _frames(
    packed: Iterable[bytes], new: Callable[[], Any], fault: type[Exception], *, reason: str, padding: bytes = b""
) -> Iterator[bytes]:
    """One or more frames; `new()` unpacks one. The ratio is asked for only beyond sizes that any machine bears."""
    frame = new()
    packed_bytes = unpacked_bytes = 0
    for piece in packed:
        data = piece
        while data:
            if frame.eof:
                data = data.lstrip(padding) if padding else data
                if not data:
                    break
                frame = new()
            try:
                content = frame.decompress(data)
            except fault as error:
                raise BadInput(reason, str(error)) from error
            packed_bytes += len(data) - len(frame.unused_data)
            unpacked_bytes += len(content)
            if unpacked_bytes > max(_RATIO_FREE_BYTES, MAX_RATIO * packed_bytes):
                raise BadInput("bomb", f"{packed_bytes} bytes unpack to more than {unpacked_bytes - 1}")
            yield content
            data = frame.unused_data
    if not frame.eof:
        raise BadInput(reason, "cut short")
