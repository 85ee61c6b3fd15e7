"""Font faces as the renderers use them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

ASCII = "".join(map(chr, range(32, 127)))
"""Printable ASCII: what a face of a document or a screen must cover."""


class NotDrawn(Exception):
    """A renderer gives up on this draw; the image is drawn again with other chances, and the reason is counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Face:
    """One font file of the fonts artifact."""

    name: str
    """Unique, such as DejaVuSans-Bold."""
    file: Path
    style: str
    """sans, serif, mono, hand or display."""
    licence: str
    characters: frozenset[str]
    """What it has a drawn glyph for."""

    def covers(self, text: str) -> bool:
        """Whether no character of the text would show as an empty box."""
        return self.characters.issuperset(text.replace("\n", " "))

    def font(self, size: int) -> ImageFont.FreeTypeFont:
        """The face at a size in pixels an em."""
        return open_font(self.file, size)


@dataclass(frozen=True)
class Faces:
    """The faces that a renderer may choose from."""

    faces: Sequence[Face]

    def of(self, *styles: str) -> "Faces":
        """Those of some styles; all when there are none of these."""
        return Faces([face for face in self.faces if face.style in styles] or self.faces)

    def draw(self, rng: random.Random, text: str = "") -> Face | None:
        """A face that covers the text, each as likely as the others; None when there is none."""
        first = rng.choice(self.faces)
        if first.covers(text):  # mostly so; to try one face before all leaves the chances equal
            return first
        fitting = [face for face in self.faces if face.covers(text)]
        return rng.choice(fitting) if fitting else None

    def need(self, rng: random.Random, text: str = ASCII) -> Face:
        """As `draw`. Raises NotDrawn when no face covers the text."""
        face = self.draw(rng, text)
        if face is None:
            raise NotDrawn("no_face")
        return face


@lru_cache(maxsize=1024)
def open_font(file: Path, size: int) -> ImageFont.FreeTypeFont:
    """A font file at a size in pixels an em."""
    # The basic layout engine: raqm is not in every build of Pillow, and the bytes must not depend on that.
    return ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.BASIC)
