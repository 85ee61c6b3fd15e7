"""Sheets of many small pictures with a line of text below each, drawn as one; and the specimen sheet of the fonts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fc_pipeline.report.render import visible
from fc_pipeline.report.thumbnails import source

if TYPE_CHECKING:
    from PIL import Image, ImageFont

_PAPER, _INK, _SOFT, _MARK = (255, 255, 255), (29, 33, 37), (92, 100, 107), (194, 87, 12)
_LABEL_SIZE = 12
_LINE = 16
_GAP = 12
_ROW = 32
_EM = 19
_STYLE_WIDTH = 66
_SHOWN_BYTES = 145_000
"""Below 200 kB in base64."""


class Cell(NamedTuple):
    """A picture and the lines below it, each (text, whether it stands out)."""

    image: Image.Image
    lines: tuple[tuple[str, bool], ...]


class Specimen(NamedTuple):
    """A face that its name is drawn in."""

    name: str
    style: str
    file: Path
    held_out: bool


def sheet(cells: Sequence[Cell], *, columns: int, width: int) -> Image.Image:
    """Pictures in columns of `width` pixels, as high in each row as the highest of it."""
    from PIL import Image, ImageDraw

    font = _label_font()
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    heights = [max(cell.image.height + _LINE * len(cell.lines) + _GAP for cell in row) for row in rows]
    canvas = Image.new("RGB", (columns * (width + _GAP) + _GAP, sum(heights) + _GAP), _PAPER)
    draw = ImageDraw.Draw(canvas)
    y = _GAP
    for row, height in zip(rows, heights, strict=True):
        for number, cell in enumerate(row):
            x = _GAP + number * (width + _GAP)
            canvas.paste(cell.image, (x, y))
            draw.rectangle((x - 1, y - 1, x + cell.image.width, y + cell.image.height), outline=(226, 228, 230))
            for line, (text, stands_out) in enumerate(cell.lines):
                place = (x, y + cell.image.height + 3 + line * _LINE)
                draw.text(place, shorten(text, font, width), font=font, fill=_INK if stands_out else _SOFT)
        y += height
    return canvas


def specimen_sheet(specimens: Sequence[Specimen], *, columns: int = 3, width: int = 300) -> Image.Image:
    """The name of each face drawn in it, column by column in their order, held-out ones in another colour."""
    from PIL import Image, ImageDraw

    from fc_pipeline.images.synthesis.face import open_font

    label = _label_font()
    per_column = -(-len(specimens) // columns)
    canvas = Image.new("RGB", (columns * (width + _GAP) + _GAP, per_column * _ROW + 2 * _GAP), _PAPER)
    draw = ImageDraw.Draw(canvas)
    for number, each in enumerate(specimens):
        x = _GAP + number // per_column * (width + _GAP)
        middle = _GAP + number % per_column * _ROW + _ROW // 2
        before = specimens[number - 1].style if number % per_column else None
        if each.style != before:
            draw.text((x, middle), each.style, font=label, fill=_SOFT, anchor="lm")
        room = width - _STYLE_WIDTH
        em = next(em for em in range(_EM, 0, -1) if open_font(each.file, em).getlength(each.name) <= room or em == 1)
        colour = _MARK if each.held_out else _INK
        draw.text((x + _STYLE_WIDTH, middle), each.name, font=open_font(each.file, em), fill=colour, anchor="lm")
    return canvas


def shorten(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The text without what is beyond `width` pixels."""
    if font.getlength(text) <= width:
        return text
    kept = text
    while kept and font.getlength(f"{kept}…") > width:
        kept = kept[:-1]
    return f"{kept}…"


def _label_font() -> ImageFont.FreeTypeFont:
    import matplotlib as mpl

    from fc_pipeline.images.synthesis.face import open_font

    return open_font(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", _LABEL_SIZE)


def one_line(text: str) -> str:
    """Text as it may stand below a picture."""
    return " ".join(visible(text).split())


def show_sheet(title: str, picture: Image.Image) -> str:
    """A sheet as Markdown that holds it."""
    return f"![{title}]({source(picture, max_bytes=_SHOWN_BYTES)})"
