"""Menus: a bar with one open, and the menu of a right click, with shortcuts, separators and disabled entries."""

from dataclasses import dataclass, replace

from fc_pipeline.images.synthesis.colour import mix
from fc_pipeline.images.synthesis.screenshots.canvas import Canvas
from fc_pipeline.images.synthesis.screenshots.overlay import panel
from fc_pipeline.images.synthesis.screenshots.widgets import ROW, title_bar
from fc_pipeline.images.synthesis.screenshots.window import menu_bar

GAP = 7.0
"""Height of a separator in points."""


@dataclass(frozen=True)
class Entry:
    """One line of a menu."""

    label: str
    shortcut: str = ""
    checked: bool = False
    disabled: bool = False
    separated: bool = False
    """Whether a separator stands above it."""


def draw_screen(canvas: Canvas) -> str:
    """A menu over text that it hides in part; questions on its entries and shortcuts."""
    rng, theme, layout = canvas.rng, canvas.theme, canvas.layout
    title_bar(canvas, 0, 0, canvas.width, canvas.copy.title(30))
    titles = menu_bar(canvas, ROW + 2, canvas.width)
    canvas.rect(0, 2 * ROW + 2, canvas.width, 1, theme.border)
    body = canvas.copy.paragraph(700)
    canvas.paragraph(8, 2 * ROW + 8, canvas.width - 16, canvas.height - 2 * ROW - 12, body, colour=theme.muted)
    # Before the room is given out, as many entries as the screen is high.
    entries = _entries(canvas, canvas.height - 2 * ROW - 14)
    widths = max(canvas.measure(entry.label) for entry in entries), max(canvas.measure(e.shortcut) for e in entries)
    w, h = min(sum(widths) + 44 + rng.uniform(0, 20), canvas.width - 6.0), _height(entries)
    if layout == "bar":
        name, left, wide = rng.choice(titles)
        x, y = min(left, canvas.width - w - 3), 2 * ROW + 2
        canvas.rect(left + 1, 2 * ROW, wide - 2, 2, theme.link)
        canvas.ask("choice", "Which menu is open?", name)
    else:
        x, y = rng.uniform(3, max(canvas.width - w - 3, 3)), rng.uniform(2 * ROW, canvas.height - h - 3)
    if layout == "submenu":
        _open_beside(canvas, entries, w)
        return "A menu with an open submenu"
    _draw_menu(canvas, x, y, w, entries, highlighted=rng.randrange(len(entries)))
    canvas.ask("count", "How many entries does the open menu have?", str(len(entries)))
    return f"An open menu with {len(entries)} entries"


def _entries(canvas: Canvas, room: float) -> list[Entry]:
    rng, taken, keys = canvas.rng, set[str](), set[str]()
    entries: list[Entry] = []
    with_keys = rng.random() < 0.85
    for number in range(rng.randint(3, 9)):
        label = canvas.fitting(canvas.copy.command, canvas.width * 0.5, taken)
        keyed = with_keys and rng.random() < 0.7
        shortcut = canvas.fitting(canvas.copy.shortcut, canvas.width * 0.36, keys) if keyed else ""
        checked, disabled = rng.random() < 0.12, rng.random() < 0.12
        entry = Entry(label, shortcut, checked, disabled, separated=number > 0 and rng.random() < 0.25)
        if label and _height([*entries, entry]) <= room:
            entries.append(entry)
    return entries


def _height(entries: list[Entry]) -> float:
    return 6 + sum(ROW + GAP * entry.separated for entry in entries)


def _draw_menu(canvas: Canvas, x: float, y: float, w: float, entries: list[Entry], *, highlighted: int) -> list[float]:
    """Draw a menu and ask about its entries. Returns the top of each entry."""
    theme, tops = canvas.theme, []
    panel(canvas, x, y, w, _height(entries), theme.surface, radius=min(theme.radius, 6))
    top = y + 3
    for number, entry in enumerate(entries):
        if entry.separated:
            canvas.rect(x + 6, top + 3, w - 12, 1, mix(theme.surface, theme.text, 0.25))
            top += GAP
        ink = theme.muted if entry.disabled else theme.text
        if number == highlighted:
            canvas.rect(x + 3, top, w - 6, ROW, theme.accent, radius=min(theme.radius, 4))
            ink = theme.on_accent
        if entry.checked:
            canvas.icon("check", x + 6, top + 5, 10, ink)
        canvas.text(x + 20, top, w - 26, ROW, entry.label, colour=ink)
        if entry.shortcut:
            canvas.text(x + 20, top, w - 30, ROW, entry.shortcut, colour=ink, align="right")
        tops.append(top)
        top += ROW
    keyed = [entry for entry in entries if entry.shortcut]
    if keyed:
        entry = canvas.rng.choice(keyed)
        canvas.ask("field", f'What is the shortcut of "{entry.label}"?', entry.shortcut)
    canvas.ask("choice", "Which menu entry is highlighted?", entries[highlighted].label)
    return tops


def _open_beside(canvas: Canvas, entries: list[Entry], w: float) -> None:
    """A menu at the left, one of whose entries has opened another at its right."""
    rng = canvas.rng
    parents = [e for e in _entries(canvas, canvas.height * 0.6) if canvas.measure(e.label) < canvas.width * 0.3]
    parents = [Entry(e.label, separated=e.separated) for e in parents][:5] or [Entry("View")]
    left = max(canvas.measure(entry.label) for entry in parents) + 42
    row = rng.randrange(len(parents))
    tops = _draw_menu(canvas, 4, 2 * ROW + rng.uniform(2, 10), left, parents, highlighted=row)
    # The highlight that is asked for is the one of the menu on top.
    canvas.page.questions.clear()
    canvas.icon("right", left - 10, tops[row] + 5, 10, canvas.theme.on_accent)
    x = min(left + 2, canvas.width - 60.0)
    room = canvas.width - x - 3
    kept = [e for e in entries if canvas.measure(e.label) + 44 <= room] or [Entry("Open")]
    short = [
        e if canvas.measure(e.label) + canvas.measure(e.shortcut) + 40 <= room else replace(e, shortcut="")
        for e in kept
    ]
    y = max(min(tops[row] - 3, canvas.height - _height(short) - 3.0), 2 * ROW)
    _draw_menu(canvas, x, y, min(max(w, 60), room), short, highlighted=rng.randrange(len(short)))
    canvas.ask("count", "How many entries does the submenu have?", str(len(short)))
    canvas.ask("choice", "Which entry opened the submenu?", parents[row].label)
