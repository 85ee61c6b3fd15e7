"""What an image's first bytes say: format, size, and for a PNG its checksums, all before a decoder sees them.

The format goes by the content: extensions and content types of the web are often wrong.
"""

import zlib

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "BigTIFF"),
    (b"MM\0+", "BigTIFF"),
    (b"SIMPLE  =", "FITS"),
    (b"%!PS", "EPS"),
    (b"\xc5\xd0\xd3\xc6", "EPS"),
    (b"8BPS", "PSD"),
    (b"\0\0\1\0", "ICO"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\3\4", "ZIP"),
)
_TEXT_SIGNATURES = ((b"<svg", "SVG"), (b"<!doctype svg", "SVG"), (b"<!doctype html", "HTML"), (b"<html", "HTML"))
_HEAD_BYTES = 1024
"""How far a PDF's header may stand from the start (ISO 32000, annex H), and how far markup is looked at."""
_PNG_FIRST_CHUNK = 8


def content_format(data: bytes) -> str | None:
    """PNG, JPEG, WEBP, GIF, SVG, PDF and so on; None when the signature is of nothing known."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return "HEIF or AVIF"
    head = data[:_HEAD_BYTES]
    if b"%PDF-" in head:
        return "PDF"
    text = head.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").lstrip().lower()  # UTF-16 too
    if text.startswith((b"<", b"\xff\xfe<", b"\xfe\xff<")):
        return next((name for signature, name in _TEXT_SIGNATURES if signature in text), "XML")
    return None


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that a WebP declares, read without its decoder, which allocates its canvas at once.

    None when the first chunk is of no known kind or too short. Layout: RFC 9649, sections 2.5 to 2.7.
    """
    chunk, body = data[12:16], data[20:30]
    if len(body) < 10:
        return None
    if chunk == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if chunk == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    return None


def png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in the header; None when it is not there. Layout: PNG specification, 11.2.2."""
    if len(data) < 24 or data[12:16] != b"IHDR":
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def png_fault(data: bytes) -> str | None:
    """What is wrong with the chunks, up to IEND (anything may follow it); None when every checksum is right.

    Pillow leaves the checksums of the pixels' own chunks out.
    """
    view = memoryview(data)
    at = _PNG_FIRST_CHUNK
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
