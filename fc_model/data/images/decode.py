"""Bytes of any image to upright RGB, or a refusal that names its reason. Nothing is decoded before its size is known.

What is done with what an image says of itself:

* the format is what the content shows; a wrong extension is no error (`content_format` lets a caller count it);
* EXIF orientation is applied, also where another tag is damaged; damaged EXIF is taken for none;
* alpha, and a colour marked as transparent, is composited on white;
* ICC profiles and gamma are ignored: pixel values are taken as sRGB;
* CMYK is taken as inverted in a JPEG, as Adobe writes it and Pillow and browsers read it, and converted without a
  profile: R = (255 - C)(255 - K) / 255;
* 16 bits a channel become their upper 8; float and 32-bit pixels are refused;
* the first picture of a JPEG that holds several (MPO: phones' depth and preview pictures) is the image.
"""

import io
import struct
import warnings
import zlib
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from fc_model.data.images.formats import content_format, png_fault, png_size, webp_size
from fc_model.data.images.limits import STORED, ImageLimits
from fc_model.errors import UserError

_SIZES = {"PNG": png_size, "WEBP": webp_size}
_PLAIN_MODES = {"1", "L", "P", "RGB"}
_MAX_JPEG_SCANS = 100
"""A progressive JPEG has about ten; each costs a pass over all pixels, however few bytes it has."""
_ORIENTATION = 0x0112
"""The tag of EXIF that says how the stored pixels are turned."""
_DAMAGE = (OSError, SyntaxError, ValueError, TypeError, LookupError, OverflowError, EOFError, struct.error, zlib.error)
"""What Pillow raises for damaged bytes, depending on the field that is damaged."""


class BadImage(Exception):
    """An image that is not decoded; it is quarantined and counted under `reason`.

    Reasons: empty, too_many_bytes, unknown_format, format, too_large, too_small, animated, bomb, pixel_format, damaged.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class Decoded(NamedTuple):
    image: Image.Image
    """Upright RGB."""
    orientation: int
    """EXIF's, from 1 (upright) to 8, which was applied to the stored pixels."""
    is_plain: bool
    """Whether any reader sees this image in the bytes: no turn, no alpha, 8 bits, no CMYK."""


def decode(data: bytes, *, limits: ImageLimits = ImageLimits(), keep_grey: bool = False) -> Image.Image:  # noqa: B008
    """The image as upright RGB. Raises BadImage as `decode_file`."""
    return decode_file(data, limits=limits, keep_grey=keep_grey).image


def decode_file(
    data: bytes,
    *,
    limits: ImageLimits = ImageLimits(),  # noqa: B008  (frozen)
    keep_grey: bool = False,
) -> Decoded:
    """The image as upright RGB, with what was done to make it so.

    With `keep_grey` an image of one channel of 8 bits keeps it (mode L): changes of it take two thirds of the time.

    Of Pillow's warnings only that of a bomb is about pixels, and an error; all others are about tags that nobody reads.
    Python keeps that setting for the whole process meanwhile, not for a thread.

    Raises:
        BadImage: it is refused by `limits`, or damaged.
    """
    format_ = _allowed_format(data, limits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=(format_,)) as image:
                _check_size(image.size, limits)
                if format_ != "JPEG" and getattr(image, "is_animated", False) and not limits.first_frame:
                    raise BadImage("animated", f"{format_} with several frames; a still image is needed")
                image.load()
                orientation = 1
                with suppress(Exception):  # damaged EXIF is taken for none
                    stated = image.getexif().get(_ORIENTATION)
                    orientation = stated if isinstance(stated, int) and 1 <= stated <= 8 else 1
                    ImageOps.exif_transpose(image, in_place=True)
                is_plain = orientation == 1 and image.mode in _PLAIN_MODES and not image.has_transparency_data
                grey = keep_grey and image.mode == "L" and not image.has_transparency_data
                return Decoded(image.copy() if grey else _to_rgb(image), orientation, is_plain)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise BadImage("too_large", str(error)) from error
        except UnidentifiedImageError as error:
            raise BadImage("damaged", f"{format_} with a damaged header") from error
        except _DAMAGE as error:
            bomb = "MAX_TEXT" in str(error)  # PngImagePlugin says so of texts and profiles that inflate
            raise BadImage("bomb" if bomb else "damaged", f"{format_}: {error}") from error


def decode_stored(data: bytes, *, name: str = "a stored image", keep_grey: bool = False) -> Image.Image:
    """An image of a shard as upright RGB, see `decode_file`. Its source judged it by caps of its own, so
    here it is within any.

    Raises UserError, which names the image by `name`, when it cannot be decoded all the same.
    """
    try:
        return decode(data, limits=STORED, keep_grey=keep_grey)
    except BadImage as error:
        raise UserError(f"{name}: cannot be decoded ({error}); run `fustercluck verify`") from error


def _allowed_format(data: bytes, limits: ImageLimits) -> str:
    if not data:
        raise BadImage("empty", "0 bytes")
    if len(data) > limits.max_bytes:
        raise BadImage("too_many_bytes", f"{len(data)} bytes exceed {limits.max_bytes}")
    format_ = content_format(data)
    if format_ is None:
        raise BadImage("unknown_format", f"begins with {data[:8].hex(' ')}, which no known image format does")
    if format_ not in limits.formats:
        raise BadImage("format", f"{format_} is not among {', '.join(limits.formats)}")
    if format_ in _SIZES:  # before Pillow sees it: its WebP decoder takes memory for all pixels as it opens a file
        size = _SIZES[format_](data)
        if size is None:
            raise BadImage("damaged", f"{format_} with a damaged header")
        _check_size(size, limits)
    fault = png_fault(data) if format_ == "PNG" else None
    if fault:
        raise BadImage("damaged", f"PNG: {fault}")
    scans = data.count(b"\xff\xda") if format_ == "JPEG" else 0  # in pixels' data every ff is followed by 00
    if scans > _MAX_JPEG_SCANS:
        raise BadImage("bomb", f"JPEG with {scans} scans, at most {_MAX_JPEG_SCANS} are decoded")
    return format_


def _check_size(size: tuple[int, int], limits: ImageLimits) -> None:
    width, height = size
    if width > limits.max_side or height > limits.max_side:
        raise BadImage("too_large", f"{width}x{height} pixels, the longest side allowed is {limits.max_side}")
    if width * height > limits.max_pixels:
        raise BadImage("too_large", f"{width}x{height} pixels exceed {limits.max_pixels}")
    if width < limits.min_side or height < limits.min_side:
        raise BadImage("too_small", f"{width}x{height} pixels, the shortest side allowed is {limits.min_side}")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = _upper_8_bits(image)
    if image.mode in {"I", "F", "LAB", "HSV"}:
        raise BadImage("pixel_format", f"pixels of mode {image.mode}; 8 or 16 bits a channel are decoded")
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    alpha = rgba.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return rgba.convert("RGB")
    white = Image.new("RGB", rgba.size, (255, 255, 255))
    white.paste(rgba, mask=alpha)
    return white


def _upper_8_bits(image: Image.Image) -> Image.Image:
    values_HW = np.asarray(image)
    grey = Image.fromarray((values_HW >> 8).astype(np.uint8))
    transparent = image.info.get("transparency")
    if transparent is None:
        return grey
    alpha = Image.fromarray(np.where(values_HW == transparent, 0, 255).astype(np.uint8))
    return Image.merge("LA", (grey, alpha))
