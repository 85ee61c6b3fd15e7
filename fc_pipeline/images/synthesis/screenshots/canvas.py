"""A screen in the making: laid out in points, drawn in pixels, text fitted to the room that it has."""

import random
from collections.abc import Callable, Sequence

from fc_model.data.images.record import Box
from fc_pipeline.images.synthesis.colour import Colour
from fc_pipeline.images.synthesis.face import ASCII, Face, Faces
from fc_pipeline.images.synthesis.page import Page, TextPool, text_width, wrap
from fc_pipeline.images.synthesis.screenshots.shapes import icon, rounded
from fc_pipeline.images.synthesis.screenshots.theme import Theme, draw_theme
from fc_pipeline.images.synthesis.screenshots.wording import Copy

SCALES = (1.0, 1.25, 1.5, 2.0)
"""Pixels a point, as desktops scale."""
LEAST_SIDE, LARGEST_SIDE = 224, 448
"""Of a screenshot in pixels."""
LEAST_FONT = 9
"""Pixels an em: nothing smaller is drawn."""
MARKED = ("bold", "italic", "oblique", "black", "heavy", "bolita")
"""Parts of the names of faces that are meant to stand out."""


class Canvas:
    """A page with a theme, faces and a scale; x, y, widths, heights and font sizes of its methods are points."""

    def __init__(
        self, rng: random.Random, text: TextPool, faces: Faces, layout: str = "", *, least: tuple[int, int] = (224, 224)
    ) -> None:
        """Draws the scale, and a size of at least `least` points. NotDrawn when no face covers ASCII."""
        self.rng, self.layout = rng, layout
        self.theme: Theme = draw_theme(rng)
        self.scale = rng.choice([scale for scale in SCALES if max(least) * scale <= LARGEST_SIDE])
        self.width = rng.randint(least[0], int(LARGEST_SIDE / self.scale))
        self.height = rng.randint(least[1], max(least[1], min(int(LARGEST_SIDE / self.scale), int(self.width * 1.3))))
        self.page = Page.blank(self.px(self.width), self.px(self.height), self.theme.window)
        self.regular = _covering(rng, faces, "sans")
        self.bold = _bold_of(self.regular, faces)
        self.mono = _covering(rng, faces, "mono")
        self.copy = Copy(rng, text, self.regular)
        self.size = rng.uniform(10.5, 12.5)
        self.clear: list[Box] = []
        """Places, in pixels, that nothing may come to lie over: what shows a state without words."""
        self.page.meta.update(theme=self.theme.name, scale=self.scale, layout=layout)
        self.ask_json = self.page.ask_json

    def ask(self, kind: str, question: str, *answers: str) -> None:
        """Add a question unless its answer was not drawn."""
        if answers[0]:
            self.page.ask(kind, question, *answers)

    def px(self, points: float) -> int:
        """Points in whole pixels."""
        return round(points * self.scale)

    def font_px(self, points: float) -> int:
        """The font size in pixels that text of so many points is drawn with."""
        return max(round(points * self.scale), LEAST_FONT)

    def rect(
        self, x: float, y: float, w: float, h: float, fill: Colour, *, radius: float = 0, outline: Colour | None = None
    ) -> None:
        """A filled rectangle; the outline is one pixel at least."""
        left, top, right, bottom = self.px(x), self.px(y), self.px(x + w), self.px(y + h)
        if right <= left or bottom <= top:
            return
        if outline is not None:
            self._fill(left, top, right, bottom, self.px(radius), outline)
            edge = max(int(self.scale), 1)
            left, top, right, bottom = left + edge, top + edge, right - edge, bottom - edge
        if right > left and bottom > top:
            self._fill(left, top, right, bottom, self.px(radius), fill)

    def _fill(self, left: int, top: int, right: int, bottom: int, radius: int, fill: Colour) -> None:
        mask = rounded(right - left, bottom - top, radius) if radius else None
        self.page.image.paste(fill, (left, top, right, bottom), mask)

    def keep_clear(self, x: float, y: float, w: float, h: float) -> None:
        """Ask pointers and tool tips to stay away from a place."""
        self.clear.append((self.px(x), self.px(y), self.px(x + w), self.px(y + h)))

    def free(self, box: Box) -> bool:
        """Whether a place, in pixels, has neither a word nor anything else that must stay visible."""
        return not any(overlap(taken, box) for taken in [*(word.box for word in self.page.words), *self.clear])

    def icon(self, name: str, x: float, y: float, size: float, colour: Colour) -> None:
        """An icon whose corner is at (x, y)."""
        self.page.image.paste(colour, (self.px(x), self.px(y)), icon(name, self.px(size)))

    def measure(self, text: str, *, size: float | None = None, face: Face | None = None) -> float:
        """Width of a text in points."""
        return text_width(face or self.regular, self.font_px(size or self.size), text) / self.scale

    def text(
        self, x: float, y: float, w: float, h: float, text: str, *, size: float | None = None,
        colour: Colour | None = None, face: Face | None = None, align: str = "left",
    ) -> str:  # fmt: skip
        """Text centred vertically in a box, less the words that don't fit its width. Returns what was drawn, or ""."""
        face, pixels = face or self.regular, self.font_px(size or self.size)
        room, words = w * self.scale, text.split(" ")
        while words and text_width(face, pixels, " ".join(words)) > room:
            words.pop()
        drawn = " ".join(words).rstrip()
        if drawn:
            spare = room - text_width(face, pixels, drawn)
            shift = {"left": 0.0, "center": spare / 2, "right": spare}[align]
            ascent, descent = face.font(pixels).getmetrics()
            # Faces with tall accents would sit too low: the middle of the capitals is what looks centred.
            baseline = y * self.scale + h * self.scale / 2 + min(0.36 * pixels, (ascent - descent) / 2)
            left, colour = round(x * self.scale + shift), colour or self.theme.text
            self.page.line(left, round(baseline), drawn, face, pixels, colour)
        return drawn

    def paragraph(
        self, x: float, y: float, w: float, h: float, text: str, *, size: float | None = None,
        colour: Colour | None = None,
    ) -> float:  # fmt: skip
        """As many wrapped lines as fit the box; a line with a word wider than it is left out. Returns y after them."""
        size = size or self.size
        step, pixels = size * 1.4, self.font_px(size)
        for line in wrap(text, self.regular, pixels, self.px(w)):
            if y + step > self.height or h < step:
                break
            self.text(x, y, w, step, line, size=size, colour=colour)
            y, h = y + step, h - step
        return y

    def coloured(self, x: float, baseline: float, runs: Sequence[tuple[str, Colour]], face: Face, size: float) -> None:
        """One line of runs with a colour each; white space at the seams is part of the runs."""
        place, first = self.px(x), len(self.page.lines)
        with self.page.one_line():
            for text, colour in runs:
                place = self.page.line(place, self.px(baseline), text, face, self.font_px(size), colour)
        if len(self.page.lines) > first:
            self.page.lines[first] = self.page.lines[first]._replace(text="".join(text for text, _ in runs).strip())

    def fitting(self, make: Callable[[], str], w: float, taken: set[str], *, size: float | None = None) -> str:
        """A text of `make` that fits w and is not taken yet; "" when eight tries bring none."""
        for _ in range(8):
            text = make()
            if text not in taken and self.measure(text, size=size) <= w:
                taken.add(text)
                return text
        return ""


def overlap(first: Box, second: Box) -> bool:
    """Whether two boxes share a pixel."""
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def _covering(rng: random.Random, faces: Faces, style: str) -> Face:
    """Upright faces of normal weight first: what is bold on a screen stands out from them."""
    fitting = [face for face in faces.faces if face.covers(ASCII)]
    styled = [face for face in fitting if face.style == style] or fitting
    upright = [face for face in styled if not any(mark in face.name.lower() for mark in MARKED)]
    return Faces(upright or styled or faces.faces).need(rng)


def _bold_of(regular: Face, faces: Faces) -> Face:
    family = regular.name.split("-")[0]
    same = [f for f in faces.faces if f.name.split("-")[0] == family and "bold" in f.name.lower() and f.covers(ASCII)]
    return min(same, key=lambda face: (len(face.name), face.name), default=regular)
