"""Words and lines of a page's text layer, in PDFium's reading order, with boxes in pixels of the rendered page.

Angles, order and boxes are those of the picture, that is after the page's /Rotate.
"""

import ctypes
import math
import unicodedata
from typing import Any, NamedTuple

import numpy as np

from fc_model.data.images.record import Box, union
from fc_pipeline.images.sources.pdf_ink import PageInk

_FINE = 64
"""Parts of a pixel that PDFium is asked in: it gives whole numbers."""
_FAR = 1000.0
_MAX_ANGLE = 0.05  # radians: a stamp in the margin that runs upwards is no line of the text
_MIN_EM = 5.0
"""Pixels of a font's size; letters that are smaller cannot be told apart."""
_HYPHENS = {0x02, 0xAD, 0xFFFE}
"""What PDFium has for a hyphen at the end of a line."""
_MAX_BACK = 2.0
_NO_INK = {3, 7}
"""Text rendering modes that paint nothing (ISO 32000, table 104)."""
_LIGATURES = range(0xFB00, 0xFB07)
_MAX_ACCENT_GAP = 0.35
"""Between a letter and the accent that is drawn over it, in heights of the letter."""
_ACCENTS = dict(zip("^`~ˆˇˉˊˋ", "\u0302\u0300\u0303\u0302\u030c\u0304\u0301\u0300", strict=True))
"""Accents as characters of their own that Unicode does not decompose into a space and the accent."""
_ABOVE = 230  # Unicode's combining class
_DOTLESS = {"ı": "i", "ȷ": "j"}


class _Char(NamedTuple):
    text: str
    box: Box | None
    """None for white space; of no area for what is no part of the picture, or too small to be read."""
    painted: bool = True
    """False for a layer that is there to be searched."""


def page_text(page: Any, ink: PageInk, *, size: tuple[int, int]) -> dict[str, Any]:
    """Text layer of a pypdfium2 page that is drawn in `size`, (width, height) pixels.

    Returns `{text, words: [[text, box, line]], lines: [[text, box]], unmapped, rotated, hidden}`; the last three count
    characters that are left out: those whose font does not say what they mean, those of turned text, and those of
    words that the page does not show.
    """
    counts = {"unmapped": 0, "rotated": 0, "hidden": 0}
    rows: list[list[tuple[str, Box]]] = [[]]
    word: list[_Char] = []
    before: Box | None = None

    def end_word() -> None:
        letters = [char.box for char in word if char.box]
        if word and ink.shows(letters, painted=all(char.painted for char in word)):
            rows[-1].append(("".join(char.text for char in word), union(letters)))
        else:
            counts["hidden"] += len(word)
        word.clear()

    for char in _with_accents(_characters(page, size, counts)):
        if char.box is None:
            end_word()
            if char.text == "\n":
                rows.append([])
            continue
        if word and before and _jumps_back(char.box, before):
            end_word()
            rows.append([])
        word.append(char)
        before = char.box
    end_word()
    words: list[tuple[str, Box, int]] = []
    lines: list[tuple[str, Box]] = []
    for row in filter(None, rows):
        words += [(text, box, len(lines)) for text, box in row]
        lines.append((" ".join(text for text, _ in row), union([box for _, box in row])))
    return {"text": "\n".join(line for line, _ in lines), "words": words, "lines": lines, **counts}


def _characters(page: Any, size: tuple[int, int], counts: dict[str, int]) -> list[_Char]:
    import pypdfium2.raw as pdfium

    layer = page.get_textpage()
    left, bottom, right, top = (ctypes.c_double() for _ in range(4))
    x, y = ctypes.c_int(), ctypes.c_int()
    matrix = pdfium.FS_MATRIX()

    def to_pixels(across: float, up: float) -> tuple[float, float]:
        pdfium.FPDF_PageToDevice(page, 0, 0, size[0] * _FINE, size[1] * _FINE, 0, across, up, x, y)
        return x.value / _FINE, y.value / _FINE

    origin, east, north = to_pixels(0, 0), to_pixels(_FAR, 0), to_pixels(0, _FAR)
    axes_PD = (np.array([east, north]) - origin) / _FAR  # pixels a point, along the page's axes
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
        pdfium.FPDFText_GetMatrix(layer, index, matrix)
        (ahead, down), (_, up) = np.array([[matrix.a, matrix.b], [matrix.c, matrix.d]]) @ axes_PD
        if abs(math.atan2(down, ahead)) > _MAX_ANGLE or up > 0:
            counts["rotated"] += 1
            continue
        pdfium.FPDFText_GetCharBox(layer, index, left, right, bottom, top)
        (x0, y0), (x1, y1) = to_pixels(left.value, top.value), to_pixels(right.value, bottom.value)
        box = _in_picture(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1), size)
        if -up * pdfium.FPDFText_GetFontSize(layer, index) < _MIN_EM:
            box = (*box[:2], *box[:2])
        mode = pdfium.FPDFTextObj_GetTextRenderMode(pdfium.FPDFText_GetTextObject(layer, index))
        characters.append(_Char(text, box, painted=mode not in _NO_INK))
    return characters


def _in_picture(left: float, top: float, right: float, bottom: float, size: tuple[int, int]) -> Box:
    """The box in whole pixels, grown outwards and cut at the edges; of no area when most of it is outside."""
    seen = max(left, 0), max(top, 0), min(right, size[0]), min(bottom, size[1])
    inside = max(seen[2] - seen[0], 0) * max(seen[3] - seen[1], 0)
    if inside == 0 or inside < (right - left) * (bottom - top) / 2:
        return math.floor(left), math.floor(top), math.floor(left), math.floor(top)
    return math.floor(seen[0]), math.floor(seen[1]), math.ceil(seen[2]), math.ceil(seen[3])


def _with_accents(characters: list[_Char]) -> list[_Char]:
    """Accents that are drawn over a letter as characters of their own, as TeX does, become part of it."""
    whole: list[_Char | None] = list(characters)
    letters = [number for number, char in enumerate(characters) if char.box and char.text.isalpha()]
    for number, char in enumerate(characters):
        mark = _ACCENTS.get(char.text, unicodedata.normalize("NFKD", char.text).lstrip())
        if char.box is None or len(mark) != 1 or not unicodedata.combining(mark):
            continue
        for place in sorted(letters, key=lambda place: abs(place - number)):
            letter = whole[place]
            if letter and letter.box and _belongs(char.box, letter.box, above=unicodedata.combining(mark) == _ABOVE):
                text = unicodedata.normalize("NFC", _DOTLESS.get(letter.text, letter.text) + mark)
                if len(text) == 1:
                    whole[place] = letter._replace(text=text, box=union([letter.box, char.box]))
                    whole[number] = None
                    break
    return [char for char in whole if char is not None]


def _belongs(accent: Box, letter: Box, *, above: bool) -> bool:
    """Whether the accent stands over (or below) the middle of the letter and close to it."""
    is_over = letter[0] <= (accent[0] + accent[2]) / 2 <= letter[2]
    gap = max(letter[1] - accent[3], accent[1] - letter[3])
    is_above = accent[1] + accent[3] < letter[1] + letter[3]
    return is_over and is_above == above and gap <= _MAX_ACCENT_GAP * (letter[3] - letter[1])


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
