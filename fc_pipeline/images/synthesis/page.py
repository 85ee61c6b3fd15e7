"""A picture in the making: what is drawn as text is written down with its exact box.

Every word is drawn by its own mask, so its box is the ink of that mask, and drawing it again gives the same box.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, Self

from PIL import Image, ImageDraw, ImageFont

from fc_model.data.images.record import Box, Line, Question, Word, union
from fc_pipeline.images.synthesis.colour import WHITE, Colour
from fc_pipeline.images.synthesis.face import Face, Faces
from fc_pipeline.images.synthesis.kerning import kerning


class Ink(NamedTuple):
    """What a word was drawn with, so that a transformation can take its box along."""

    mask: Any
    """Coverage, mode L (an ImagingCore)."""
    x: int
    """Where its left top corner lies on the page."""
    y: int


@dataclass
class Page:
    """An RGB image with its words, lines, caption and questions, in reading order."""

    image: Image.Image
    words: list[Word] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    caption: str | None = None
    questions: list[Question] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    inks: dict[tuple[str, Box], Ink] = field(default_factory=dict)
    """Of the words as they were drawn, by text and box."""
    clipped: int = 0
    """Words that do not lie wholly inside the image. `synthesize` draws a page again that has some."""

    def __post_init__(self) -> None:
        self.replace(self.image)

    @classmethod
    def blank(cls, width: int, height: int, colour: Colour = WHITE) -> Self:
        """An empty page, sizes in pixels."""
        return cls(Image.new("RGB", (width, height), colour))

    def replace(self, image: Image.Image) -> None:
        """Go on with another picture of the same words."""
        self.image = image
        self.draw = ImageDraw.Draw(image)

    @property
    def text(self) -> str:
        """All lines in reading order, joined by newlines."""
        return "\n".join(line.text for line in self.lines)

    def line(self, x: int, y: int, text: str, face: Face, size: int, colour: Colour = (0, 0, 0)) -> int:
        """Draw one line with its baseline at y, from x on; white space is one space wide, indents are kept.

        Returns x after the line. The words join the page as one line, unless nothing of them is visible.
        """
        font = face.font(size)
        self.meta.setdefault("fonts", [])
        if face.name not in self.meta["fonts"]:
            self.meta["fonts"].append(face.name)
        first, place = len(self.words), float(x)
        space = text_width(face, size, " ")
        for number, run in enumerate(text.split(" ")):
            place += space * (number > 0)
            if run:
                box = self._run(round(place), y, run, font, colour)
                if box is not None:
                    starts = tuple(round(place) + pen for pen in pens(font, run))
                    self.words.append(Word(run, box, len(self.lines), starts))
                place += text_width(face, size, run)
        if len(self.words) > first:
            self.lines.append(Line(text.strip(), union([word.box for word in self.words[first:]])))
        return round(place)

    @contextmanager
    def one_line(self) -> Iterator[None]:
        """What is drawn meanwhile becomes one line: cells of a row, a label with its value."""
        first = len(self.lines)
        yield
        joined = self.lines[first:]
        if len(joined) > 1:
            self.lines[first:] = [Line(" ".join(line.text for line in joined), union([line.box for line in joined]))]
            self.words[:] = [word._replace(line=min(word.line, first)) for word in self.words]

    def ask(self, kind: str, question: str, *answers: str) -> None:
        """Add a question with the answers that count as right."""
        self.questions.append(Question(question=question, answers=list(answers), kind=kind))

    def ask_json(self, question: str, answer: Mapping[str, Any]) -> None:
        """Add a question for a JSON object."""
        self.ask("json", question, json.dumps(answer, ensure_ascii=False))

    def _run(self, x: int, y: int, run: str, font: ImageFont.FreeTypeFont, colour: Colour) -> Box | None:
        mask, left, top, ink = word_mask(font, run)
        if ink is None:
            return None
        self.draw.draw.draw_bitmap((x + left, y + top), mask, self.draw.draw.draw_ink(colour))
        box = x + left + ink[0], y + top + ink[1], x + left + ink[2], y + top + ink[3]
        inside = max(box[0], 0), max(box[1], 0), min(box[2], self.image.width), min(box[3], self.image.height)
        self.clipped += inside != box
        if inside[0] >= inside[2] or inside[1] >= inside[3]:
            return None
        self.inks[run, inside] = Ink(mask, x + left, y + top)
        return inside


@lru_cache(maxsize=8192)
def word_mask(font: ImageFont.FreeTypeFont, run: str) -> tuple[Any, int, int, Box | None]:
    """Coverage of a run (an ImagingCore), where its corner lies from the pen on the baseline, and its ink's box inside.

    It is put together from the masks of its characters: most of the time of drawing text goes into the programs that
    hint a glyph, and a glyph comes again far more often than a word does.
    """
    glyphs = [(glyph(font, character), round(place)) for character, place in _placed(font, run)]
    inked = [(mask, place + left, top) for (mask, left, top, _), place in glyphs if mask is not None]
    if not inked:
        return None, 0, 0, None
    left, top = min(x for _, x, _ in inked), min(y for _, _, y in inked)
    right = max(x + mask.size[0] for mask, x, _ in inked)
    bottom = max(y + mask.size[1] for mask, _, y in inked)
    whole = Image.new("L", (right - left, bottom - top))
    draw = ImageDraw.Draw(whole).draw
    for mask, x, y in inked:
        draw.draw_bitmap((x - left, y - top), mask, 255)
    return whole.im, left, top, whole.getbbox()


@lru_cache(maxsize=65536)
def glyph(font: ImageFont.FreeTypeFont, character: str) -> tuple[Any, int, int, float]:
    """Coverage of one character or None without ink, where it lies from the pen on the baseline, and its advance."""
    mask, (left, top) = font.getmask2(character, mode="L", anchor="ls")
    return (mask if mask.getbbox() is not None else None), left, top, font.getlength(character)


def _placed(font: ImageFont.FreeTypeFont, run: str) -> Iterator[tuple[str, float]]:
    """(character, pen): advances add up, each pair with the kerning of its font."""
    place = 0.0
    before = ""
    for character in run:
        if before:
            place += kerning(str(font.path), before + character) * font.size
        yield character, place
        place += glyph(font, character)[3]
        before = character


@lru_cache(maxsize=8192)
def pens(font: ImageFont.FreeTypeFont, run: str) -> tuple[int, ...]:
    """Where the pen stands before each character, in whole pixels from the first."""
    return tuple(round(place) for _, place in _placed(font, run))


@lru_cache(maxsize=65536)
def text_width(face: Face, size: int, run: str) -> float:
    """Advance of a run in pixels."""
    if not run:
        return 0.0
    font = face.font(size)
    *_, (last, place) = _placed(font, run)
    return place + glyph(font, last)[3]


def wrap(text: str, face: Face, size: int, width: int) -> list[str]:
    """Break a paragraph into lines of at most `width` pixels; a longer word has a line of its own."""
    lines: list[str] = []
    current, used = "", 0.0
    space = text_width(face, size, " ")
    for word in text.split():
        wide = text_width(face, size, word)
        if current and used + space + wide > width:
            lines.append(current)
            current, used = word, wide
        else:
            current, used = (f"{current} {word}", used + space + wide) if current else (word, wide)
    return [*lines, current] if current else lines


class TextPool(Protocol):
    """Where the text of an image comes from: the corpus of the track, never a list in the code."""

    def sentence(self, rng: random.Random, *, max_chars: int) -> str:
        """A run of whole words of running text, at most `max_chars` long, white space made single spaces."""

    def paragraph(self, rng: random.Random, *, max_chars: int) -> str:
        """Several sentences of one document, white space made single spaces."""

    def title(self, rng: random.Random) -> str:
        """A few words that can stand as a heading or caption, such as the title of an article."""

    def code(self, rng: random.Random, *, max_lines: int, max_columns: int) -> list[str]:
        """Consecutive lines of source code, indents kept as spaces."""


Render = Callable[[random.Random, TextPool, Faces, str], Page]
"""A renderer: (rng, text, faces, layout) -> page. All that it draws by chance comes from rng."""


@dataclass(frozen=True)
class Kind:
    """A kind of synthetic image, and the layouts that it can have."""

    name: str
    """As in the record: line, document/invoice, screenshot/dialog, scene/sign."""
    render: Render
    layouts: Sequence[str]
    held_out: Sequence[str]
    """Layouts that only the holdout has."""
    plain: bool = True
    """Whether its text is running text; a line to read may be anything that the corpus has."""
