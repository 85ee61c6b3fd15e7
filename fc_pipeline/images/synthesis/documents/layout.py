"""Placing text and shapes on a page, and asking about it."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import ImageDraw

from fc_model.data.images.record import Line, Question, union
from fc_pipeline.images.synthesis.documents.look import Look, leading, mixed
from fc_pipeline.images.synthesis.face import Face, NotDrawn
from fc_pipeline.images.synthesis.page import Colour, Page, text_width, wrap

Align = Literal["left", "right", "centre"]


@dataclass(frozen=True)
class Pen:
    """How text is drawn: face, size in pixels, colour."""

    face: Face
    size: int
    colour: Colour

    @property
    def leading(self) -> int:
        """From baseline to baseline, in pixels."""
        return leading(self.face, self.size)

    @property
    def ascent(self) -> int:
        """From the top of a line to its baseline, in pixels."""
        return self.face.font(self.size).getmetrics()[0]

    def width(self, text: str) -> float:
        """Advance of a line in pixels, white space one space wide as `Page.line` draws it."""
        space = text_width(self.face, self.size, " ")
        return sum(text_width(self.face, self.size, run) for run in text.split(" ")) + space * text.count(" ")


def pens(look: Look) -> tuple[Pen, Pen, Pen]:
    """Body, bold and muted pens of a look."""
    return (
        Pen(look.body, look.size, look.ink),
        Pen(look.bold, look.size, look.ink),
        Pen(look.body, look.size, look.muted),
    )


def heading(look: Look, times: float, colour: Colour | None = None) -> Pen:
    """A pen for a title, its size a multiple of the body's."""
    return Pen(look.bold, round(look.size * times), colour or look.accent)


def fitted(text: str, pen: Pen, width: float) -> str:
    """As many of the first words as fit; letters of the first word when not even that does.

    What the cut leaves hanging (a comma, an opening bracket) goes too, but never all. What fits is kept as it is.
    """
    words = text.split()
    whole = short = " ".join(words)
    while len(words) > 1 and pen.width(short) > width:
        words.pop()
        short = " ".join(words)
    while len(short) > 1 and pen.width(short) > width:
        short = short[:-1]
    return short if short == whole else short.rstrip(" ,;:-–(") or short


def write(
    page: Page, text: str, pen: Pen, *, y: int, left: int, right: int | None = None, align: Align = "left"
) -> int:
    """Draw one line with its top at y, between left and right. Returns the top of the next line.

    Raises NotDrawn when it would be cut off at an edge of the page: its letters could not be read.
    """
    slack = (right if right is not None else page.image.width) - left - pen.width(text)
    x = left + round({"left": 0.0, "right": slack, "centre": slack / 2}[align])
    if x < 0 or x + pen.width(text) > page.image.width:
        raise NotDrawn("too_wide")
    if y < 0 or y + sum(pen.face.font(pen.size).getmetrics()) > page.image.height:
        raise NotDrawn("too_tall")
    page.line(x, y + pen.ascent, text, pen.face, pen.size, pen.colour)
    return y + pen.leading


def write_block(
    page: Page, text: str, pen: Pen, *, y: int, left: int, right: int, bottom: int, align: Align = "left"
) -> tuple[int, str]:
    """Draw a paragraph down to `bottom` at most. Returns the top of the next line and the text that was drawn."""
    lines = wrap(text, pen.face, pen.size, right - left)
    lines = [fitted(line, pen, right - left) for line in lines[: max(0, (bottom - y) // pen.leading)]]
    for line in lines:
        y = write(page, line, pen, y=y, left=left, right=right, align=align)
    return y, " ".join(lines)


def join_lines(page: Page, first: int) -> None:
    """Make one line of those from index `first` on: cells of a row, a label with its value."""
    joined = page.lines[first:]
    if len(joined) > 1:
        page.lines[first:] = [Line(" ".join(line.text for line in joined), union([line.box for line in joined]))]
        page.words[:] = [word._replace(line=min(word.line, first)) for word in page.words]


def labelled(page: Page, label: str, value: str, pen: Pen, value_pen: Pen, *, y: int, left: int, gap: int = 0) -> int:
    """Draw `label value` as one line; the value `gap` pixels from the left, or one space after the label."""
    first = len(page.lines)
    write(page, label, pen, y=y, left=left)
    after = round(pen.width(f"{label} "))
    write(page, value, value_pen, y=y + pen.ascent - value_pen.ascent, left=left + max(gap, after))
    join_lines(page, first)
    return y + max(pen.leading, value_pen.leading)


def rule(page: Page, y: int, left: int, right: int, colour: Colour, width: int = 1) -> None:
    """A horizontal line."""
    page.draw.line((left, y, right, y), fill=colour, width=width)


def logo(page: Page, rng: random.Random, x: int, y: int, size: int, colour: Colour) -> None:
    """A mark of a few shapes, without letters."""
    light = mixed(colour, (255, 255, 255), rng.uniform(0.4, 0.7))
    box = (x, y, x + size, y + size)
    {
        "disc": lambda: page.draw.ellipse(box, fill=colour),
        "box": lambda: page.draw.rectangle(box, fill=colour),
        "ring": lambda: page.draw.ellipse(box, outline=colour, width=max(2, size // 6)),
    }[rng.choice(("disc", "box", "ring"))]()
    third = size // 3
    points = [
        (x + rng.randrange(third, size - third + 1), y + rng.randrange(third, size - third + 1)) for _ in range(3)
    ]
    page.draw.polygon([*points, (x + size // 2, y + third // 2)], fill=light)


def ask(page: Page, rng: random.Random, kind: str, wordings: Sequence[str], *answers: str) -> None:
    """Add a question in one of its wordings."""
    page.questions.append(Question(question=rng.choice(wordings), answers=list(answers), kind=kind))


def ask_json(page: Page, rng: random.Random, fields: dict[str, str], *, of: str = "") -> None:
    """Ask for two or three of the fields (of one thing) as a JSON object, keys in the order asked for."""
    keys = rng.sample(sorted(fields), k=min(len(fields), rng.randint(2, 3)))
    answer = json.dumps({key: fields[key] for key in keys}, ensure_ascii=False, separators=(",", ":"))
    named = ", ".join(keys) + (f" of {of}" if of else "")
    ask(
        page,
        rng,
        "json",
        (f"Extract {named} as JSON.", f"Give {named} as a JSON object.", f"JSON with {named}:"),
        answer,
    )


def keep_questions(page: Page, rng: random.Random, most: int = 6) -> None:
    """Leave at most that many, in their order, so that no kind of page outweighs the others."""
    if len(page.questions) > most:
        kept = sorted(rng.sample(range(len(page.questions)), k=most))
        page.questions[:] = [page.questions[index] for index in kept]


def trim(page: Page, rng: random.Random, *, margin: int, step: int = 32) -> None:
    """Cut most pages below their last line, to a multiple of `step` pixels: blank paper costs as much as text."""
    used = max(box[3] for _, box in page.lines) + margin
    height = min(page.image.height, -(-used // step) * step)
    if height < page.image.height and rng.random() < 0.8:
        page.image = page.image.crop((0, 0, page.image.width, height))
        page.draw = ImageDraw.Draw(page.image)
