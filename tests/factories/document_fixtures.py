"""Faces and text for documents: the fonts that matplotlib carries, words and code that never change."""

from functools import cache
from pathlib import Path

import matplotlib
from fontTools.ttLib import TTFont

from factories.fixed_text import FixedText
from fc_pipeline.images.synthesis.documents import (
    article,
    chart,
    code_listing,
    form,
    invoice,
    letter,
    receipt,
    table,
)
from fc_pipeline.images.synthesis.face import Face, Faces

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
STYLES = {
    "DejaVuSans": "sans",
    "DejaVuSans-Bold": "sans",
    "DejaVuSerif": "serif",
    "DejaVuSansMono": "mono",
    "STIXGeneral": "serif",
    "DejaVuSans-Oblique": "hand",
}
KINDS = [module.KIND for module in (article, chart, code_listing, form, invoice, letter, receipt, table)]
LAYOUTS = [(kind, layout) for kind in KINDS for layout in (*kind.layouts, *kind.held_out)]


def a_face(name: str, style: str) -> Face:
    file = FONTS / f"{name}.ttf"
    with TTFont(file, lazy=True) as font:
        return Face(name, file, style, "Bitstream-Vera", frozenset(map(chr, font.getBestCmap())))


@cache
def faces() -> Faces:
    return Faces([a_face(name, style) for name, style in STYLES.items()])


def text() -> FixedText:
    return FixedText()
