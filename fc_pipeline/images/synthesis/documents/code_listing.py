"""Source code as an editor or a book shows it."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from fc_pipeline.images.synthesis.documents.layout import Pen, ask, join_lines, keep_questions, trim
from fc_pipeline.images.synthesis.documents.look import (
    DrawableText,
    from_hsv,
    legible,
    mixed,
    pick_face,
)  # fmt: skip
from fc_pipeline.images.synthesis.face import Face, Faces
from fc_pipeline.images.synthesis.fields import Fields
from fc_pipeline.images.synthesis.page import Colour, Kind, Page, TextSupply

SIZES = ((448, 448), (448, 320), (560, 448))
KEYWORDS = frozenset(
    {"and", "as", "assert", "break", "case", "class", "const", "continue", "def", "elif", "else", "except", "fn", "for"}
    | {"from", "function", "if", "import", "in", "is", "lambda", "let", "new", "not", "or", "pass", "raise", "return"}
    | {"self", "static", "struct", "try", "var", "void", "while", "with", "yield", "None", "True", "False"}
)


@dataclass(frozen=True)
class Theme:
    """Colours of an editor."""

    ground: Colour
    ink: Colour
    keyword: Colour
    comment: Colour
    string: Colour

    def of(self, run: str) -> Colour:
        """The colour of a run without white space."""
        if run.startswith(("#", "//")):
            return self.comment
        if re.fullmatch(r"\W*[A-Za-z_]+\W*", run) and re.sub(r"\W", "", run) in KEYWORDS:
            return self.keyword
        return self.string if run[0] in "\"'" or run[-1] in "\"'" else self.ink


def render(rng: random.Random, text: TextSupply, faces: Faces, layout: str) -> Page:
    """Code in a layout: plain, numbered, dark, editor or dark_editor."""
    face = pick_face(rng, faces.of("mono"))
    supply = DrawableText(text, (face,))
    dark = layout in ("dark", "dark_editor")
    theme = _theme(rng, dark=dark)
    width, height = rng.choice(SIZES)
    page = Page.blank(width, height, theme.ground)
    page.meta["layout"] = layout
    size = rng.randint(10, 15)
    pen = Pen(face, size, theme.ink)
    margin, top = rng.randint(6, 16), rng.randint(6, 16)
    name = f"{Fields(rng, supply).word()}{rng.choice(('.py', '.py', '.txt', '.src'))}" if "editor" in layout else ""
    if name:
        top = _tab(page, rng, theme, Pen(face, max(10, size - 1), theme.ink), name) + 6
    numbered = layout in ("numbered", "editor", "dark_editor")
    start = rng.choice((1, 1, rng.randint(2, 900))) if numbered else 1
    rows = (height - top - margin) // pen.leading
    gutter = round(pen.width("0000 ")) if numbered else 0
    columns = int((width - 2 * margin - gutter) / pen.width("M"))
    lines = _trimmed(supply.code(rng, max_lines=rng.randint(min(4, rows), rows), max_columns=columns), columns)[:rows]
    shade = mixed(theme.ground, theme.ink, 0.06)
    if numbered:
        page.draw.rectangle((0, top - 3, margin + gutter - 6, height), fill=shade)
    for number, line in enumerate(lines, start=start):
        first = len(page.lines)
        if numbered:
            label = str(number)
            x = margin + gutter - 9 - round(pen.width(label))
            page.line(x, top + pen.ascent, label, face, size, legible(theme.comment, shade))
        _code_line(page, margin + gutter, top + pen.ascent, line, face, size, theme)
        join_lines(page, first)
        top += pen.leading
    trim(page, rng, margin=margin)
    _ask(page, rng, lines, start=start, numbered=numbered, name=name)
    return page


def _theme(rng: random.Random, *, dark: bool) -> Theme:
    hue = rng.random()
    ground = from_hsv(hue, rng.uniform(0, 0.5), rng.uniform(0.05, 0.2)) if dark else from_hsv(hue, 0.02, 1.0)
    value = 0.95 if dark else 0.45
    colours = [legible(from_hsv(rng.random(), 0.6, value), ground) for _ in range(2)]
    return Theme(
        ground=ground,
        ink=from_hsv(hue, 0.05, 0.92) if dark else from_hsv(hue, 0.3, 0.15),
        keyword=colours[0],
        comment=legible(from_hsv(hue, 0.1, 0.55), ground),
        string=colours[1],
    )


def _tab(page: Page, rng: random.Random, theme: Theme, pen: Pen, name: str) -> int:
    """A bar with the name of the file. Returns the top of what comes next."""
    height = pen.leading + 8
    bar = mixed(theme.ground, theme.ink, 0.12)
    page.draw.rectangle((0, 0, page.image.width, height), fill=bar)
    left = 10
    if rng.random() < 0.5:
        for number in range(3):
            dot = (8 + 14 * number, height // 2 - 4, 16 + 14 * number, height // 2 + 4)
            page.draw.ellipse(dot, fill=from_hsv(number / 6, 0.7, 0.85))
        left = 62
    page.draw.rectangle((left - 6, 3, left + round(pen.width(name)) + 8, height), fill=theme.ground)
    page.line(left, 5 + pen.ascent, name, pen.face, pen.size, pen.colour)
    return height


def _trimmed(lines: list[str], columns: int) -> list[str]:
    """Less the indent that all share and blank lines at both ends; cut to `columns` characters."""
    filled = [line for line in lines if line.strip()]
    indent = min(len(line) - len(line.lstrip()) for line in filled)
    shown = [line[indent:][:columns].rstrip() for line in lines]
    while not shown[0].strip():
        shown.pop(0)
    while not shown[-1].strip():
        shown.pop()
    return shown


def _code_line(page: Page, x: int, y: int, line: str, face: Face, size: int, theme: Theme) -> None:
    """Draw each run in its colour, as one line; after a comment mark all is comment."""
    first, space = len(page.lines), Pen(face, size, theme.ink).width(" ")
    place, comment = float(x), False
    for run in line.split(" "):
        if run:
            comment = comment or run.startswith(("#", "//"))
            page.line(round(place), y, run, face, size, theme.comment if comment else theme.of(run))
        place += Pen(face, size, theme.ink).width(run) + space
    join_lines(page, first)


def _ask(page: Page, rng: random.Random, lines: list[str], *, start: int, numbered: bool, name: str) -> None:
    if name:
        ask(page, rng, "extractive", ("What is the name of the file?", "Which file is open?"), name)
    filled = [(number, line.strip()) for number, line in enumerate(lines, start=start) if line.strip()]
    if numbered:
        for number, line in rng.sample(filled, k=min(2, len(filled))):
            ask(page, rng, "extractive", (f"What stands on line {number}?", f"Read line {number}."), line)
        ask(page, rng, "extractive", ("What is the number of the last line?",), str(start + len(lines) - 1))
    else:
        ask(page, rng, "extractive", ("Read the first line.", "What is the first line of code?"), filled[0][1])
        ask(page, rng, "extractive", ("Read the last line.", "What is the last line of code?"), filled[-1][1])
    wordings = ("How many lines of code are not empty?", "Count the lines that are not empty.")
    ask(page, rng, "count", wordings, str(len(filled)))
    defined = [match[1] for _, line in filled if (match := re.match(r"(?:def|function|fn|class)\s+(\w+)", line))]
    if defined:
        wordings = ("Which function or class is defined first?", "Name the first function or class that is defined.")
        ask(page, rng, "extractive", wordings, defined[0])
    modules = [match[1] for _, line in filled if (match := re.match(r"(?:import|from)\s+([\w.]+)", line))]
    if modules:
        ask(page, rng, "extractive", ("Which module is imported first?",), modules[0])
    keep_questions(page, rng)


KIND = Kind(
    name="document/code_listing",
    render=render,
    layouts=("plain", "numbered", "dark", "editor"),
    held_out=("dark_editor",),
)
