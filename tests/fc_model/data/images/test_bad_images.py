"""The table of what is refused, and by which reason; nothing else than BadImage ever leaves `decode`."""

import gzip
import random
import resource
import struct
import time
import tracemalloc
import warnings
import zlib

import pytest
from factories.image_bytes import chunk, encoded, frames, picture, png
from PIL import Image

from fc_model.data.images.decode import BadImage, decode
from fc_model.data.images.limits import ImageLimits

ZEROS = 50_000_000
NOISE = random.Random(5).randbytes(4096)


def vp8x(width: int, height: int) -> bytes:
    """A WebP whose extended header states a canvas, and no picture."""
    body = b"\0\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    riff = b"WEBP" + b"VP8X" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(riff)) + riff


def jpeg_header(width: int, height: int) -> bytes:
    frame = struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    scan = struct.pack(">HB", 8, 1) + b"\x01\x00\x00\x3f\x00"
    return b"\xff\xd8" + b"\xff\xc0" + frame + b"\xff\xda" + scan + b"\0" * 64


def bomb(kind: bytes, size: int, count: int = 1) -> bytes:
    """A PNG with chunks that unpack to `size` bytes each."""
    return png(64, 64, rows=bytes(65 * 64), extra=chunk(kind, b"a\0\0" + zlib.compress(bytes(size))) * count)


def endless_scans() -> bytes:
    """A progressive JPEG that repeats its scans."""
    data = encoded(picture(), "JPEG", progressive=True)
    first = data.index(b"\xff\xda")
    second = data.index(b"\xff\xda", first + 2)
    return data[:second] + data[first:second] * 200 + data[second:]


JPEG = encoded(picture(), "JPEG")
TABLE = {
    "empty": (b"", "empty"),
    "random": (NOISE, "unknown_format"),
    "text": (b"no image at all", "unknown_format"),
    "only a signature": (b"\x89PNG\r\n\x1a\n", "damaged"),
    "only a header": (png(64, 64, end=False), "damaged"),
    "header without pixels": (png(64, 64), "damaged"),
    "no end": (png(64, 64, rows=bytes(65 * 64), end=False), "damaged"),
    "100k x 100k PNG": (png(100_000, 100_000, end=False), "too_large"),
    "10k x 10k PNG": (png(10_000, 10_000), "too_large"),
    "50 MB of zeros as PNG": (png(7072, 7072, rows=bytes(7073 * 7072)), "too_large"),
    "65k x 65k JPEG": (jpeg_header(65_500, 65_500), "too_large"),
    "16k x 16k WEBP": (vp8x(16_384, 16_384), "too_large"),
    "16M x 16M WEBP": (vp8x(1 << 24, 1 << 24), "too_large"),
    "WEBP without a picture": (vp8x(64, 64), "damaged"),
    "long strip": (png(30_000, 10, rows=bytes(30_001 * 10)), "too_large"),
    "1x1": (encoded(picture(1, 1), "PNG"), "too_small"),
    "1 pixel high": (encoded(picture(100, 1), "JPEG"), "too_small"),
    "0x0": (png(0, 0), "too_small"),
    "text bomb": (bomb(b"zTXt", ZEROS), "bomb"),
    "profile bomb": (bomb(b"iCCP", ZEROS), "bomb"),
    "many texts": (bomb(b"zTXt", 1_000_000, 100), "bomb"),
    "progressive bomb": (endless_scans(), "bomb"),
    "animated PNG": (frames("PNG"), "animated"),
    "animated WEBP": (frames("WEBP"), "animated"),
    "GIF": (frames("GIF"), "format"),
    "BMP": (encoded(picture(), "BMP"), "format"),
    "TIFF": (encoded(picture(), "TIFF"), "format"),
    "FITS": (b"SIMPLE  =                    T".ljust(80) + b"BITPIX  =                    8".ljust(80), "format"),
    "FITS in gzip": (gzip.compress(b"SIMPLE  =                    T".ljust(2880)), "format"),
    "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n", "format"),
    "SVG": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "format"),
    "SVG with entities": (b'<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg>&a;</svg>', "format"),
    "PDF": (b"%PDF-1.7\n1 0 obj\n", "format"),
    "HTML": (b"<!DOCTYPE html><html>404</html>", "format"),
    "HEIF": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "format"),
    "PNG inside ICO": (encoded(picture(16, 16), "ICO"), "format"),
    "PNG whose pixels are damaged": (png(8, 8, rows=b"\x09" * 72), "damaged"),
    "JPEG with no tables": (jpeg_header(64, 64), "damaged"),
    "many bytes": (JPEG + bytes(1000), "too_many_bytes"),
}


@pytest.mark.parametrize("name", TABLE)
def test_refused(name):
    data, reason = TABLE[name]
    limits = ImageLimits(max_bytes=len(data) - 1) if reason == "too_many_bytes" else ImageLimits()
    began = time.process_time()
    with pytest.raises(BadImage) as refused:
        decode(data, limits=limits)
    assert refused.value.reason == reason and refused.value.detail
    assert "\n" not in str(refused.value)
    assert time.process_time() - began < (1.0 if name == "many texts" else 0.2)  # those are 64 MB before the cap


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("k", range(16))
def test_truncated(format_, k):
    data = encoded(Image.effect_noise((64, 64), 80).convert("RGB"), format_)
    decode(data)
    with pytest.raises(BadImage) as refused:
        decode(data[: len(data) * k // 16])
    assert refused.value.reason in ({"empty"} if k == 0 else {"damaged", "unknown_format"})


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_flipped_bits_and_spliced_bytes(format_):
    """Damage is refused, or gives an image within the limits (only PNG has checksums)."""
    limits = ImageLimits(formats=("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"), max_pixels=100_000, max_side=2000)
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {"exif": exif.tobytes()} if format_ in {"PNG", "JPEG", "WEBP", "TIFF"} else {}
    data = encoded(picture(), format_, **options)
    rng = random.Random(11)
    refused = 0
    for number in range(250):
        damaged = bytearray(data)
        for _ in range(1 + number % 3):
            damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        if number % 5 == 0:
            place = rng.randrange(len(data))
            damaged[place:place] = rng.randbytes(rng.randrange(1, 9))
        try:
            image = decode(bytes(damaged), limits=limits)
        except BadImage:
            refused += 1
        else:
            assert image.mode == "RGB" and image.width * image.height <= 100_000
    if format_ == "PNG":
        assert refused == 250
    elif format_ != "BMP":
        assert refused > 5


def test_pixels_beyond_the_header_are_not_unpacked():
    data = png(64, 64, rows=bytes(ZEROS))
    assert len(data) < 60_000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    assert decode(data).size == (64, 64)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 20_000  # kilobytes


def test_warnings_are_as_before():
    before = list(warnings.filters)
    with pytest.raises(BadImage):
        decode(png(10_000, 10_000))
    decode(JPEG)
    assert warnings.filters == before
