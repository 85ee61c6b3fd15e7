"""Screens of a few rows: a message with its button, entries of a menu, check boxes, tabs, a field, a notification."""

import random
from collections.abc import Callable
from functools import partial

from fc_pipeline.images.synthesis.colour import Colour, mix, on, readable
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Page, TextPool
from fc_pipeline.images.synthesis.screenshots.shapes import icon, rounded
from fc_pipeline.images.synthesis.screenshots.theme import draw_theme
from fc_pipeline.images.synthesis.screenshots.wording import PRIMARY, SECONDARY, Copy
from fc_pipeline.images.synthesis.small.rows import MARGIN, Rows
from fc_pipeline.images.synthesis_config import SmallConfig

ENTRY_WORDINGS = ("Which entry is selected?", "What is selected?", "Which entry is highlighted?")
BUTTON_WORDINGS = ("What does the button say?", "Which button is there?", "Read the button.")
MESSAGE_WORDINGS = ("What does the message say?", "Read the message.", "What is the message?")
TITLE_WORDINGS = ("What is the title?", "Read the title.", "What does the title say?")


def render_screenshot(rng: random.Random, text: TextPool, faces: Faces, layout: str, *, config: SmallConfig) -> Page:
    """A screen in a light or dark theme. meta: layout, theme, style, size (pixels an em), degradations.

    Raises NotDrawn when no face has printable ASCII, or no text is short enough.
    """
    screen = _Screen(rng, faces, config, layout, text)
    screen.page.meta["theme"] = screen.theme.name
    _DRAW[layout](screen)
    return screen.finish()


class _Screen(Rows):
    """Rows with a theme and the words of user interfaces."""

    def __init__(self, rng: random.Random, faces: Faces, config: SmallConfig, layout: str, text: TextPool) -> None:
        super().__init__(rng, faces, config, layout)
        self.theme, self.copy = draw_theme(rng), Copy(rng, text, self.face)
        self.wide, self.row_height = config.width, config.row_height
        self.room = self.wide - 2 * MARGIN
        self.panel(0, 0, self.wide, config.height, self.theme.window)

    def panel(self, left: float, top: float, right: float, bottom: float, fill: Colour, *, radius: float = 0) -> None:
        box = round(left), round(top), round(right), round(bottom)
        mask = rounded(box[2] - box[0], box[3] - box[1], round(radius)) if radius else None
        self.page.image.paste(fill, box, mask)

    def band(self, row: int, fill: Colour, *, inset: int = 0, radius: float = 0) -> None:
        """A row's ground, `inset` pixels inside it."""
        top = self.top(row)
        self.panel(inset, top + inset, self.wide - inset, top + self.row_height - inset, fill, radius=radius)

    def framed(self, left: float, top: float, right: float, bottom: float, fill: Colour, outline: Colour) -> None:
        """The same in the theme's radius, with an outline of a pixel."""
        self.panel(left, top, right, bottom, outline, radius=self.theme.radius)
        self.panel(left + 1, top + 1, right - 1, bottom - 1, fill, radius=self.theme.radius)

    def icon(self, name: str, row: int, x: float, size: int, colour: Colour) -> None:
        top = self.top(row) + (self.row_height - size) // 2
        self.page.image.paste(colour, (round(x), top), icon(name, size))

    def sentence(self) -> str:
        return self.copy.sentence(self.config.max_chars)

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
        return self.copy.name(self.config.max_chars)

    def title_bar(self) -> str:
        """A bar on the first row and a question on its title. Returns the title."""
        ground, ink = self.theme.bar, self.theme.text
        if self.rng.random() < 0.4:
            ground, ink = self.theme.accent, self.theme.on_accent
        self.band(0, ground)
        title = self.fitting(self.name, self.room)
        self.write(0, MARGIN, title, ink)
        self.ask("extractive", title, *TITLE_WORDINGS)
        return title

    def message(self, first: int, last: int, *, colour: Colour | None = None) -> None:
        """Some words of the corpus on each row, `last` excluded, and a question on them all."""
        lines = [self.fitting(self.sentence, self.room) for _ in range(first, last)]
        for row, line in enumerate(lines, first):
            self.write(row, MARGIN, line, colour or self.theme.text)
        self.ask("extractive", " ".join(lines), *MESSAGE_WORDINGS)


def _message(screen: _Screen) -> None:
    """A title bar or a message, or both, over a button."""
    last = screen.count - 1
    titled = screen.rng.random() < 0.5 or last > 1
    if titled:
        screen.title_bar()
    if last > titled:
        screen.message(int(titled), last)
    _button(screen, last)


def _button(screen: _Screen, row: int) -> None:
    """One button, or two where they fit, of which one is highlighted."""
    rng, theme = screen.rng, screen.theme
    taken: set[str] = set()
    labels = [screen.fitting(screen.button_text, screen.room - 12, taken)]
    other = screen.button_text()
    wide = sum(screen.width(label) + 14 for label in (*labels, other)) + 6
    if other not in taken and len(f"{labels[0]} {other}") <= screen.config.max_chars and wide <= screen.wide - 6:
        labels.append(other)
    primary = rng.randrange(len(labels))
    spare = screen.wide - 6 - sum(screen.width(label) + 14 for label in labels) - 6 * (len(labels) - 1)
    x, top = 3 + spare * rng.choice((0.0, 0.5, 1.0)), screen.top(row)
    baseline = screen.baseline(row, " ".join(labels))
    filled = len(labels) > 1 or rng.random() < 0.7
    for number, label in enumerate(labels):
        ground, outline, ink = mix(theme.surface, theme.text, 0.08), theme.border, theme.text
        if filled and number == primary:
            ground, outline, ink = theme.accent, theme.accent, theme.on_accent
        end = x + screen.width(label) + 14
        screen.framed(x, top + 1, end, top + screen.row_height - 1, ground, outline)
        screen.write(row, x + 7, label, ink, baseline=baseline)
        x = end + 6
    if len(labels) > 1:
        screen.ask("choice", labels[primary], "Which button is highlighted?")
    else:
        screen.ask("choice", labels[0], *BUTTON_WORDINGS)


def _entries(screen: _Screen) -> None:
    """An entry in each row, the selected one on the accent; in a list on a tint with a stripe at its left."""
    theme, listed, taken = screen.theme, screen.layout == "list", set[str]()
    inset = 0 if listed else screen.rng.randint(0, 2)
    tint, left = mix(theme.window, theme.accent, 0.25), MARGIN + 4 * listed
    entries = [screen.fitting(screen.name, screen.wide - MARGIN - left, taken) for _ in range(screen.count)]
    chosen = screen.rng.randrange(len(entries))
    for row, entry in enumerate(entries):
        colour = theme.text
        if row == chosen and listed:
            screen.band(row, tint)
            screen.panel(0, screen.top(row), 4, screen.top(row + 1), theme.accent)
            colour = readable(theme.link, [tint])
        elif row == chosen:
            screen.band(row, theme.accent, inset=inset, radius=theme.radius)
            colour = theme.on_accent
        screen.write(row, left, entry, colour)
    screen.ask("choice", entries[chosen], *ENTRY_WORDINGS)
    for row in range(1, screen.count * listed):
        screen.page.draw.line((0, screen.top(row), screen.wide, screen.top(row)), fill=theme.border)


def _states(screen: _Screen) -> None:
    """Labels with check boxes, switches, or ticks and crosses at their right; the first row may be a title instead."""
    rng, layout = screen.rng, screen.layout
    side = round({"check_boxes": 0.55, "switches": 0.5, "ticks": 0.6}[layout] * screen.row_height)
    left = MARGIN + (round(1.8 * side) if layout == "switches" else side) + 6
    # What is beside a label takes as much room, left or right of it.
    room, left = screen.wide - MARGIN - left, MARGIN if layout == "ticks" else left
    first, state = int(rng.random() < 0.4), "on" if layout == "switches" else "checked"
    taken = {screen.title_bar()} if first else set()
    labels = [
        screen.fitting(rng.choice((screen.name, screen.copy.setting)), room, taken) for _ in range(first, screen.count)
    ]
    states = {label: rng.random() < 0.5 for label in labels}
    for row, (label, value) in enumerate(states.items(), first):
        _mark(screen, row, side, is_on=value)
        screen.write(row, left, label, screen.theme.text)
        wordings = [f"Is {label} {state}?"] + [f"Is it {state}?"] * (len(labels) == 1)
        screen.ask("yes_no", "yes" if value else "no", *wordings)
    if sum(states.values()) == 1 and len(states) > 1:
        screen.ask("choice", max(states, key=states.__getitem__), f"Which is {state}?", f"What is {state}?")


def _mark(screen: _Screen, row: int, side: int, *, is_on: bool) -> None:
    """What shows a state in the layout of the screen, `side` pixels high."""
    theme, top = screen.theme, screen.top(row) + (screen.row_height - side) // 2
    bottom, right = top + side, MARGIN + side
    if screen.layout == "ticks":
        place, colour = screen.wide - MARGIN - side, theme.link if is_on else theme.muted
        screen.icon("check" if is_on else "cross", row, place, side, colour)
    elif screen.layout == "switches":
        wide, knob = round(1.8 * side), side - 4
        ground = theme.accent if is_on else mix(theme.window, theme.text, 0.4)
        screen.panel(MARGIN, top, MARGIN + wide, bottom, ground, radius=side / 2)
        screen.icon("disc", row, MARGIN + (wide - knob - 2 if is_on else 2), knob, on(ground))
    elif is_on:
        screen.panel(MARGIN, top, right, bottom, theme.accent, radius=3)
        screen.icon("check", row, MARGIN + 1, side - 2, theme.on_accent)
    else:
        screen.panel(MARGIN, top, right, bottom, theme.muted, radius=3)
        screen.panel(MARGIN + 2, top + 2, right - 2, bottom - 2, theme.field, radius=2)


def _tabs(screen: _Screen) -> None:
    """A bar with two tabs, the open one on the ground of what it shows, over a message."""
    rng, theme = screen.rng, screen.theme
    taken: set[str] = set()
    first = screen.fitting(lambda: screen.copy.name(6), screen.room * 0.6, taken)
    second = screen.fitting(lambda: screen.copy.name(6), screen.wide - 4 * MARGIN - screen.width(first), taken)
    chosen = rng.randrange(2)
    screen.band(0, theme.bar)
    baseline, x = screen.baseline(0, f"{first} {second}"), 0.0
    for number, label in enumerate((first, second)):
        end = x + screen.width(label) + 2 * MARGIN
        if number == chosen:
            screen.panel(x, 0, end, screen.row_height, theme.window)
            screen.panel(x, screen.row_height - 3, end, screen.row_height, theme.accent)
        screen.write(0, x + MARGIN, label, theme.text, baseline=baseline)
        x = end
    screen.ask("choice", (first, second)[chosen], "Which tab is open?", "Which tab is selected?")
    screen.message(1, screen.count)


def _fields(screen: _Screen) -> None:
    """Fields below their labels; a title where the rows are odd."""
    rng, theme = screen.rng, screen.theme
    odd = screen.count % 2
    if odd:
        screen.title_bar()
    taken = {"Title"}  # what the bar has is called so
    for row in range(odd, screen.count, 2):
        label = screen.fitting(screen.copy.field, screen.room, taken)
        value = screen.fitting(partial(screen.copy.value, label), screen.room - 6)
        top, bottom = screen.top(row + 1), screen.top(row + 2)
        screen.write(row, MARGIN, label, theme.text)
        focused = rng.random() < 0.5
        outline = theme.accent if focused else theme.border
        screen.framed(2, top + 1, screen.wide - 2, bottom - 1, theme.field, outline)
        screen.write(row + 1, MARGIN + 3, value, theme.text)
        if focused:
            caret = MARGIN + 5 + round(screen.width(value))
            screen.page.draw.line((caret, top + 6, caret, bottom - 7), fill=theme.text)
        screen.ask("field", value, f"What is the {label.lower()}?", f"{label}?", f"What does {label} say?")


def _notification(screen: _Screen) -> None:
    """A card with an icon beside its title, over a message."""
    rng, theme = screen.rng, screen.theme
    screen.panel(0, 0, screen.wide, screen.config.height, theme.desktop)
    screen.panel(1, 1, screen.wide - 1, screen.config.height - 1, theme.surface, radius=theme.radius + 2)
    side = round(0.55 * screen.row_height)
    screen.icon(rng.choice(("bell", "warning", "star", "user", "disc")), 0, MARGIN, side, theme.link)
    left = MARGIN + side + 5
    title = screen.fitting(screen.name, screen.wide - MARGIN - left)
    screen.write(0, left, title, theme.link)
    screen.ask("extractive", title, *TITLE_WORDINGS)
    screen.message(1, screen.count)


def _snackbar(screen: _Screen) -> None:
    """A message on a dark or light bar, with a button that is only coloured text."""
    theme = screen.theme
    ground = mix(theme.text, theme.window, 0.12)
    screen.panel(1, 1, screen.wide - 1, screen.config.height - 1, ground, radius=theme.radius)
    screen.message(0, screen.count - 1, colour=on(ground))
    label = screen.fitting(screen.button_text, screen.room)
    x = screen.wide - MARGIN - screen.width(label)
    screen.write(screen.count - 1, x, label, readable(theme.accent, [ground]))
    screen.ask("choice", label, *BUTTON_WORDINGS)


_DRAW: dict[str, Callable[[_Screen], None]] = {
    "message": _message,
    **dict.fromkeys(("menu", "list"), _entries),
    **dict.fromkeys(("check_boxes", "switches", "ticks"), _states),
    "tabs": _tabs,
    "fields": _fields,
    "notification": _notification,
    "snackbar": _snackbar,
}
