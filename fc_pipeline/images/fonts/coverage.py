"""What a font file can draw: the characters that it maps to a glyph of its own with ink.

A character table is not enough. Fonts map characters to empty glyphs and to copies of the box that stands for a missing
one; so each character is drawn, and its picture compared with that box.
"""

import io
import string
import unicodedata

from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from fc_model.errors import UserError

NEEDED = frozenset(string.ascii_letters + string.digits)
"""A face without one of these is of no use to English text."""

_SIZE = 24
_UNMAPPED = "\U0010fffd"  # the last private character
_PLANE = 0x10000

_CASED = "abdefghnqrt"
"""Letters whose small form has another shape than the capital."""
_ALIKE = 55
"""Mean difference of two stretched shapes, of 255, below which they are one shape."""

# Marks need shaping and right-to-left scripts reordering, which the basic layout does not do; the others have no ink.
_LEFT_OUT = {"Mn", "Mc", "Me", "Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"}
_RIGHT_TO_LEFT = {"R", "AL", "AN"}


def covered(data: bytes, *, where: str) -> frozenset[str]:
    """The characters of the basic plane that the font draws from left to right, and the space.

    Raises:
        UserError: it is no font, or a broken one; begins with `where`.
    """
    try:
        return _covered(data)
    # Both libraries raise whatever comes up in a parser that meets arbitrary bytes: struct.error, KeyError,
    # AssertionError, OSError, OverflowError and more.
    except Exception as error:
        raise UserError(
            f"{where}: broken font ({type(error).__name__}: {error}); take it out of the catalogue"
        ) from error


def _covered(data: bytes) -> frozenset[str]:
    with TTFont(io.BytesIO(data), lazy=True) as font:
        mapped = sorted(font.getBestCmap() or {})
    drawn = ImageFont.truetype(io.BytesIO(data), _SIZE, layout_engine=ImageFont.Layout.BASIC)
    missing = _picture(drawn, _UNMAPPED)
    characters = {" "} if 0x20 in mapped else set()
    for character in map(chr, filter(_PLANE.__gt__, mapped)):
        left_out = (
            unicodedata.category(character) in _LEFT_OUT or unicodedata.bidirectional(character) in _RIGHT_TO_LEFT
        )
        if not left_out and _picture(drawn, character) not in (None, missing):
            characters.add(character)
    return frozenset(characters)


def _picture(font: ImageFont.FreeTypeFont, character: str) -> tuple[tuple[int, int], bytes] | None:
    """Size and coverage of what is drawn; None when there is no ink."""
    mask, _ = font.getmask2(character, mode="L")
    return (mask.size, bytes(mask)) if mask.getbbox() is not None else None


def unicase(data: bytes) -> bool:
    """Whether the small letters are drawn as capitals of any size, so that no reader could tell the case of a word."""
    font = ImageFont.truetype(io.BytesIO(data), 2 * _SIZE, layout_engine=ImageFont.Layout.BASIC)
    alike = sum(_distance(_shape(font, letter), _shape(font, letter.upper())) < _ALIKE for letter in _CASED)
    return 2 * alike > len(_CASED)


def _shape(font: ImageFont.FreeTypeFont, letter: str) -> bytes:
    """The letter's ink stretched to a square."""
    mask, _ = font.getmask2(letter, mode="L")
    picture = Image.new("L", mask.size)
    ImageDraw.Draw(picture).draw.draw_bitmap((0, 0), mask, 255)
    return picture.crop(mask.getbbox()).resize((_SIZE, _SIZE), Image.Resampling.BILINEAR).tobytes()


def _distance(one: bytes, other: bytes) -> float:
    """Mean difference of two shapes, 0 to 255."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)


def to_ranges(characters: frozenset[str]) -> list[list[int]]:
    """Code points as [first, last] pairs in order."""
    ranges: list[list[int]] = []
    for code in sorted(map(ord, characters)):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return ranges


def from_ranges(ranges: list[list[int]]) -> frozenset[str]:
    """Inverse of `to_ranges`."""
    return frozenset(chr(code) for first, last in ranges for code in range(first, last + 1))
