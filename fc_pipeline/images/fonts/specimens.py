"""The specimen sheet of the faces: each name drawn in its own face."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from fc_pipeline.report.sheets import GAP, INK, MARK, PAPER, SOFT, label_font

if TYPE_CHECKING:
    from PIL import Image

    from fc_pipeline.images.synthesis.face import Face

_ROW = 32
_EM = 19
_STYLE_WIDTH = 66


def specimen_sheet(
    faces: Sequence[Face], held_out: Collection[str], *, columns: int = 3, width: int = 300
) -> Image.Image:
    """The name of each face drawn in it, column by column in their order, held-out ones in another colour."""
    from PIL import Image, ImageDraw

    label = label_font()
    per_column = -(-len(faces) // columns)
    canvas = Image.new("RGB", (columns * (width + GAP) + GAP, per_column * _ROW + 2 * GAP), PAPER)
    draw = ImageDraw.Draw(canvas)
    for number, face in enumerate(faces):
        x = GAP + number // per_column * (width + GAP)
        middle = GAP + number % per_column * _ROW + _ROW // 2
        before = faces[number - 1].style if number % per_column else None
        if face.style != before:
            draw.text((x, middle), face.style, font=label, fill=SOFT, anchor="lm")
        room = width - _STYLE_WIDTH
        em = next(em for em in range(_EM, 0, -1) if face.font(em).getlength(face.name) <= room or em == 1)
        colour = MARK if face.name in held_out else INK
        draw.text((x + _STYLE_WIDTH, middle), face.name, font=face.font(em), fill=colour, anchor="lm")
    return canvas
