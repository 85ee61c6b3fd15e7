"""Faces and text for documents: the fonts that matplotlib carries, the prose and the code of this repository."""

import random
from functools import cache
from pathlib import Path

import matplotlib
from fontTools.ttLib import TTFont

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

ROOT = Path(__file__).resolve().parents[5]
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


class RepositoryText:
    """Prose of docs/, code of fc_model/images/record.py."""

    def __init__(self) -> None:
        self.words = [word for path in sorted((ROOT / "docs").rglob("*.md")) for word in path.read_text().split()]
        self.lines = (ROOT / "fc_model" / "images" / "record.py").read_text().splitlines()

    def sentence(self, rng: random.Random, *, max_chars: int) -> str:
        start = rng.randrange(len(self.words) - 200)
        chosen = self.words[start][:max_chars]
        for word in self.words[start + 1 : start + 200]:
            if len(chosen) + 1 + len(word) > max_chars:
                break
            chosen += f" {word}"
        return chosen

    def paragraph(self, rng: random.Random, *, max_chars: int) -> str:
        return self.sentence(rng, max_chars=max_chars)

    def title(self, rng: random.Random) -> str:
        return self.sentence(rng, max_chars=40)

    def code(self, rng: random.Random, *, max_lines: int, max_columns: int) -> list[str]:
        start = rng.randrange(len(self.lines) - 8)
        return [line[:max_columns] for line in self.lines[start : start + max_lines]]


@cache
def text() -> RepositoryText:
    return RepositoryText()
