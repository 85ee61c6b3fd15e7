"""Source code as an editor or a book shows it."""

import random
import re

from fc_pipeline.images.synthesis.colour import Colour, from_hsv, legible
from fc_pipeline.images.synthesis.documents.sheet import Pen, Sheet, Style
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Page, TextPool

SIZES = ((448, 448), (448, 320), (560, 448))
_KEYWORDS = (
    "and as assert break case class const continue def elif else except fn for from function if import in is lambda "
    "let new not or pass raise return self static struct try var void while with yield None True False"
)
KEYWORDS = frozenset(_KEYWORDS.split())


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """Code in a layout: plain, numbered, dark, editor or dark_editor."""
    face = faces.of("mono").need(rng)
    dark, numbered = layout in ("dark", "dark_editor"), layout in ("numbered", "editor", "dark_editor")
    hue = rng.random()
    ground = from_hsv(hue, rng.uniform(0, 0.5), rng.uniform(0.05, 0.2)) if dark else from_hsv(hue, 0.02, 1.0)
    keyword, string = (legible(from_hsv(rng.random(), 0.6, 0.95 if dark else 0.45), ground) for _ in range(2))
    ink = from_hsv(hue, 0.05, 0.92) if dark else from_hsv(hue, 0.3, 0.15)
    comment = legible(from_hsv(hue, 0.1, 0.55), ground)
    page_size, size, margin = rng.choice(SIZES), rng.randint(10, 15), rng.randint(6, 16)
    style = Style(face, face, size, margin, paper=ground, ink=ink, muted=comment, accent=keyword)
    sheet = Sheet(rng, text, style, layout, page_size)
    page, pen, top = sheet.page, sheet.body, rng.randint(6, 16)
    name = f"{sheet.fields.word()}{rng.choice(('.py', '.py', '.txt', '.src'))}" if "editor" in layout else ""
    if name:
        top = _tab(sheet, name) + 6
    start = rng.choice((1, 1, rng.randint(2, 900))) if numbered else 1
    rows = (sheet.bottom - top) // pen.leading
    gutter = round(pen.width("0000 ")) if numbered else 0
    columns = int((sheet.right - sheet.left - gutter) / pen.width("M"))
    lines = _trimmed(sheet.text.code(rng, max_lines=rng.randint(min(4, rows), rows), max_columns=columns), columns)
    lines = lines[:rows]
    shade = sheet.grey(0.06)
    if numbered:
        page.draw.rectangle((0, top - 3, margin + gutter - 6, sheet.height), fill=shade)
    for number, line in enumerate(lines, start=start):
        with page.one_line():
            if numbered:
                x = margin + gutter - 9 - round(pen.width(str(number)))
                page.line(x, top + pen.ascent, str(number), face, size, legible(comment, shade))
            _code_line(sheet, margin + gutter, top + pen.ascent, line, string)
        top += pen.leading
    sheet.trim()
    _ask(sheet, lines, start=start, numbered=numbered, name=name)
    return sheet.finish()


def _tab(sheet: Sheet, name: str) -> int:
    """A bar with the name of the file. Returns the top of what comes next."""
    draw, pen, left = sheet.page.draw, Pen(sheet.style.body, max(10, sheet.style.size - 1), sheet.style.ink), 10
    height = pen.leading + 8
    draw.rectangle((0, 0, sheet.width, height), fill=sheet.grey(0.12))
    if sheet.rng.random() < 0.5:
        for number in range(3):
            dot = (8 + 14 * number, height // 2 - 4, 16 + 14 * number, height // 2 + 4)
            draw.ellipse(dot, fill=from_hsv(number / 6, 0.7, 0.85))
        left = 62
    draw.rectangle((left - 6, 3, left + round(pen.width(name)) + 8, height), fill=sheet.style.paper)
    sheet.page.line(left, 5 + pen.ascent, name, pen.face, pen.size, pen.colour)
    return height


def _trimmed(lines: list[str], columns: int) -> list[str]:
    """Less the indent that all share and blank lines at both ends; cut to `columns` characters."""
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    shown = [line[indent:][:columns].rstrip() for line in lines]
    filled = [number for number, line in enumerate(shown) if line.strip()]
    return shown[filled[0] : filled[-1] + 1]


def _code_line(sheet: Sheet, x: int, y: int, line: str, string: Colour) -> None:
    """Draw each run in its colour, as one line; after a comment mark all is comment."""
    pen, style, place, comment = sheet.body, sheet.style, float(x), False
    with sheet.page.one_line():
        for run in line.split(" "):
            if run:
                comment = comment or run.startswith(("#", "//"))
                keyword = re.fullmatch(r"\W*[A-Za-z_]+\W*", run) and re.sub(r"\W", "", run) in KEYWORDS
                other = string if run[0] in "\"'" or run[-1] in "\"'" else style.ink
                colour = style.muted if comment else style.accent if keyword else other
                sheet.page.line(round(place), y, run, pen.face, pen.size, colour)
            place += pen.width(run) + pen.width(" ")


def _ask(sheet: Sheet, lines: list[str], *, start: int, numbered: bool, name: str) -> None:
    if name:
        sheet.ask("extractive", name, "What is the name of the file?", "Which file is open?")
    filled = [(number, line.strip()) for number, line in enumerate(lines, start=start) if line.strip()]
    if numbered:
        for number, line in sheet.rng.sample(filled, k=min(2, len(filled))):
            sheet.ask("extractive", line, f"What stands on line {number}?", f"Read line {number}.")
        sheet.ask("extractive", str(start + len(lines) - 1), "What is the number of the last line?")
    else:
        sheet.ask("extractive", filled[0][1], "Read the first line.", "What is the first line of code?")
        sheet.ask("extractive", filled[-1][1], "Read the last line.", "What is the last line of code?")
    wordings = "How many lines of code are not empty?", "Count the lines that are not empty."
    sheet.ask("count", str(len(filled)), *wordings)
    wordings = "Which function or class is defined first?", "Name the first function or class that is defined."
    _ask_first(sheet, filled, r"(?:def|function|fn|class)\s+(\w+)", *wordings)
    _ask_first(sheet, filled, r"(?:import|from)\s+([\w.]+)", "Which module is imported first?")


def _ask_first(sheet: Sheet, lines: list[tuple[int, str]], pattern: str, *wordings: str) -> None:
    """Ask for the name that the first line of a pattern has, when there is one."""
    names = [match[1] for _, line in lines if (match := re.match(pattern, line))]
    if names:
        sheet.ask("extractive", names[0], *wordings)
