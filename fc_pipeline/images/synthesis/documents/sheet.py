"""A page of a document: its style, text and shapes from the top down, questions about it. All sizes are pixels."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fc_pipeline.images.synthesis.colour import WHITE, Colour, from_hsv, legible, mix
from fc_pipeline.images.synthesis.face import ASCII, Face, Faces, NotDrawn
from fc_pipeline.images.synthesis.fields import Currency, Fields
from fc_pipeline.images.synthesis.page import Page, TextPool, text_width, wrap
from fc_pipeline.images.synthesis.text_pool import DrawableText

Align = Literal["left", "right", "centre"]


@dataclass(frozen=True)
class Style:
    """What a document is set in. `bold` is the face of headings and labels, of the same family where there is one."""

    body: Face
    bold: Face
    size: int
    margin: int
    paper: Colour
    ink: Colour
    muted: Colour
    accent: Colour


def draw_style(
    rng: random.Random, faces: Faces, *, styles: Sequence[str], sizes: tuple[int, int],
    margins: tuple[int, int] = (18, 32),
) -> Style:  # fmt: skip
    """A style by chance; sizes and margins are ranges. Raises NotDrawn when no face has printable ASCII."""
    body = faces.of(*styles).need(rng)
    family = body.name.split("-")[0]
    relatives = [face for face in faces.of(body.style).faces if face.name.split("-")[0] == family]
    heavy = Faces([face for face in relatives if "Bold" in face.name and face.covers(ASCII)] or [body])
    bold = (heavy if rng.random() < 0.8 else faces.of("sans", "serif")).need(rng)
    hue, tint = rng.random(), rng.choice((0.0, 0.0, 0.02, 0.05))
    paper = from_hsv(hue, tint, rng.uniform(0.95, 1.0))
    return Style(
        body=body,
        bold=bold,
        size=rng.randint(*sizes),
        margin=rng.randint(*margins),
        paper=paper,
        ink=from_hsv(hue, rng.uniform(0, 0.5), rng.uniform(0, 0.25)),
        muted=legible(from_hsv(hue, 0.15, 0.45), paper),
        accent=legible(from_hsv(rng.random(), rng.uniform(0.6, 1), rng.uniform(0.35, 0.7)), paper),
    )


@dataclass(frozen=True)
class Pen:
    """How text is drawn."""

    face: Face
    size: int
    colour: Colour

    @property
    def leading(self) -> int:
        """From baseline to baseline, so that no two lines touch."""
        return max(round(self.size * 1.3), sum(self.face.font(self.size).getmetrics()))

    @property
    def ascent(self) -> int:
        """From the top of a line to its baseline."""
        return self.face.font(self.size).getmetrics()[0]

    def width(self, text: str) -> float:
        """Advance of a line, white space one space wide as `Page.line` draws it."""
        space = text_width(self.face, self.size, " ")
        return sum(text_width(self.face, self.size, run) for run in text.split(" ")) + space * text.count(" ")


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


class Sheet:
    """A page that is filled between its margins, with the pens of its style and values to put on it."""

    def __init__(self, rng: random.Random, text: TextPool, style: Style, layout: str, size: tuple[int, int]) -> None:
        self.rng, self.style, self.layout = rng, style, layout
        self.text = DrawableText(text, (style.body, style.bold))
        self.fields = Fields(rng, self.text)
        self.page = Page.blank(*size, style.paper)
        self.page.meta["layout"] = layout
        self.width, self.height = size
        self.left, self.right, self.bottom = style.margin, size[0] - style.margin, size[1] - style.margin
        self.top = style.margin
        """Of the next line."""
        self.body = Pen(style.body, style.size, style.ink)
        self.bold = Pen(style.bold, style.size, style.ink)
        self.muted = Pen(style.body, style.size, style.muted)
        self.leading = max(self.body.leading, self.bold.leading)

    def heading(self, times: float, colour: Colour | None = None) -> Pen:
        """A pen for a title, its size a multiple of the body's."""
        return Pen(self.style.bold, round(self.style.size * times), colour or self.style.accent)

    def small(self, smaller: int = 1, colour: Colour | None = None) -> Pen:
        """The body's pen some pixels smaller."""
        return Pen(self.style.body, max(9, self.style.size - smaller), colour or self.style.muted)

    def currency(self) -> Currency:
        """A way to write amounts that both faces can draw."""
        return self.fields.currency(self.style.body.characters & self.style.bold.characters)

    def paler(self, share: float) -> Colour:
        """The accent as a ground: `share` of it in the paper."""
        return mix(self.style.paper, self.style.accent, share)

    def grey(self, share: float) -> Colour:
        """`share` of ink in the paper."""
        return mix(self.style.paper, self.style.ink, share)

    def write(
        self, text: str, pen: Pen | None = None, *, top: int | None = None, left: int | None = None,
        right: int | None = None, align: Align = "left",
    ) -> int:  # fmt: skip
        """Draw one line between left and right. Returns the top of the line below.

        The sheet goes on there unless the line's top is given. Raises NotDrawn when an edge of the page would cut it.
        """
        pen, y = pen or self.body, self.top if top is None else top
        left, right = self.left if left is None else left, self.right if right is None else right
        slack = right - left - pen.width(text)
        x = left + round({"left": 0.0, "right": slack, "centre": slack / 2}[align])
        if x < 0 or x + pen.width(text) > self.page.image.width:
            raise NotDrawn("too_wide")
        if y < 0 or y + sum(pen.face.font(pen.size).getmetrics()) > self.page.image.height:
            raise NotDrawn("too_tall")
        self.page.line(x, y + pen.ascent, text, pen.face, pen.size, pen.colour)
        if top is None:
            self.top = y + pen.leading
        return y + pen.leading

    def block(
        self, text: str, pen: Pen, *, bottom: int, left: int | None = None, right: int | None = None,
        align: Align = "left",
    ) -> str:  # fmt: skip
        """Draw a paragraph down to `bottom` at most. Returns what was drawn of it."""
        left, right = self.left if left is None else left, self.right if right is None else right
        lines = wrap(text, pen.face, pen.size, right - left)
        lines = [fitted(line, pen, right - left) for line in lines[: max(0, (bottom - self.top) // pen.leading)]]
        for line in lines:
            self.write(line, pen, left=left, right=right, align=align)
        return " ".join(lines)

    def labelled(self, label: str, value: str, *, top: int | None = None, left: int | None = None, gap: int = 0) -> int:
        """Draw a bold label and its value as one line; the value `gap` from the left, or one space after the label.

        Returns the top of the line below.
        """
        y, left = self.top if top is None else top, self.left if left is None else left
        after = round(self.bold.width(f"{label} "))
        with self.page.one_line():
            self.write(label, self.bold, top=y, left=left)
            self.write(value, top=y + self.bold.ascent - self.body.ascent, left=left + max(gap, after))
        if top is None:
            self.top = y + self.leading
        return y + self.leading

    def rule(
        self, colour: Colour, *, top: int | None = None, left: int | None = None, right: int | None = None,
        width: int = 1,
    ) -> None:  # fmt: skip
        y = self.top if top is None else top
        left, right = self.left if left is None else left, self.right if right is None else right
        self.page.draw.line((left, y, right, y), fill=colour, width=width)

    def logo(self, size: int, *, top: int) -> None:
        """A mark of a few shapes at the left margin, without letters."""
        rng, draw, colour, x, y = self.rng, self.page.draw, self.style.accent, self.left, top
        light = mix(colour, WHITE, rng.uniform(0.4, 0.7))
        box, shape = (x, y, x + size, y + size), rng.choice(("disc", "box", "ring"))
        if shape == "disc":
            draw.ellipse(box, fill=colour)
        elif shape == "box":
            draw.rectangle(box, fill=colour)
        else:
            draw.ellipse(box, outline=colour, width=max(2, size // 6))
        third = size // 3
        points = [
            (x + rng.randrange(third, size - third + 1), y + rng.randrange(third, size - third + 1)) for _ in "abc"
        ]
        draw.polygon([*points, (x + size // 2, y + third // 2)], fill=light)

    def trim(self) -> None:
        """Cut most pages below their last line, to a multiple of 32: blank paper costs as much as text."""
        used = max(box[3] for _, box in self.page.lines) + self.style.margin
        height = min(self.height, -(-used // 32) * 32)
        if height < self.height and self.rng.random() < 0.8:
            self.page.replace(self.page.image.crop((0, 0, self.width, height)))

    def ask(self, kind: str, answer: str, *wordings: str) -> None:
        """Add a question in one of its wordings."""
        self.page.ask(kind, self.rng.choice(wordings), answer)

    def ask_json(self, fields: Mapping[str, str], *, of: str = "") -> None:
        """Ask for two or three of the fields (of one thing) as a JSON object, keys in the order asked for."""
        keys = self.rng.sample(sorted(fields), k=min(len(fields), self.rng.randint(2, 3)))
        answer = json.dumps({key: fields[key] for key in keys}, ensure_ascii=False, separators=(",", ":"))
        named = ", ".join(keys) + (f" of {of}" if of else "")
        self.ask("json", answer, f"Extract {named} as JSON.", f"Give {named} as a JSON object.", f"JSON with {named}:")

    def finish(self, most: int = 6) -> Page:
        """The page with at most that many questions, in their order, so that no kind of page outweighs the others."""
        questions = self.page.questions
        if len(questions) > most:
            questions[:] = [questions[index] for index in sorted(self.rng.sample(range(len(questions)), k=most))]
        return self.page
