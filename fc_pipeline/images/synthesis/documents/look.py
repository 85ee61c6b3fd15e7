"""What a document looks like: its faces, sizes and colours, and the text that the faces can draw."""

from __future__ import annotations

import colorsys
import random
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fc_pipeline.images.synthesis.colour import contrast
from fc_pipeline.images.synthesis.face import Face, Faces, NotDrawn
from fc_pipeline.images.synthesis.page import Colour, Page, TextSupply

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "
LEAST_CONTRAST = 4.5
"""Of text to its ground, as WCAG 2.2 counts it (1.4.3, AA)."""
TRIES = 30


@dataclass(frozen=True)
class Look:
    """Sizes in pixels. `bold` is the face of headings and labels, of the same family where there is one."""

    body: Face
    bold: Face
    size: int
    margin: int
    paper: Colour
    ink: Colour
    muted: Colour
    accent: Colour

    @property
    def leading(self) -> int:
        """From baseline to baseline, so that no two lines touch."""
        return max(leading(self.body, self.size), leading(self.bold, self.size))

    def page(self, width: int, height: int) -> Page:
        """An empty page on this paper."""
        return Page.blank(width, height, self.paper)


def draw_look(
    rng: random.Random,
    faces: Faces,
    *,
    styles: Sequence[str],
    sizes: tuple[int, int],
    margins: tuple[int, int] = (18, 32),
) -> Look:
    """A look by chance; sizes and margins are ranges. Raises NotDrawn when no face has printable ASCII."""
    body = pick_face(rng, faces.of(*styles))
    family = body.name.split("-")[0]
    relatives = [face for face in faces.of(body.style).faces if face.name.split("-")[0] == family]
    heavy = Faces([face for face in relatives if "Bold" in face.name and face.covers(PRINTABLE)] or [body])
    bold = pick_face(rng, heavy if rng.random() < 0.8 else faces.of("sans", "serif"))
    hue, tint = rng.random(), rng.choice((0.0, 0.0, 0.02, 0.05))
    paper = from_hsv(hue, tint, rng.uniform(0.95, 1.0))
    return Look(
        body=body,
        bold=bold,
        size=rng.randint(*sizes),
        margin=rng.randint(*margins),
        paper=paper,
        ink=from_hsv(hue, rng.uniform(0, 0.5), rng.uniform(0, 0.25)),
        muted=legible(from_hsv(hue, 0.15, 0.45), paper),
        accent=legible(from_hsv(rng.random(), rng.uniform(0.6, 1), rng.uniform(0.35, 0.7)), paper),
    )


def pick_face(rng: random.Random, faces: Faces) -> Face:
    """A face with all of printable ASCII. Raises NotDrawn when there is none."""
    return faces.need(rng, PRINTABLE)


def leading(face: Face, size: int) -> int:
    """From baseline to baseline, in pixels."""
    return max(round(size * 1.3), sum(face.font(size).getmetrics()))


def from_hsv(hue: float, saturation: float, value: float) -> Colour:
    """All of 0 to 1."""
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of `other`, the rest of `one`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def legible(colour: Colour, ground: Colour) -> Colour:
    """The colour, taken towards black or white until text in it can be read on the ground."""
    end: Colour = (0, 0, 0) if contrast((0, 0, 0), ground) > contrast((255, 255, 255), ground) else (255, 255, 255)
    for step in range(10):
        if contrast(candidate := mixed(colour, end, step / 10), ground) >= LEAST_CONTRAST:
            return candidate
    return end


@dataclass(frozen=True)
class DrawableText:
    """A supply of text that gives only what all of some faces can draw."""

    supply: TextSupply
    faces: tuple[Face, ...]

    def _draws(self, text: str) -> bool:
        return bool(text.strip()) and all(face.covers(text) for face in self.faces)

    def _drawable(self, draw: Callable[[], str]) -> str:
        """What was drawn; after some tries the words of it that can be drawn. Raises NotDrawn when none ever can."""
        for attempt in range(TRIES):
            found = draw()
            if self._draws(found):
                return found
            words = [word for word in found.split() if self._draws(word)]
            if attempt >= 3 and words:
                return " ".join(words)
        raise NotDrawn("no_text")

    def sentence(self, rng: random.Random, *, max_chars: int) -> str:
        """As TextSupply.sentence."""
        return self._drawable(lambda: self.supply.sentence(rng, max_chars=max_chars))

    def paragraph(self, rng: random.Random, *, max_chars: int) -> str:
        """As TextSupply.paragraph."""
        return self._drawable(lambda: self.supply.paragraph(rng, max_chars=max_chars))

    def title(self, rng: random.Random) -> str:
        """As TextSupply.title."""
        return self._drawable(lambda: self.supply.title(rng))

    def code(self, rng: random.Random, *, max_lines: int, max_columns: int) -> list[str]:
        """As TextSupply.code, less the lines that cannot be drawn."""
        for _ in range(TRIES):
            lines = self.supply.code(rng, max_lines=max_lines, max_columns=max_columns)
            kept = [line for line in lines if not line.strip() or self._draws(line)]
            if any(line.strip() for line in kept):
                return kept
        raise NotDrawn("no_text")
