"""What an image may be, before and after it is decoded."""

from dataclasses import dataclass

ALLOWED_FORMATS = ("PNG", "JPEG", "WEBP")
"""Formats that are decoded unless a caller says otherwise."""
DECODABLE_FORMATS = (*ALLOWED_FORMATS, "GIF", "BMP", "TIFF")
PILLOW_MAX_PIXELS = 89_478_485
"""Pillow's own line (PIL.Image.MAX_IMAGE_PIXELS), above which it warns of a decompression bomb."""


@dataclass(frozen=True, kw_only=True)
class ImageLimits:
    """Caps of `decode`. At its peak decoding holds about 16 bytes a pixel, when there is alpha to composite."""

    max_bytes: int = 64 << 20
    """Bytes of the encoded image."""
    max_pixels: int = 40_000_000
    """Width times height, as the header declares them; at most PILLOW_MAX_PIXELS."""
    max_side: int = 20_000
    min_side: int = 8
    """A smaller image shows nothing: 1x1 is a tracking pixel."""
    formats: tuple[str, ...] = ALLOWED_FORMATS
    """Some of DECODABLE_FORMATS."""
    first_frame: bool = False
    """Take the first frame of an animation instead of refusing it."""

    def __post_init__(self) -> None:
        """Raises ValueError for a format that there is no decoder for, or more pixels than Pillow decodes."""
        unknown = set(self.formats) - set(DECODABLE_FORMATS)
        if unknown:
            raise ValueError(f"formats: {sorted(unknown)} cannot be decoded; choose from {list(DECODABLE_FORMATS)}")
        if self.max_pixels > PILLOW_MAX_PIXELS:
            raise ValueError(f"max_pixels: {self.max_pixels} exceeds Pillow's own {PILLOW_MAX_PIXELS}")


STORED = ImageLimits(max_bytes=1 << 40, max_pixels=PILLOW_MAX_PIXELS, max_side=PILLOW_MAX_PIXELS, min_side=1)
"""Of images in shards: the widest caps that a source may state."""
