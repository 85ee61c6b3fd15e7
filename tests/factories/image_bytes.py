"""Encoded images, sound and hostile, made by hand or by Pillow."""

import io
import struct
import zlib

from PIL import Image


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int, height: int, *, depth: int = 8, colour: int = 0, rows: bytes = b"", extra: bytes = b"", end: bool = True
) -> bytes:
    """A PNG with the header, chunks before the pixels, and (filtered) rows as given."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(rows)) if rows else b""
    return b"\x89PNG\r\n\x1a\n" + header + extra + data + (chunk(b"IEND", b"") if end else b"")


def encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def picture(width: int = 48, height: int = 32) -> Image.Image:
    """Every pixel its own colour, smooth enough for JPEG."""
    image = Image.new("RGB", (width, height))
    image.putdata(
        [
            (x * 255 // width, y * 255 // height, (x + y) * 127 // (width + height))
            for y in range(height)
            for x in range(width)
        ]
    )
    return image


def frames(format_: str) -> bytes:
    """An animation of two frames."""
    return encoded(picture(), format_, save_all=True, append_images=[picture().transpose(Image.Transpose.ROTATE_180)])
