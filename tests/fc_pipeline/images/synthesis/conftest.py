"""Text that never changes and the faces that matplotlib brings, for renderers."""

from pathlib import Path

import matplotlib
import pytest
from factories.fixed_text import FixedText
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


@pytest.fixture(scope="session")
def fixed_text() -> FixedText:
    return FixedText()


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
