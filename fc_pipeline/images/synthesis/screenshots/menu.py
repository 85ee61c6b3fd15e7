"""Menus: a bar with one open, and the menu of a right click, with shortcuts, separators and disabled entries."""

from __future__ import annotations

import random
from dataclasses import dataclass

from fc_pipeline.images.synthesis.colour import mix
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Kind, Page, TextPool
from fc_pipeline.images.synthesis.screenshots.canvas import Canvas
from fc_pipeline.images.synthesis.screenshots.overlay import cursor, panel
from fc_pipeline.images.synthesis.screenshots.widgets import ROW, title_bar
from fc_pipeline.images.synthesis.screenshots.window import menu_bar

BAR, CONTEXT, SUBMENU = "bar", "context", "submenu"
GAP = 7.0
"""Height of a separator in points."""


@dataclass(frozen=True)
class Entry:
    """One line of a menu."""

    label: str
    shortcut: str
    checked: bool
    disabled: bool
    separated: bool
    """Whether a separator stands above it."""


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """A menu over text that it hides in part; questions on its entries and shortcuts."""
    canvas = Canvas(rng, text, faces, least=(224, 200))
    page, theme = canvas.page, canvas.theme
    page.meta["layout"] = layout
    title_bar(canvas, 0, 0, canvas.width, canvas.copy.title(30))
    titles = menu_bar(canvas, ROW + 2, canvas.width)
    canvas.rect(0, 2 * ROW + 2, canvas.width, 1, theme.border)
    body = canvas.copy.paragraph(700)
    canvas.paragraph(8, 2 * ROW + 8, canvas.width - 16, canvas.height - 2 * ROW - 12, body, colour=theme.muted)
    # Before the room is given out, as many entries as the screen is high.
    entries = _entries(canvas, canvas.height - 2 * ROW - 14)
    w = _width(canvas, entries)
    h = _height(entries)
    if layout == BAR:
        name, left, wide = rng.choice(titles)
        y = 2 * ROW + 2
        x = min(left, canvas.width - w - 3)
        canvas.rect(left + 1, 2 * ROW, wide - 2, 2, theme.link)
        canvas.ask("choice", "Which menu is open?", name)
    else:
        x, y = rng.uniform(3, max(canvas.width - w - 3, 3)), rng.uniform(2 * ROW, canvas.height - h - 3)
    if layout == SUBMENU:
        _open_beside(canvas, entries, w, h)
    else:
        _draw_menu(canvas, x, y, w, entries, highlighted=rng.randrange(len(entries)))
        canvas.ask("count", "How many entries does the open menu have?", str(len(entries)))
    if rng.random() < 0.4:
        cursor(canvas)
    page.caption = f"An open menu with {len(entries)} entries" if layout != SUBMENU else "A menu with an open submenu"
    return page


def _entries(canvas: Canvas, room: float) -> list[Entry]:
    rng, taken, keys = canvas.rng, set[str](), set[str]()
    entries: list[Entry] = []
    with_keys = rng.random() < 0.85
    for number in range(rng.randint(3, 9)):
        label = canvas.fitting(canvas.copy.command, canvas.width * 0.5, taken)
        keyed = with_keys and rng.random() < 0.7
        shortcut = canvas.fitting(canvas.copy.shortcut, canvas.width * 0.36, keys) if keyed else ""
        entry = Entry(
            label=label,
            shortcut=shortcut,
            checked=rng.random() < 0.12,
            disabled=rng.random() < 0.12,
            separated=number > 0 and rng.random() < 0.25,
        )
        if label and _height([*entries, entry]) <= room:
            entries.append(entry)
    return entries


def _height(entries: list[Entry]) -> float:
    return 6 + sum(ROW + GAP * entry.separated for entry in entries)


def _width(canvas: Canvas, entries: list[Entry]) -> float:
    labels = max(canvas.measure(entry.label) for entry in entries)
    keys = max(canvas.measure(entry.shortcut) for entry in entries)
    return min(labels + keys + 44 + canvas.rng.uniform(0, 20), canvas.width - 6.0)


def _draw_menu(canvas: Canvas, x: float, y: float, w: float, entries: list[Entry], *, highlighted: int) -> list[float]:
    """Draw a menu and ask about its entries. Returns the top of each entry."""
    theme, tops = canvas.theme, []
    panel(canvas, x, y, w, _height(entries), theme.surface, radius=min(theme.radius, 6))
    place = y + 3
    for number, entry in enumerate(entries):
        if entry.separated:
            canvas.rect(x + 6, place + 3, w - 12, 1, mix(theme.surface, theme.text, 0.25))
            place += GAP
        marked = number == highlighted
        if marked:
            canvas.rect(x + 3, place, w - 6, ROW, theme.accent, radius=min(theme.radius, 4))
        ink = theme.on_accent if marked else theme.muted if entry.disabled else theme.text
        if entry.checked:
            canvas.icon("check", x + 6, place + 5, 10, ink)
        canvas.text(x + 20, place, w - 26, ROW, entry.label, colour=ink)
        if entry.shortcut:
            canvas.text(x + 20, place, w - 30, ROW, entry.shortcut, colour=ink, align="right")
        tops.append(place)
        place += ROW
    keyed = [entry for entry in entries if entry.shortcut]
    if keyed:
        entry = canvas.rng.choice(keyed)
        canvas.ask("field", f'What is the shortcut of "{entry.label}"?', entry.shortcut)
    if highlighted >= 0:
        canvas.ask("choice", "Which menu entry is highlighted?", entries[highlighted].label)
    return tops


def _open_beside(canvas: Canvas, entries: list[Entry], w: float, h: float) -> None:
    """A menu at the left whose last entry but one has opened another at its right."""
    rng, theme = canvas.rng, canvas.theme
    parents = [e for e in _entries(canvas, canvas.height * 0.6) if canvas.measure(e.label) < canvas.width * 0.3]
    parents = [Entry(e.label, "", False, False, e.separated) for e in parents][:5] or [
        Entry("View", "", False, False, False)
    ]
    left = max(canvas.measure(entry.label) for entry in parents) + 42
    row = rng.randrange(len(parents))
    top = 2 * ROW + rng.uniform(2, 10)
    tops = _draw_menu(canvas, 4, top, left, parents, highlighted=row)
    # The highlight that is asked for is the one of the menu on top.
    canvas.page.questions.clear()
    canvas.icon("right", left - 10, tops[row] + 5, 10, theme.on_accent)
    x = min(left + 2, canvas.width - 60.0)
    room = canvas.width - x - 3
    kept = [e for e in entries if canvas.measure(e.label) + 44 <= room] or [Entry("Open", "", False, False, False)]
    short = [
        Entry(e.label, e.shortcut * (canvas.measure(e.label) + canvas.measure(e.shortcut) + 40 <= room), *_flags(e))
        for e in kept
    ]
    y = max(min(tops[row] - 3, canvas.height - _height(short) - 3.0), 2 * ROW)
    _draw_menu(canvas, x, y, min(max(w, 60), room), short, highlighted=rng.randrange(len(short)))
    canvas.ask("count", "How many entries does the submenu have?", str(len(short)))
    canvas.ask("choice", "Which entry opened the submenu?", parents[row].label)


def _flags(entry: Entry) -> tuple[bool, bool, bool]:
    return entry.checked, entry.disabled, entry.separated


KIND = Kind(name="screenshot/menu", render=render, layouts=(BAR, CONTEXT, SUBMENU), held_out=(SUBMENU,))
