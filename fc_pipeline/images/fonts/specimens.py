"""The specimen sheet of the faces: each name drawn in its own face."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fc_pipeline.report.sheets import GAP, INK, MARK, PAPER, SOFT, label_font

if TYPE_CHECKING:
    from PIL import Image

_ROW = 32
_EM = 19
_STYLE_WIDTH = 66


class Specimen(NamedTuple):
    """A face that its name is drawn in."""

    name: str
    style: str
    file: Path
    held_out: bool
    licence: str


def specimen_sheet(specimens: Sequence[Specimen], *, columns: int = 3, width: int = 300) -> Image.Image:
    """The name of each face drawn in it, column by column in their order, held-out ones in another colour."""
    from PIL import Image, ImageDraw

    from fc_pipeline.images.synthesis.face import open_font

    label = label_font()
    per_column = -(-len(specimens) // columns)
    canvas = Image.new("RGB", (columns * (width + GAP) + GAP, per_column * _ROW + 2 * GAP), PAPER)
    draw = ImageDraw.Draw(canvas)
    for number, each in enumerate(specimens):
        x = GAP + number // per_column * (width + GAP)
        middle = GAP + number % per_column * _ROW + _ROW // 2
        before = specimens[number - 1].style if number % per_column else None
        if each.style != before:
            draw.text((x, middle), each.style, font=label, fill=SOFT, anchor="lm")
        room = width - _STYLE_WIDTH
        em = next(em for em in range(_EM, 0, -1) if open_font(each.file, em).getlength(each.name) <= room or em == 1)
        colour = MARK if each.held_out else INK
        draw.text((x + _STYLE_WIDTH, middle), each.name, font=open_font(each.file, em), fill=colour, anchor="lm")
    return canvas
