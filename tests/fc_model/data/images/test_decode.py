"""What each kind of pixel becomes: expected values are worked out by hand."""

import io
import struct

import numpy as np
import pytest
from factories.image_bytes import chunk, encoded, frames, picture, png
from PIL import Image, ImageCms

from fc_model.data.images.decode import BadImage, decode, decode_stored
from fc_model.data.images.formats import content_format, webp_size
from fc_model.data.images.limits import ImageLimits
from fc_model.errors import UserError

ANY_SIZE = ImageLimits(min_side=1)


def pixels(data: bytes, limits: ImageLimits = ANY_SIZE) -> list[tuple[int, int, int]]:
    image = decode(data, limits=limits)
    assert image.mode == "RGB"
    return [tuple(pixel) for pixel in np.asarray(image).reshape(-1, 3).tolist()]


def test_rgb_is_kept():
    image = picture()
    for format_, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        assert np.array_equal(np.asarray(decode(encoded(image, format_, **options))), np.asarray(image))


def test_grey_of_every_depth():
    assert pixels(png(2, 1, depth=1, rows=b"\0\x40")) == [(0, 0, 0), (255, 255, 255)]
    assert pixels(png(2, 1, depth=2, rows=b"\0\x60")) == [(85, 85, 85), (170, 170, 170)]
    assert pixels(png(2, 1, depth=4, rows=b"\0\x3f")) == [(51, 51, 51), (255, 255, 255)]
    assert pixels(png(2, 1, depth=8, rows=b"\0\x07\xf0")) == [(7, 7, 7), (240, 240, 240)]


def test_sixteen_bits_become_their_upper_eight():
    grey = b"\0" + struct.pack(">3H", 0x00FF, 0x8001, 0xFFFF)
    assert pixels(png(3, 1, depth=16, rows=grey)) == [(0, 0, 0), (128, 128, 128), (255, 255, 255)]
    rgb = b"\0" + struct.pack(">3H", 0x12FF, 0x8001, 0xFFFF)
    assert pixels(png(1, 1, depth=16, colour=2, rows=rgb)) == [(0x12, 0x80, 0xFF)]
    rgba = b"\0" + struct.pack(">4H", 0x12FF, 0x8001, 0xFFFF, 0)
    assert pixels(png(1, 1, depth=16, colour=6, rows=rgba)) == [(255, 255, 255)]
    marked = png(2, 1, depth=16, rows=b"\0" + struct.pack(">2H", 0x0102, 0x0103), extra=chunk(b"tRNS", b"\x01\x02"))
    assert pixels(marked) == [(255, 255, 255), (1, 1, 1)]


def test_alpha_is_composited_on_white():
    rgba = png(3, 1, colour=6, rows=b"\0" + bytes([200, 100, 0, 255, 200, 100, 0, 0, 200, 100, 0, 51]))
    assert pixels(rgba) == [(200, 100, 0), (255, 255, 255), (244, 224, 204)]  # a fifth of the colour on white
    grey = png(2, 1, colour=4, rows=b"\0" + bytes([0, 51, 0, 255]))
    assert pixels(grey) == [(204, 204, 204), (0, 0, 0)]


def test_palettes():
    palette = chunk(b"PLTE", bytes([255, 0, 0, 0, 0, 255]))
    assert pixels(png(2, 1, colour=3, rows=b"\0\1\0", extra=palette)) == [(0, 0, 255), (255, 0, 0)]
    faint = png(2, 1, colour=3, rows=b"\0\1\0", extra=palette + chunk(b"tRNS", b"\xff\x33"))
    assert pixels(faint) == [(204, 204, 255), (255, 0, 0)]
    one = png(2, 1, colour=3, rows=b"\0\1\0", extra=palette + chunk(b"tRNS", b"\0"))
    assert pixels(one) == [(0, 0, 255), (255, 255, 255)]


def test_a_colour_marked_as_transparent_is_white():
    rows = b"\0" + bytes([9, 8, 7, 1, 2, 3])
    marked = chunk(b"tRNS", struct.pack(">3H", 9, 8, 7))
    assert pixels(png(2, 1, colour=2, rows=rows, extra=marked)) == [(255, 255, 255), (1, 2, 3)]


def test_cmyk_jpegs_are_inverted_as_adobe_writes_them():
    cyan = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    data = encoded(cyan, "JPEG", quality=100)
    assert b"Adobe" in data
    red, green, blue = pixels(data)[0]
    assert red <= 2 and green >= 253 and blue >= 253
    black = pixels(encoded(Image.new("CMYK", (16, 16), (0, 0, 0, 255)), "JPEG", quality=100))[0]
    assert max(black) <= 2


def test_profiles_are_ignored():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    image = picture()
    assert np.array_equal(np.asarray(decode(encoded(image, "PNG", icc_profile=profile))), np.asarray(image))
    broken = encoded(image, "PNG", icc_profile=b"no profile at all")
    assert np.array_equal(np.asarray(decode(broken)), np.asarray(image))


TURN = Image.Transpose
STORED = {  # by orientation: how a camera held that way turns what it stores
    1: None, 2: TURN.FLIP_LEFT_RIGHT, 3: TURN.ROTATE_180, 4: TURN.FLIP_TOP_BOTTOM, 5: TURN.TRANSPOSE, 6: TURN.ROTATE_90,
    7: TURN.TRANSVERSE, 8: TURN.ROTATE_270,
}  # fmt: skip


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", STORED)
def test_all_orientations_give_the_same_upright_pixels(format_, orientation):
    upright = picture(48, 32)
    stored = upright if STORED[orientation] is None else upright.transpose(STORED[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"PNG": {}, "JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}[format_]
    image = decode(encoded(stored, format_, exif=exif.tobytes(), **options))
    assert image.size == (48, 32)
    assert np.abs(np.asarray(image).astype(int) - np.asarray(upright)).max() <= (4 if format_ == "JPEG" else 0)


@pytest.mark.parametrize("value", [0, 9, 255])
def test_orientations_that_are_none(value):
    exif = Image.Exif()
    exif[0x0112] = value
    assert decode(encoded(picture(48, 32), "PNG", exif=exif.tobytes())).size == (48, 32)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"junk"]
)
def test_damaged_exif_is_none(exif):
    assert decode(encoded(picture(48, 32), "JPEG", exif=exif)).size == (48, 32)


def exif_with(*entries: tuple[int, int, int, bytes]) -> bytes:
    """EXIF of one directory of (tag, type, count, 4 bytes: the value or its place)."""
    directory = b"".join(struct.pack("<HHI4s", *entry) for entry in entries)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + directory + bytes(4)


TURNED = (0x0112, 3, 1, b"\x06\0\0\0")
FAR = b"\xff\xff\0\0"
DAMAGED_TAGS = {
    "a text beyond the end": (0x0131, 2, 40, FAR),
    "a resolution beyond the end": (0x011A, 5, 1, FAR),
    "two resolutions": (0x011A, 5, 2, b"\x08\0\0\0"),
    "two orientations' worth of places": (0x0128, 3, 9, FAR),
    "a type that is none": (0x9999, 99, 1, FAR),
    "a maker note beyond the end": (0x927C, 7, 100_000, FAR),
}


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("name", DAMAGED_TAGS)
def test_a_damaged_tag_costs_neither_the_image_nor_its_turn(format_, name):
    tag = DAMAGED_TAGS[name]
    exif = exif_with(*sorted((TURNED, tag)))
    assert decode(encoded(picture(48, 32), format_, exif=exif)).size == (32, 48)
    assert decode(encoded(picture(48, 32), format_, exif=exif_with(tag))).size == (48, 32)


def test_formats_that_are_allowed_by_name():
    limits = ImageLimits(formats=("GIF", "BMP", "TIFF"))
    for format_ in limits.formats:
        data = encoded(picture(), format_)
        assert decode(data, limits=limits).size == (48, 32)
        with pytest.raises(BadImage, match=f"{format_} is not among PNG, JPEG, WEBP"):
            decode(data)
    with pytest.raises(BadImage, match="pixel_format"):
        decode(encoded(Image.new("F", (16, 16)), "TIFF"), limits=limits)


def test_the_first_frame_of_an_animation():
    for format_ in ("PNG", "GIF", "WEBP"):
        limits = ImageLimits(formats=("PNG", "GIF", "WEBP"), first_frame=True)
        image = decode(frames(format_), limits=limits)
        assert image.size == (48, 32) and np.asarray(image)[2, 2, 0] < 60  # the second frame is bright there


def test_a_jpeg_of_several_pictures_is_its_first():
    data = encoded(picture(), "MPO", save_all=True, append_images=[picture().transpose(Image.Transpose.ROTATE_180)])
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.format == "MPO" and opened.n_frames == 2
    image = decode(data)
    assert image.size == (48, 32) and np.asarray(image)[2, 2, 0] < 60


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 50}, {"exif": b"Exif\0\0II*\0", "quality": 50}])
def test_the_size_of_a_webp_without_its_decoder(options):
    for width, height in ((48, 32), (1, 300), (16383, 2)):
        assert webp_size(encoded(Image.new("RGB", (width, height)), "WEBP", **options)) == (width, height)
    transparent = encoded(Image.new("RGBA", (7, 9), (1, 2, 3, 4)), "WEBP", **options)
    assert webp_size(transparent) == (7, 9)


def test_content_decides_the_format():
    for format_, name in (("PNG", "PNG"), ("JPEG", "JPEG"), ("WEBP", "WEBP"), ("GIF", "GIF"), ("ICO", "ICO")):
        assert content_format(encoded(picture(16, 16), format_)) == name
    assert content_format("\ufeff<svg/>".encode("utf-16-le")) == "SVG"
    assert content_format(b"junk before %PDF-1.7") == "PDF"
    assert content_format(b"<?xml version='1.0'?><html>") == "HTML"
    assert content_format(b"") is None and content_format(b"plain text") is None


def test_a_stored_image_is_decoded_whatever_the_caps_of_its_source():
    for width, height in ((1, 1), (16, 6), (30_000, 1), (6500, 6400)):
        data = encoded(Image.new("L", (width, height)), "PNG")
        with pytest.raises(BadImage):
            decode(data)
        assert decode_stored(data).size == (width, height)
    with pytest.raises(UserError, match="photos/7: cannot be decoded"):
        decode_stored(data[:-20], name="photos/7")


def test_limits_that_cannot_be_kept():
    with pytest.raises(ValueError, match="EPS"):
        ImageLimits(formats=("EPS",))
    with pytest.raises(ValueError, match="exceeds Pillow"):
        ImageLimits(max_pixels=10**9)


def test_grey_is_kept_where_it_is_asked_for() -> None:
    grey = Image.new("L", (4, 3), 77)
    seen = Image.new("LA", (4, 3), (77, 0))
    for image, mode in ((grey, "L"), (grey.convert("RGB"), "RGB"), (seen, "RGB"), (grey.convert("1"), "RGB")):
        file = io.BytesIO()
        image.save(file, "PNG")
        kept, plain = (decode(file.getvalue(), limits=ANY_SIZE, keep_grey=keep) for keep in (True, False))
        assert (kept.mode, plain.mode) == (mode, "RGB")
        assert kept.convert("RGB").tobytes() == plain.tobytes()
