"""Terminals and editors, with source code of the corpus."""

from fc_pipeline.images.synthesis.colour import Colour, any_hue, mix, readable
from fc_pipeline.images.synthesis.screenshots.canvas import Canvas
from fc_pipeline.images.synthesis.screenshots.widgets import ROW, tabs, title_bar
from fc_pipeline.images.synthesis.screenshots.wording import plain

_KEYWORDS = (
    "and as assert break class continue def elif else except finally for from if import in is lambda not or pass raise "
    "return self try while with yield None True False const let var function new int void static public"
)
KEYWORDS = frozenset(_KEYWORDS.split())
COMMANDS = ("git log", "ls -l", "cat", "make", "grep -n", "python", "head", "cd", "ssh", "diff", "tail -f")
ADDED: Colour = (40, 160, 70)
REMOVED: Colour = (200, 50, 50)


def draw_screen(canvas: Canvas) -> str:
    """Code or the lines of a session, in one colour a token class."""
    rng, theme, copy, edited = canvas.rng, canvas.theme, canvas.copy, canvas.layout in ("editor", "diff")
    title = copy.file_name() if edited else f"{copy.word(7).lower()}@{copy.word(8).lower()}: ~/{copy.word(8).lower()}"
    title = title_bar(canvas, 0, 0, canvas.width, title)
    canvas.ask("extractive", "What is the title of the window?", title)
    top = ROW + 2
    if canvas.layout == "editor":
        taken = set[str]()
        labels = [canvas.fitting(copy.file_name, 110, taken) for _ in range(rng.randint(1, 3))]
        labels = [label for label in labels if label]
        if labels:
            tabs(canvas, 0, top, canvas.width, labels, rng.randrange(len(labels)))
        top += ROW + 2
    ground = theme.field if edited else rng.choice((theme.field, (14, 16, 20), (30, 12, 32)))
    canvas.rect(0, top, canvas.width, canvas.height - top, ground)
    ink = readable(theme.text, [ground])
    shades = [readable(any_hue(rng, (0.4, 0.6), (0.5, 0.9)), [ground]) for _ in range(3)]
    if edited:
        _code(canvas, top + 4, ink, shades, ground)
    else:
        _session(canvas, top + 4, ink, shades)
    return f"A {'code editor' if edited else 'terminal'}" + (f" titled {title}" if title else "")


def _lines(canvas: Canvas, rows: int, w: float, size: float) -> list[str]:
    """Source lines that the monospaced face can draw in w points; others are left out."""
    kept: list[str] = []
    columns = int(w / canvas.measure("0", size=size, face=canvas.mono))
    for _ in range(3 if rows else 0):
        for line in canvas.copy.pool.code(canvas.rng, max_lines=rows, max_columns=columns):
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
        colour = shades[0] if comment else shades[1] if piece.strip("():,[]{};.") in KEYWORDS else ink
        if not comment and piece.startswith(('"', "'")):
            colour = shades[2]
        runs.append((" " * (number > 0) + piece, colour))
    return runs


def _code(canvas: Canvas, top: float, ink: Colour, shades: list[Colour], ground: Colour) -> None:
    """Numbered lines; a diff has a sign and a shade for those that came and went."""
    rng, size, mono, diff = canvas.rng, canvas.size - 0.5, canvas.mono, canvas.layout == "diff"
    advance, step = canvas.measure("0", size=size, face=mono), size * 1.42
    first = rng.choice((1, rng.randint(1, 900)))
    gutter, rows = advance * 3 + 12, int((canvas.height - top - 4) / step)
    lines = _lines(canvas, rows, canvas.width - gutter - 14 - 2 * advance * diff, size)
    muted, plain_ink = mix(ink, ground, 0.3), readable(ink, [mix(ground, ADDED, 0.18), ground])
    counts = {"+": 0, "-": 0, " ": 0}
    for number, line in enumerate(lines):
        y, label = top + step * number, str(first + number)
        sign = rng.choices((" ", "+", "-"), (4, 2, 1))[0] if diff and line else " "
        counts[sign] += 1
        if sign != " ":
            tint = ADDED if sign == "+" else REMOVED
            canvas.rect(gutter - 2, y, canvas.width, step, mix(ground, tint, 0.18))
        canvas.text(2, y, gutter - 8, step, label, size=size, face=mono, colour=muted, align="right")
        runs = [(f"{sign} {line}", plain_ink)] if diff else _runs(line, ink, shades)
        canvas.coloured(gutter, y + step * 0.75, runs, mono, size)
        if line.strip() and not diff and rng.random() < 0.08:
            canvas.ask("extractive", f"What does line {label} say?", line.strip())
    if diff and lines:
        canvas.ask("count", "How many lines were added?", str(counts["+"]))
        canvas.ask("count", "How many lines were removed?", str(counts["-"]))


def _session(canvas: Canvas, top: float, ink: Colour, shades: list[Colour]) -> None:
    """Prompts with commands and their output; a console has only `>>>` and its output."""
    rng, copy, size, mono, console = canvas.rng, canvas.copy, canvas.size - 0.5, canvas.mono, canvas.layout == "console"
    w, step = canvas.width - 12.0, size * 1.42
    rows = int((canvas.height - top - 4) / step)
    prompt = ">>>" if console else rng.choice(("$", f"{copy.word(5).lower()}$", "~ %"))
    row, commands = 0, list[str]()
    while row < rows:
        if console:
            command = f"{copy.word(8).lower()}({rng.randint(0, 99)})"
        else:
            command = f"{rng.choice(COMMANDS)} {copy.file_name()}"
        whole = f"{prompt} {command}"
        if canvas.measure(whole, size=size, face=mono) <= w and mono.covers(whole):
            runs = [(prompt, shades[0]), (f" {command}", ink)]
            canvas.coloured(6, top + step * (row + 0.75), runs, mono, size)
            commands.append(command)
        row += 1
        for line in _lines(canvas, min(rng.randint(0, 6), rows - row), w, size):
            canvas.coloured(6, top + step * (row + 0.75), [(line, mix(ink, shades[1], 0.3))], mono, size)
            row += 1
    if commands:
        canvas.ask("extractive", "Which command was entered first?", commands[0])
        canvas.ask("extractive", "Which command was entered last?", commands[-1])
