"""Real text and real faces for renderers: what Python and matplotlib bring."""

import argparse
import inspect
import random
from pathlib import Path
from pydoc_data.topics import topics

import matplotlib
import pytest
from fontTools.ttLib import TTFont

from fc_pipeline.images.synthesis.face import Face, Faces

STYLES = {
    "DejaVuSans": "sans",
    "DejaVuSans-Bold": "sans",
    "DejaVuSansMono": "mono",
    "DejaVuSerif": "serif",
    "STIXGeneral": "serif",
    "STIXGeneralBolIta": "display",
}


class ManualText:
    """A TextSupply of the topics of Python's manual and the source of one of its modules."""

    def __init__(self) -> None:
        self.words = " ".join(topics[name] for name in sorted(topics)[:60]).split()
        self.source = inspect.getsource(argparse).splitlines()

    def sentence(self, rng: random.Random, *, max_chars: int) -> str:
        start = rng.randrange(len(self.words) - 200)
        words = [self.words[start][:max_chars]]
        for word in self.words[start + 1 : start + 200]:
            if len(" ".join([*words, word])) > max_chars:
                break
            words.append(word)
        return " ".join(words)

    def paragraph(self, rng: random.Random, *, max_chars: int) -> str:
        return self.sentence(rng, max_chars=max_chars)

    def title(self, rng: random.Random) -> str:
        return self.sentence(rng, max_chars=rng.randint(8, 40)).title()

    def code(self, rng: random.Random, *, max_lines: int, max_columns: int) -> list[str]:
        start = rng.randrange(len(self.source) - max_lines)
        return [line[:max_columns].rstrip() for line in self.source[start : start + max_lines]]


@pytest.fixture(scope="session")
def manual_text() -> ManualText:
    return ManualText()


@pytest.fixture(scope="session")
def installed_faces() -> Faces:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    faces = []
    for name, style in STYLES.items():
        with TTFont(folder / f"{name}.ttf", lazy=True) as font:
            characters = frozenset(map(chr, font.getBestCmap()))
        faces.append(
            Face(name=name, file=folder / f"{name}.ttf", style=style, licence="Bitstream-Vera", characters=characters)
        )
    return Faces(faces)
