"""Sheets of many small pictures with lines of text below each, drawn as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fc_pipeline.report.render import visible
from fc_pipeline.report.thumbnails import source

if TYPE_CHECKING:
    from PIL import Image, ImageFont

PAPER, INK, SOFT, MARK = (255, 255, 255), (29, 33, 37), (92, 100, 107), (194, 87, 12)
_LABEL_SIZE = 12
_LINE = 16
GAP = 12
_SHOWN_BYTES = 145_000
"""Largest sheet in bytes: below 200 kB in base64."""


class Cell(NamedTuple):
    """A picture and the lines below it, each (text, whether it stands out)."""

    image: Image.Image
    lines: tuple[tuple[str, bool], ...]


def sheet(cells: Sequence[Cell], *, columns: int, width: int) -> Image.Image:
    """Pictures in columns of `width` pixels; a row is as high as its highest picture."""
    from PIL import Image, ImageDraw

    font = label_font()
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    heights = [max(cell.image.height + _LINE * len(cell.lines) + GAP for cell in row) for row in rows]
    canvas = Image.new("RGB", (columns * (width + GAP) + GAP, sum(heights) + GAP), PAPER)
    draw = ImageDraw.Draw(canvas)
    y = GAP
    for row, height in zip(rows, heights, strict=True):
        for number, cell in enumerate(row):
            x = GAP + number * (width + GAP)
            canvas.paste(cell.image, (x, y))
            draw.rectangle((x - 1, y - 1, x + cell.image.width, y + cell.image.height), outline=(226, 228, 230))
            for line, (text, stands_out) in enumerate(cell.lines):
                place = (x, y + cell.image.height + 3 + line * _LINE)
                draw.text(place, shorten(text, font, width), font=font, fill=INK if stands_out else SOFT)
        y += height
    return canvas


def shorten(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The text, cut at `width` pixels."""
    if font.getlength(text) <= width:
        return text
    kept = text
    while kept and font.getlength(f"{kept}…") > width:
        kept = kept[:-1]
    return f"{kept}…"


def label_font() -> ImageFont.FreeTypeFont:
    import matplotlib as mpl
    from PIL import ImageFont

    file = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(file, _LABEL_SIZE, layout_engine=ImageFont.Layout.BASIC)


def one_line(text: str) -> str:
    return " ".join(visible(text).split())


def show_sheet(title: str, picture: Image.Image) -> str:
    return f"![{title}]({source(picture, max_bytes=_SHOWN_BYTES)})"
