"""Words and lines of a page's text layer, in PDFium's reading order, with boxes in pixels of the rendered page."""

import ctypes
import math
import unicodedata
from typing import Any, NamedTuple

from fc_model.data.images.record import Box, union

_FINE = 64
"""Parts of a pixel that PDFium is asked in: it gives whole numbers."""
_MAX_ANGLE = 0.05  # radians: a stamp in the margin that runs upwards is no line of the text
_HYPHENS = {0x02, 0xAD, 0xFFFE}
"""What PDFium has for a hyphen at the end of a line."""
_MAX_BACK = 2.0
_LIGATURES = range(0xFB00, 0xFB07)


class _Char(NamedTuple):
    text: str
    box: Box | None
    """None for white space."""


def page_text(page: Any, *, width: int, height: int) -> dict[str, Any]:
    """Text layer of a pypdfium2 page that is drawn `width` by `height` pixels.

    Returns `{text, words: [[text, box, line]], lines: [[text, box]], unmapped, rotated}`; the last two count
    characters that are left out: those whose font does not say what they mean, and those of turned text.
    """
    counts = {"unmapped": 0, "rotated": 0}
    rows: list[list[tuple[str, list[Box]]]] = [[]]
    text, boxes = "", list[Box]()

    def end_word() -> None:
        nonlocal text, boxes
        if text:
            rows[-1].append((text, boxes))
        text, boxes = "", []

    for char in _characters(page, width, height, counts):
        if char.box is None:
            end_word()
            if char.text == "\n" and rows[-1]:
                rows.append([])
            continue
        if boxes and _jumps_back(char.box, boxes[-1]):
            end_word()
            rows.append([])
        text += char.text
        boxes.append(char.box)
    end_word()
    words: list[tuple[str, Box, int]] = []
    lines: list[tuple[str, Box]] = []
    for row in filter(None, rows):
        placed = [(word, union(parts)) for word, parts in row]
        words += [(word, box, len(lines)) for word, box in placed]
        lines.append((" ".join(word for word, _ in placed), union([box for _, box in placed])))
    return {"text": "\n".join(line for line, _ in lines), "words": words, "lines": lines, **counts}


def _characters(page: Any, width: int, height: int, counts: dict[str, int]) -> list[_Char]:
    import pypdfium2.raw as pdfium

    layer = page.get_textpage()
    left, bottom, right, top = (ctypes.c_double() for _ in range(4))
    x, y = ctypes.c_int(), ctypes.c_int()

    def to_pixels(across: float, up: float) -> tuple[float, float]:
        pdfium.FPDF_PageToDevice(page, 0, 0, width * _FINE, height * _FINE, 0, across, up, x, y)
        return x.value / _FINE, y.value / _FINE

    characters: list[_Char] = []
    for index in range(layer.count_chars()):
        code = pdfium.FPDFText_GetUnicode(layer, index)
        text = _text(code)
        if text.isspace():
            characters.append(_Char("\n" if text in "\r\n" else " ", None))
            continue
        if not text or pdfium.FPDFText_HasUnicodeMapError(layer, index) == 1:
            counts["unmapped"] += 1
            continue
        angle = pdfium.FPDFText_GetCharAngle(layer, index)
        if min(angle % (2 * math.pi), -angle % (2 * math.pi)) > _MAX_ANGLE:
            counts["rotated"] += 1
            continue
        if not pdfium.FPDFText_GetCharBox(layer, index, left, right, bottom, top):
            continue
        (x0, y0), (x1, y1) = to_pixels(left.value, top.value), to_pixels(right.value, bottom.value)
        box = (
            max(math.floor(min(x0, x1)), 0),
            max(math.floor(min(y0, y1)), 0),
            min(math.ceil(max(x0, x1)), width),
            min(math.ceil(max(y0, y1)), height),
        )
        if box[0] < box[2] and box[1] < box[3]:
            characters.append(_Char(text, box))
    return characters


def _text(code: int) -> str:
    """The character as a person reads it; "" for one that means nothing."""
    if code in _HYPHENS:
        return "-"
    if code == 0 or 0xD800 <= code <= 0xDFFF or 0xE000 <= code <= 0xF8FF or code > 0x10FFFF:
        return ""
    char = chr(code)
    if code in _LIGATURES:
        return unicodedata.normalize("NFKC", char)
    return char if char.isspace() or unicodedata.category(char)[0] != "C" else ""


def _jumps_back(box: Box, before: Box) -> bool:
    """True when a character begins a line that PDFium tells no break for, as after a hyphen.

    Accents and indices stand back by less than a few heights.
    """
    return box[2] < before[0] - _MAX_BACK * max(box[3] - box[1], before[3] - before[1])
