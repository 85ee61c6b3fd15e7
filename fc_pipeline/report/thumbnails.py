"""Thumbnails of stored images, with boxes on them, as `data:` addresses."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from fc_model.data.images.record import Box, ImageRecord

if TYPE_CHECKING:
    from PIL import Image

_BOX_COLOUR = (31, 111, 235)
_BOX_OPACITY = 150
_MAX_SCALE = 2.0
_QUALITIES = (82, 68, 54)


def thumbnail(data: bytes, *, width: int, height: int, boxes: Iterable[Box] = ()) -> Image.Image:
    """A stored image within `width` x `height` pixels, aspect kept, enlarged at most twice.

    Args:
        data: encoded image.
        width: pixels at most.
        height: pixels at most.
        boxes: in pixels of the stored image; a line of one pixel goes around each, outside of it.
    """
    from PIL import Image, ImageDraw

    from fc_model.data.images.decode import decode_stored

    image = decode_stored(data)
    scale = min(width / image.width, height / image.height, _MAX_SCALE)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    small = image.resize(size, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(small, "RGBA")
    for left, top, right, bottom in boxes:
        corners = (round(left * scale) - 1, round(top * scale) - 1, round(right * scale), round(bottom * scale))
        draw.rectangle(corners, outline=(*_BOX_COLOUR, _BOX_OPACITY))
    return small


def boxed(record: ImageRecord, data: bytes, *, width: int, height: int) -> Image.Image:
    """The first image of a sample with its word boxes."""
    return thumbnail(data, width=width, height=height, boxes=[word.box for word in record.words])


def source(image: Image.Image, *, max_bytes: int) -> str:
    """The address `data:image/...` of a picture of at most `max_bytes` bytes, before they become base64.

    A PNG, which is lossless, unless a JPEG is less than half its size. If it is still too large, the JPEG's quality is
    lowered, then the image is halved, repeatedly.
    """
    while True:
        png = _encoded(image, "PNG", optimize=True)
        jpegs = (_encoded(image, "JPEG", quality=quality) for quality in _QUALITIES)
        jpeg = next((candidate for candidate in jpegs if len(candidate) <= max_bytes), None)
        if len(png) <= max_bytes and (jpeg is None or len(png) <= 2 * len(jpeg)):
            return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
        if jpeg is not None:
            return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"
        image = image.resize((max(1, image.width // 2), max(1, image.height // 2)))


def _encoded(image: Image.Image, format_: str, **settings: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=format_, **settings)
    return buffer.getvalue()
