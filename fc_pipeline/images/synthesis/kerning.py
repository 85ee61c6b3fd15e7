"""Kerning of a font file, by HarfBuzz: of the table GPOS, or of `kern` where a font has no other.

FreeType, and so Pillow's basic layout, reads the table `kern` only, which most fonts of today do not have. Pillow's
other layout engine is not in every build of it; HarfBuzz's own wheel is the same on every machine, and it measures in
units of the font, whole numbers that no hinting rounds.
"""

from functools import lru_cache

import uharfbuzz

_KERNED = {"liga": False, "clig": False, "calt": False}
"""Each character keeps a glyph of its own, as the renderers draw it."""
_PLAIN = {**_KERNED, "kern": False}


@lru_cache(maxsize=65536)
def kerning(file: str, pair: str) -> float:
    """What two characters that follow each other are moved apart, in ems; less than 0 is nearer."""
    font = _font(file)
    return (_advance(font, pair, _KERNED) - _advance(font, pair, _PLAIN)) / font.face.upem if font else 0.0


@lru_cache(maxsize=1024)
def _font(file: str) -> uharfbuzz.Font | None:
    """The font when it has a table of kerning."""
    face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(file))
    return uharfbuzz.Font(face) if {"GPOS", "kern"} & set(face.table_tags) else None


def _advance(font: uharfbuzz.Font, text: str, features: dict[str, bool]) -> int:
    """Width of a text from left to right in units of the font."""
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.direction = "ltr"
    uharfbuzz.shape(font, buffer, features)
    return sum(position.x_advance for position in buffer.glyph_positions)
