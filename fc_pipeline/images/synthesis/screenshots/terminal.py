"""Terminals and editors, with source code of the corpus."""

from __future__ import annotations

import random

from fc_pipeline.images.synthesis.colour import Colour, any_hue, mix, readable
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Kind, Page, TextPool
from fc_pipeline.images.synthesis.screenshots.canvas import Canvas
from fc_pipeline.images.synthesis.screenshots.overlay import cursor
from fc_pipeline.images.synthesis.screenshots.widgets import ROW, tabs, title_bar
from fc_pipeline.images.synthesis.screenshots.wording import plain

TERMINAL, EDITOR, CONSOLE, DIFF = "terminal", "editor", "console", "diff"
KEYWORDS = frozenset(
    (
        *(
            "and",
            "as",
            "assert",
            "break",
            "class",
            "continue",
            "def",
            "elif",
            "else",
            "except",
            "finally",
            "for",
            "from",
        ),
        *("if", "import", "in", "is", "lambda", "not", "or", "pass", "raise", "return", "self", "try", "while", "with"),
        *(
            "yield",
            "None",
            "True",
            "False",
            "const",
            "let",
            "var",
            "function",
            "new",
            "int",
            "void",
            "static",
            "public",
        ),
    )
)
COMMANDS = ("git log", "ls -l", "cat", "make", "grep -n", "python", "head", "cd", "ssh", "diff", "tail -f")


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """Code or the lines of a session, in one colour a token class."""
    canvas = Canvas(rng, text, faces, least=(240, 200))
    page, theme = canvas.page, canvas.theme
    page.meta["layout"] = layout
    title = title_bar(canvas, 0, 0, canvas.width, _title(canvas, layout))
    if title:
        canvas.ask("extractive", "What is the title of the window?", title)
    top = ROW + 2
    if layout == EDITOR:
        _tab_row(canvas, top)
        top += ROW + 2
    ground = theme.field if layout in (EDITOR, DIFF) else rng.choice((theme.field, (14, 16, 20), (30, 12, 32)))
    canvas.rect(0, top, canvas.width, canvas.height - top, ground)
    ink = readable(theme.text, [ground])
    shades = [readable(any_hue(rng, (0.4, 0.6), (0.5, 0.9)), [ground]) for _ in range(3)]
    if layout in (EDITOR, DIFF):
        _code(canvas, text, top + 4, ink, shades, ground, layout)
    else:
        _session(canvas, text, top + 4, ink, shades, layout)
    if rng.random() < 0.3:
        cursor(canvas)
    page.caption = f"A {'code editor' if layout in (EDITOR, DIFF) else 'terminal'}" + (
        f" titled {title}" if title else ""
    )
    return page


def _title(canvas: Canvas, layout: str) -> str:
    copy = canvas.copy
    if layout in (EDITOR, DIFF):
        return copy.file_name()
    return f"{copy.word(7).lower()}@{copy.word(8).lower()}: ~/{copy.word(8).lower()}"


def _tab_row(canvas: Canvas, top: float) -> None:
    taken: set[str] = set()
    labels = [canvas.fitting(canvas.copy.file_name, 110, taken) for _ in range(canvas.rng.randint(1, 3))]
    labels = [label for label in labels if label]
    if labels:
        chosen = canvas.rng.randrange(len(labels))
        drawn = tabs(canvas, 0, top, canvas.width, labels, chosen)
        if len(drawn) > chosen:
            canvas.ask("choice", "Which tab is active?", drawn[chosen])


def _lines(canvas: Canvas, text: TextPool, rows: int, w: float, size: float) -> list[str]:
    """Source lines that the monospaced face can draw in w points; others are left out."""
    kept: list[str] = []
    columns = int(w / canvas.measure("0", size=size, face=canvas.mono))
    for _ in range(3 if rows else 0):
        for line in text.code(canvas.rng, max_lines=rows, max_columns=columns):
            line = line.expandtabs(4).rstrip()
            drawable = line.isprintable() and canvas.mono.covers(line) and all(plain(word) for word in line.split())
            if drawable and canvas.measure(line, size=size, face=canvas.mono) <= w:
                kept.append(line)
        if len(kept) >= rows // 2:
            break
    return kept[:rows]


def _runs(line: str, ink: Colour, shades: list[Colour]) -> list[tuple[str, Colour]]:
    """The line cut at its spaces, each piece with its colour; a comment has one to its end."""
    runs: list[tuple[str, Colour]] = []
    comment = False
    for number, piece in enumerate(line.split(" ")):
        comment = comment or piece.startswith(("#", "//"))
        bare = piece.strip("():,[]{};.")
        colour = shades[0] if comment else shades[1] if bare in KEYWORDS else ink
        if not comment and piece[:1] in "\"'" and piece:
            colour = shades[2]
        runs.append((" " * (number > 0) + piece, colour))
    return runs


def _code(
    canvas: Canvas, text: TextPool, top: float, ink: Colour, shades: list[Colour], ground: Colour, layout: str
) -> None:
    """Numbered lines; a diff has a sign and a shade for those that came and went."""
    rng, size = canvas.rng, canvas.size - 0.5
    advance, step = canvas.measure("0", size=size, face=canvas.mono), size * 1.42
    first = rng.choice((1, rng.randint(1, 900)))
    gutter = advance * 3 + 12
    rows = int((canvas.height - top - 4) / step)
    lines = _lines(canvas, text, rows, canvas.width - gutter - 14 - 2 * advance * (layout == DIFF), size)
    muted = mix(ink, ground, 0.3)
    added = removed = 0
    for number, line in enumerate(lines):
        y = top + step * number
        sign = rng.choices((" ", "+", "-"), (4, 2, 1))[0] if layout == DIFF and line else " "
        if sign != " ":
            tint: Colour = (40, 160, 70) if sign == "+" else (200, 50, 50)
            canvas.rect(gutter - 2, y, canvas.width, step, mix(ground, tint, 0.18))
            added, removed = added + (sign == "+"), removed + (sign == "-")
        label = str(first + number)
        canvas.text(2, y, gutter - 8, step, label, size=size, face=canvas.mono, colour=muted, align="right")
        shown = f"{sign} {line}" if layout == DIFF else line
        plain_ink = readable(ink, [mix(ground, (40, 160, 70), 0.18), ground])
        runs = [(shown, plain_ink)] if layout == DIFF else _runs(shown, ink, shades)
        canvas.coloured(gutter, y + step * 0.75, runs, canvas.mono, size)
        if line.strip() and layout == EDITOR and rng.random() < 0.08:
            canvas.ask("extractive", f"What does line {label} say?", line.strip())
    if layout == DIFF and lines:
        canvas.ask("count", "How many lines were added?", str(added))
        canvas.ask("count", "How many lines were removed?", str(removed))


def _session(canvas: Canvas, text: TextPool, top: float, ink: Colour, shades: list[Colour], layout: str) -> None:
    """Prompts with commands and their output; a console has only `>>>` and its output."""
    rng, copy, size = canvas.rng, canvas.copy, canvas.size - 0.5
    w, step = canvas.width - 12.0, size * 1.42
    rows = int((canvas.height - top - 4) / step)
    prompt = ">>>" if layout == CONSOLE else rng.choice(("$", f"{copy.word(5).lower()}$", "~ %"))
    row, commands = 0, []
    while row < rows:
        command = (
            f"{rng.choice(COMMANDS)} {copy.file_name()}"
            if layout == TERMINAL
            else f"{copy.word(8).lower()}({rng.randint(0, 99)})"
        )
        whole = f"{prompt} {command}"
        if canvas.measure(whole, size=size, face=canvas.mono) <= w and canvas.mono.covers(whole):
            baseline = top + step * (row + 0.75)
            canvas.coloured(6, baseline, [(prompt, shades[0]), (f" {command}", ink)], canvas.mono, size)
            commands.append(command)
        row += 1
        for line in _lines(canvas, text, min(rng.randint(0, 6), rows - row), w, size):
            canvas.coloured(6, top + step * (row + 0.75), [(line, mix(ink, shades[1], 0.3))], canvas.mono, size)
            row += 1
    if commands:
        canvas.ask("extractive", "Which command was entered first?", commands[0])
        canvas.ask("extractive", "Which command was entered last?", commands[-1])


KIND = Kind(name="screenshot/terminal", render=render, layouts=(TERMINAL, EDITOR, CONSOLE, DIFF), held_out=(DIFF,))
