"""Screens of a few rows: a message with its button, entries of a menu, check boxes, tabs, a field, a notification."""

import random
from collections.abc import Callable

from fc_pipeline.images.synthesis.colour import Colour, mix, on, readable
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Page, TextPool
from fc_pipeline.images.synthesis.screenshots.shapes import icon, rounded
from fc_pipeline.images.synthesis.screenshots.theme import Theme, draw_theme
from fc_pipeline.images.synthesis.screenshots.wording import PRIMARY, SECONDARY, Copy
from fc_pipeline.images.synthesis.small.rows import MARGIN, Rows
from fc_pipeline.images.synthesis_config import SmallConfig

ENTRY_WORDINGS = ("Which entry is selected?", "What is selected?", "Which entry is highlighted?")
BUTTON_WORDINGS = ("What does the button say?", "Which button is there?", "Read the button.")
MESSAGE_WORDINGS = ("What does the message say?", "Read the message.", "What is the message?")
TITLE_WORDINGS = ("What is the title?", "Read the title.", "What does the title say?")


def render_screenshot(rng: random.Random, text: TextPool, faces: Faces, layout: str, *, config: SmallConfig) -> Page:
    """A screen in a light or dark theme. meta: layout, theme, style, size (pixels an em), degradations.

    Raises:
        NotDrawn: no face has printable ASCII, or no text is short enough.
    """
    rows = Rows(rng, faces, config)
    screen = _Screen(rows, draw_theme(rng), Copy(rng, text, rows.face))
    rows.page.meta["theme"] = screen.theme.name
    _DRAW[layout](screen)
    return rows.finish(layout)


class _Screen:
    """Rows with a theme and the words of user interfaces."""

    def __init__(self, rows: Rows, theme: Theme, copy: Copy) -> None:
        self.rows, self.rng, self.page = rows, rows.rng, rows.page
        self.theme, self.copy = theme, copy
        self.width, self.row_height = rows.config.width, rows.config.row_height
        self.room = self.width - 2 * MARGIN
        self.panel(0, 0, self.width, rows.config.height, theme.window)

    def panel(self, left: float, top: float, right: float, bottom: float, fill: Colour, *, radius: float = 0) -> None:
        """A filled rectangle with round corners."""
        box = round(left), round(top), round(right), round(bottom)
        mask = rounded(box[2] - box[0], box[3] - box[1], round(radius)) if radius else None
        self.page.image.paste(fill, box, mask)

    def band(self, row: int, fill: Colour, *, inset: int = 0, radius: float = 0) -> None:
        """A row's ground, `inset` pixels inside it."""
        top = self.rows.top(row)
        self.panel(inset, top + inset, self.width - inset, top + self.row_height - inset, fill, radius=radius)

    def framed(self, left: float, top: float, right: float, bottom: float, fill: Colour, outline: Colour) -> None:
        """The same in the theme's radius, with an outline of a pixel."""
        self.panel(left, top, right, bottom, outline, radius=self.theme.radius)
        self.panel(left + 1, top + 1, right - 1, bottom - 1, fill, radius=self.theme.radius)

    def icon(self, name: str, row: int, x: float, size: int, colour: Colour) -> None:
        """An icon in the middle of a row."""
        top = self.rows.top(row) + (self.row_height - size) // 2
        self.page.image.paste(colour, (round(x), top), icon(name, size))

    def sentence(self) -> str:
        """Running text for a row."""
        return self.copy.sentence(self.rows.config.max_chars)

    def name(self) -> str:
        """What an entry, a tab or a title says."""
        make: Callable[[], str] = self.rng.choice((self.copy.command, self.copy.file_name, self.word, self.word))
        return make()

    def button_text(self) -> str:
        """The vocabulary of user interfaces, or words of the corpus."""
        if self.rng.random() < 0.5:
            return self.rng.choice((*PRIMARY, *SECONDARY))
        return self.rng.choice((self.copy.command, self.word))()

    def word(self) -> str:
        """A word of the corpus with a capital."""
        return self.copy.name(self.rows.config.max_chars)

    def title_bar(self) -> str:
        """A bar on the first row and a question on its title. Returns the title."""
        ground, ink = self.theme.bar, self.theme.text
        if self.rng.random() < 0.4:
            ground, ink = self.theme.accent, self.theme.on_accent
        self.band(0, ground)
        title = self.rows.fitting(self.name, self.room)
        self.rows.write(0, MARGIN, title, ink)
        self.rows.ask("extractive", title, *TITLE_WORDINGS)
        return title

    def message(self, first: int, last: int, *, colour: Colour | None = None) -> None:
        """Some words of the corpus on each row, `last` excluded, and a question on them all."""
        lines = [self.rows.fitting(self.sentence, self.room) for _ in range(first, last)]
        for row, line in enumerate(lines, first):
            self.rows.write(row, MARGIN, line, colour or self.theme.text)
        self.rows.ask("extractive", " ".join(lines), *MESSAGE_WORDINGS)


def _message(screen: _Screen) -> None:
    """A title bar or a message, or both, over a button."""
    last = screen.rows.count - 1
    titled = screen.rng.random() < 0.5 or last > 1
    if titled:
        screen.title_bar()
    if last > titled:
        screen.message(int(titled), last)
    _button(screen, last)


def _button(screen: _Screen, row: int) -> None:
    """One button, or two where they fit, of which one is highlighted."""
    rows, rng, theme = screen.rows, screen.rng, screen.theme
    taken: set[str] = set()
    labels = [rows.fitting(screen.button_text, screen.room - 12, taken)]
    other = screen.button_text()
    wide = sum(rows.width(label) + 14 for label in (*labels, other)) + 6
    if other not in taken and len(f"{labels[0]} {other}") <= rows.config.max_chars and wide <= screen.width - 6:
        labels.append(other)
    primary = rng.randrange(len(labels))
    spare = screen.width - 6 - sum(rows.width(label) + 14 for label in labels) - 6 * (len(labels) - 1)
    x, top = 3 + spare * rng.choice((0.0, 0.5, 1.0)), rows.top(row)
    baseline = rows.baseline(row, " ".join(labels))
    filled = len(labels) > 1 or rng.random() < 0.7
    for number, label in enumerate(labels):
        ground, outline, ink = mix(theme.surface, theme.text, 0.08), theme.border, theme.text
        if filled and number == primary:
            ground, outline, ink = theme.accent, theme.accent, theme.on_accent
        end = x + rows.width(label) + 14
        screen.framed(x, top + 1, end, top + screen.row_height - 1, ground, outline)
        rows.write(row, x + 7, label, ink, baseline=baseline)
        x = end + 6
    if len(labels) > 1:
        rows.ask("choice", labels[primary], "Which button is highlighted?")
    else:
        rows.ask("choice", labels[0], *BUTTON_WORDINGS)


def _menu(screen: _Screen) -> None:
    """Entries, the selected one on the accent."""
    theme = screen.theme
    inset, radius = screen.rng.randint(0, 2), theme.radius

    def mark(row: int) -> Colour:
        screen.band(row, theme.accent, inset=inset, radius=radius)
        return theme.on_accent

    _entries(screen, mark)


def _list(screen: _Screen) -> None:
    """Entries between rules, the selected one on a tint with a stripe at its left."""
    theme = screen.theme
    ground = mix(theme.window, theme.accent, 0.25)

    def mark(row: int) -> Colour:
        top = screen.rows.top(row)
        screen.band(row, ground)
        screen.panel(0, top, 4, top + screen.row_height, theme.accent)
        return readable(theme.link, [ground])

    _entries(screen, mark, left=MARGIN + 4)
    for row in range(1, screen.rows.count):
        screen.page.draw.line((0, screen.rows.top(row), screen.width, screen.rows.top(row)), fill=theme.border)


def _entries(screen: _Screen, mark: Callable[[int], Colour], *, left: float = MARGIN) -> None:
    """An entry in each row, one of them marked, and which."""
    rows, taken = screen.rows, set[str]()
    entries = [rows.fitting(screen.name, screen.width - MARGIN - left, taken) for _ in range(rows.count)]
    chosen = screen.rng.randrange(len(entries))
    for row, entry in enumerate(entries):
        colour = mark(row) if row == chosen else screen.theme.text
        rows.write(row, left, entry, colour)
    rows.ask("choice", entries[chosen], *ENTRY_WORDINGS)


def _check_boxes(screen: _Screen) -> None:
    side = round(0.55 * screen.row_height)

    def draw(row: int, checked: bool) -> None:
        theme, top = screen.theme, screen.rows.top(row) + (screen.row_height - side) // 2
        box = (MARGIN, top, MARGIN + side, top + side)
        if checked:
            screen.panel(*box, theme.accent, radius=3)
            screen.icon("check", row, MARGIN + 1, side - 2, theme.on_accent)
        else:
            screen.panel(*box, theme.muted, radius=3)
            screen.panel(box[0] + 2, box[1] + 2, box[2] - 2, box[3] - 2, theme.field, radius=2)

    _states(screen, draw, "checked", left=MARGIN + side + 6)


def _switches(screen: _Screen) -> None:
    high = round(0.5 * screen.row_height)
    wide = round(1.8 * high)

    def draw(row: int, turned_on: bool) -> None:
        theme, top = screen.theme, screen.rows.top(row) + (screen.row_height - high) // 2
        ground = theme.accent if turned_on else mix(theme.window, theme.text, 0.4)
        screen.panel(MARGIN, top, MARGIN + wide, top + high, ground, radius=high / 2)
        knob = high - 4
        screen.icon("disc", row, MARGIN + (wide - knob - 2 if turned_on else 2), knob, on(ground))

    _states(screen, draw, "on", left=MARGIN + wide + 6)


def _ticks(screen: _Screen) -> None:
    """A tick or a cross at the right of each label."""
    side = round(0.6 * screen.row_height)
    place = screen.width - MARGIN - side

    def draw(row: int, checked: bool) -> None:
        theme = screen.theme
        screen.icon("check" if checked else "cross", row, place, side, theme.link if checked else theme.muted)

    _states(screen, draw, "checked", right=place - 6)


def _states(
    screen: _Screen, draw: Callable[[int, bool], None], state: str, *, left: float = MARGIN, right: float | None = None
) -> None:
    """Labels, and what `draw` draws beside each for its state; the first row may be a title instead."""
    rows, rng = screen.rows, screen.rng
    first = int(rng.random() < 0.4)
    taken = {screen.title_bar()} if first else set()
    room = (screen.width - MARGIN if right is None else right) - left
    labels = [
        rows.fitting(rng.choice((screen.name, screen.copy.setting)), room, taken) for _ in range(first, rows.count)
    ]
    states = {label: rng.random() < 0.5 for label in labels}
    for row, (label, value) in enumerate(states.items(), first):
        draw(row, value)
        rows.write(row, left, label, screen.theme.text)
        wordings = [f"Is {label} {state}?"] + [f"Is it {state}?"] * (len(labels) == 1)
        rows.ask("yes_no", "yes" if value else "no", *wordings)
    if sum(states.values()) == 1 and len(states) > 1:
        rows.ask("choice", max(states, key=states.__getitem__), f"Which is {state}?", f"What is {state}?")


def _tabs(screen: _Screen) -> None:
    """A bar with two tabs, the open one on the ground of what it shows, over a message."""
    rows, rng, theme = screen.rows, screen.rng, screen.theme
    taken: set[str] = set()
    first = rows.fitting(lambda: screen.copy.name(6), screen.room * 0.6, taken)
    second = rows.fitting(lambda: screen.copy.name(6), screen.width - 4 * MARGIN - rows.width(first), taken)
    chosen = rng.randrange(2)
    screen.band(0, theme.bar)
    baseline, x = rows.baseline(0, f"{first} {second}"), 0.0
    for number, label in enumerate((first, second)):
        end = x + rows.width(label) + 2 * MARGIN
        if number == chosen:
            screen.panel(x, 0, end, screen.row_height, theme.window)
            screen.panel(x, screen.row_height - 3, end, screen.row_height, theme.accent)
        rows.write(0, x + MARGIN, label, theme.text, baseline=baseline)
        x = end
    rows.ask("choice", (first, second)[chosen], "Which tab is open?", "Which tab is selected?")
    screen.message(1, rows.count)


def _fields(screen: _Screen) -> None:
    """Fields below their labels; a title where the rows are odd."""
    rows, rng, theme = screen.rows, screen.rng, screen.theme
    odd = rows.count % 2
    if odd:
        screen.title_bar()
    taken = {"Title"}  # what the bar has is called so
    for row in range(odd, rows.count, 2):
        label = rows.fitting(screen.copy.field, screen.room, taken)
        value = rows.fitting(screen.copy.value, screen.room - 6)
        top, bottom = rows.top(row + 1), rows.top(row + 2)
        rows.write(row, MARGIN, label, theme.text)
        focused = rng.random() < 0.5
        outline = theme.accent if focused else theme.border
        screen.framed(2, top + 1, screen.width - 2, bottom - 1, theme.field, outline)
        rows.write(row + 1, MARGIN + 3, value, theme.text)
        if focused:
            caret = MARGIN + 5 + round(rows.width(value))
            screen.page.draw.line((caret, top + 6, caret, bottom - 7), fill=theme.text)
        rows.ask("field", value, f"What is the {label.lower()}?", f"{label}?", f"What does {label} say?")


def _notification(screen: _Screen) -> None:
    """A card with an icon beside its title, over a message."""
    rows, rng, theme = screen.rows, screen.rng, screen.theme
    screen.panel(0, 0, screen.width, rows.config.height, theme.desktop)
    screen.panel(1, 1, screen.width - 1, rows.config.height - 1, theme.surface, radius=theme.radius + 2)
    side = round(0.55 * screen.row_height)
    screen.icon(rng.choice(("bell", "warning", "star", "user", "disc")), 0, MARGIN, side, theme.link)
    left = MARGIN + side + 5
    title = rows.fitting(screen.name, screen.width - MARGIN - left)
    rows.write(0, left, title, theme.link)
    rows.ask("extractive", title, *TITLE_WORDINGS)
    screen.message(1, rows.count)


def _snackbar(screen: _Screen) -> None:
    """A message on a dark or light bar, with a button that is only coloured text."""
    rows, theme = screen.rows, screen.theme
    ground = mix(theme.text, theme.window, 0.12)
    screen.panel(1, 1, screen.width - 1, rows.config.height - 1, ground, radius=theme.radius)
    screen.message(0, rows.count - 1, colour=on(ground))
    label = rows.fitting(screen.button_text, screen.room)
    x = screen.width - MARGIN - rows.width(label)
    rows.write(rows.count - 1, x, label, readable(theme.accent, [ground]))
    rows.ask("choice", label, *BUTTON_WORDINGS)


_DRAW: dict[str, Callable[[_Screen], None]] = {
    "message": _message,
    "menu": _menu,
    "check_boxes": _check_boxes,
    "switches": _switches,
    "tabs": _tabs,
    "fields": _fields,
    "notification": _notification,
    "list": _list,
    "snackbar": _snackbar,
    "ticks": _ticks,
}
