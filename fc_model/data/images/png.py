"""The frame of a PNG: its size and its checksums, which Pillow leaves out for the pixels' own chunks."""

import zlib

_FIRST_CHUNK = 8


def png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in the header; None when it is not there. Layout: PNG specification, 11.2.2."""
    if len(data) < 24 or data[12:16] != b"IHDR":
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def png_fault(data: bytes) -> str | None:
    """What is wrong with the chunks, up to IEND (anything may follow it); None when every checksum is right."""
    view = memoryview(data)
    at = _FIRST_CHUNK
    while at + 12 <= len(view):
        end = at + 12 + int.from_bytes(view[at : at + 4], "big")
        if end > len(view):
            break
        kind = bytes(view[at + 4 : at + 8])
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            return f"the checksum of chunk {kind.decode('latin-1')!a} at byte {at} is wrong"
        if kind == b"IEND":
            return None
        at = end
    return f"cut off after {len(view)} bytes"
