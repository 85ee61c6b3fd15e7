"""The parts that screens share: bars, buttons, fields, boxes and switches. All sizes in points."""

from collections.abc import Sequence

from fc_pipeline.images.synthesis.colour import LARGE_CONTRAST, mix, on, readable
from fc_pipeline.images.synthesis.screenshots.canvas import Canvas

ROW = 20.0
"""Height of a row that holds one line of text."""


def title_bar(canvas: Canvas, x: float, y: float, w: float, title: str) -> str:
    """A bar with the title and the buttons of the window. Returns the title as drawn."""
    theme, rng = canvas.theme, canvas.rng
    tinted = rng.random() < 0.3
    ground = theme.accent if tinted else theme.bar
    ink = theme.on_accent if tinted else theme.text
    canvas.rect(x, y, w, ROW + 2, ground)
    style = rng.choice(("right", "right", "left"))
    if style == "left":
        for number, colour in enumerate(((237, 106, 94), (245, 191, 79), (98, 197, 84))):
            canvas.icon("disc", x + 7 + 13 * number, y + 7, 8, colour)
        return canvas.text(x + 50, y, w - 60, ROW + 2, title, colour=ink, face=canvas.bold, align="center")
    for number, name in enumerate(("cross", "square", "minus")):
        canvas.icon(name, x + w - 17 - 17 * number, y + 6, 10, ink)
    return canvas.text(x + 7, y, w - 66, ROW + 2, title, colour=ink, face=canvas.bold)


def button(canvas: Canvas, x: float, y: float, w: float, label: str, *, primary: bool = False) -> str:
    """A push button; the primary one is filled with the accent. Returns the label as drawn."""
    theme = canvas.theme
    ground = theme.accent if primary else mix(theme.surface, theme.text, 0.08)
    outline = theme.accent if primary else theme.border
    canvas.rect(x, y, w, ROW + 2, ground, radius=theme.radius, outline=outline)
    ink = theme.on_accent if primary else theme.text
    return canvas.text(x + 3, y, w - 6, ROW + 2, label, colour=ink, align="center")


def button_width(canvas: Canvas, label: str) -> float:
    """Of a push button in a row."""
    return max(canvas.measure(label) + 16, 44)


def button_row(canvas: Canvas, x: float, y: float, w: float, labels: Sequence[str], primary: int) -> list[str]:
    """Buttons from the right end of a row, the first label leftmost. Returns the labels that had room."""
    widths = [button_width(canvas, label) for label in labels]
    place, drawn = x + w - sum(widths) - 6 * (len(labels) - 1), []
    for number, (label, wide) in enumerate(zip(labels, widths, strict=True)):
        drawn.append(button(canvas, place, y, wide, label, primary=number == primary))
        place += wide + 6
    return drawn


def text_field(
    canvas: Canvas, x: float, y: float, w: float, value: str, *, focused: bool = False, icon: str = ""
) -> str:
    """A field with a value. Returns the value as drawn."""
    theme = canvas.theme
    outline = theme.accent if focused else theme.border
    canvas.rect(x, y, w, ROW, theme.field, radius=min(theme.radius, 5), outline=outline)
    if icon:
        canvas.icon(icon, x + 5, y + 5, 10, theme.muted)
    inset = 19 if icon else 6
    drawn = canvas.text(x + inset, y, w - inset - 6, ROW, value)
    if focused and drawn:
        # The caret stands clear of the last letter.
        end = canvas.measure(drawn) + x + inset + 2.5
        canvas.rect(end, y + 4, 1, ROW - 8, theme.text)
    return drawn


def drop_down(canvas: Canvas, x: float, y: float, w: float, value: str) -> str:
    """A closed list of choices. Returns the value as drawn."""
    theme = canvas.theme
    canvas.rect(x, y, w, ROW, mix(theme.surface, theme.text, 0.04), radius=min(theme.radius, 5), outline=theme.border)
    canvas.icon("down", x + w - 15, y + 6, 9, theme.text)
    return canvas.text(x + 6, y, w - 24, ROW, value)


def check_box(canvas: Canvas, x: float, y: float, w: float, label: str, *, checked: bool) -> str:
    """A check box with its label. Returns the label as drawn."""
    theme = canvas.theme
    side = 12.0
    canvas.keep_clear(x, y, side + 2, ROW)
    if checked:
        canvas.rect(x, y + 4, side, side, theme.accent, radius=2)
        canvas.icon("check", x + 0.5, y + 4.5, side - 1, theme.on_accent)
    else:
        canvas.rect(x, y + 4, side, side, theme.field, radius=2, outline=theme.muted)
    return canvas.text(x + side + 6, y, w - side - 6, ROW, label)


def radio_button(canvas: Canvas, x: float, y: float, w: float, label: str, *, chosen: bool) -> str:
    """One of several choices. Returns the label as drawn."""
    theme = canvas.theme
    canvas.keep_clear(x, y, 14, ROW)
    canvas.icon("disc", x, y + 4, 12, theme.accent if chosen else theme.muted)
    canvas.icon("disc", x + (3 if chosen else 1.5), y + (7 if chosen else 5.5), 6 if chosen else 9,
                theme.on_accent if chosen else theme.field)  # fmt: skip
    return canvas.text(x + 18, y, w - 18, ROW, label)


def switch(canvas: Canvas, x: float, y: float, *, turned_on: bool) -> None:
    """A switch, 26 by 14 points, its knob at the right when it is on."""
    theme = canvas.theme
    ground = theme.accent if turned_on else mix(theme.window, theme.text, 0.4)
    canvas.keep_clear(x, y, 28, ROW)
    canvas.rect(x, y + 3, 26, 14, ground, radius=7)
    canvas.icon("disc", x + (14 if turned_on else 2), y + 5, 10, on(ground))


def slider(canvas: Canvas, x: float, y: float, w: float, share: float) -> None:
    """A slider with its knob at a share of its width."""
    theme = canvas.theme
    canvas.rect(x, y + 8, w, 4, mix(theme.window, theme.text, 0.25), radius=2)
    canvas.rect(x, y + 8, w * share, 4, theme.accent, radius=2)
    canvas.icon("disc", x + (w - 12) * share, y + 4, 12, readable(theme.accent, [theme.window], LARGE_CONTRAST))


def progress(canvas: Canvas, x: float, y: float, w: float, share: float) -> None:
    """A progress bar, filled to a share."""
    theme = canvas.theme
    canvas.rect(x, y + 6, w, 8, mix(theme.window, theme.text, 0.15), radius=4)
    canvas.rect(x, y + 6, max(w * share, 8), 8, theme.accent, radius=4)


def tabs(canvas: Canvas, x: float, y: float, w: float, labels: Sequence[str], chosen: int) -> list[str]:
    """A row of tabs, the chosen one underlined, and a question which that is. Returns those that had room, as drawn."""
    theme, place, drawn = canvas.theme, x, []
    canvas.rect(x, y, w, ROW + 2, theme.bar)
    for number, label in enumerate(labels):
        wide = canvas.measure(label) + 14
        if place + wide > x + w:
            break
        if number == chosen:
            canvas.rect(place, y, wide, ROW + 2, theme.window)
            canvas.rect(place, y + ROW, wide, 2, theme.accent)
        drawn.append(canvas.text(place + 7, y, wide - 13, ROW + 2, label))
        place += wide
    if len(drawn) > chosen:
        canvas.ask("choice", "Which tab is active?", drawn[chosen])
    return drawn
