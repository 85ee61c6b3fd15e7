"""Dialogs: messages, confirmations, file choosers, log-ins, over a desktop or over a dimmed window."""

from fc_pipeline.images.synthesis.colour import mix
from fc_pipeline.images.synthesis.screenshots import widgets as ui
from fc_pipeline.images.synthesis.screenshots.canvas import Canvas
from fc_pipeline.images.synthesis.screenshots.overlay import dim, panel
from fc_pipeline.images.synthesis.screenshots.widgets import ROW
from fc_pipeline.images.synthesis.screenshots.window import draw_window
from fc_pipeline.images.synthesis.screenshots.wording import PRIMARY, SECONDARY

HEIGHTS = {
    "message": 120.0, "confirmation": 130.0, "modal": 120.0, "file_chooser": 196.0, "entry": 168.0, "wizard": 180.0,
}  # fmt: skip
"""Of the dialog of a layout, in points."""


def draw_screen(canvas: Canvas) -> str:
    """A dialog in the middle of a screen; modal ones lie over a dimmed window whose text may stay readable."""
    rng, theme, layout = canvas.rng, canvas.theme, canvas.layout
    if layout == "modal":
        draw_window(canvas, rng.choice(("list", "form", "tabs")))
        # What was asked of the window may be hidden now.
        canvas.page.questions.clear()
        dim(canvas.page, rng.uniform(0.25, 0.75))
    else:
        canvas.rect(0, 0, canvas.width, canvas.height, theme.desktop)
    w = min(canvas.width - rng.uniform(8, 28), 330.0)
    h = min(HEIGHTS[layout] + rng.uniform(0, 24), canvas.height - 10.0)
    x, y = (canvas.width - w) / 2, (canvas.height - h) * rng.uniform(0.3, 0.7)
    panel(canvas, x, y, w, h, theme.window)
    title = ui.title_bar(canvas, x + 1, y + 1, w - 2, canvas.copy.title(30))
    canvas.ask("extractive", "What is the title of the dialog?", title)
    draw = {"file_chooser": _chooser, "entry": _entry, "wizard": _wizard}.get(layout, _message)
    draw(canvas, x + 10, y + ROW + 8, w - 20, y + h - 8)
    _buttons(canvas, x + 10, y + h - ROW - 10, w - 20)
    return f"A {theme.name} dialog" + (f" titled {title}" if title else "")


def _buttons(canvas: Canvas, x: float, y: float, w: float) -> None:
    rng = canvas.rng
    labels = [rng.choice(PRIMARY)]
    for label in rng.sample(SECONDARY, 1 if canvas.layout == "message" else rng.randint(1, 2)):
        labels.insert(rng.randint(0, len(labels)), label)
    while sum(ui.button_width(canvas, label) + 6 for label in labels) > w:
        labels.pop()
    primary = rng.randrange(len(labels))
    drawn = ui.button_row(canvas, x, y, w, labels, primary)
    canvas.ask("choice", "Which button is highlighted?", drawn[primary])
    canvas.ask("count", "How many buttons are at the bottom of the dialog?", str(len(drawn)))


def _message(canvas: Canvas, x: float, y: float, w: float, bottom: float) -> None:
    """An icon, what happened, and often a check box against being asked again."""
    copy, rng = canvas.copy, canvas.rng
    name = rng.choice(("warning", "disc", "bell", "star"))
    canvas.icon(name, x, y + 2, 26, rng.choice((canvas.theme.link, (214, 140, 20), (200, 50, 50))))
    room = bottom - y - ROW - 6
    if rng.random() < 0.5 and room > ROW * 3:
        canvas.text(x + 34, y, w - 34, ROW, copy.title(34), face=canvas.bold)
        y, room = y + ROW, room - ROW
    with_box = room > ROW * 2 and rng.random() < 0.6
    canvas.paragraph(x + 34, y, w - 34, room - ROW * with_box, copy.sentence(rng.randint(30, 140)))
    if with_box:
        label, checked = copy.setting(), rng.random() < 0.5
        drawn = ui.check_box(canvas, x + 34, bottom - 2 * ROW - 6, w - 34, label, checked=checked)
        if drawn:
            canvas.ask("yes_no", f'Is "{drawn}" checked?', "yes" if checked else "no")


def _chooser(canvas: Canvas, x: float, y: float, w: float, bottom: float) -> None:
    """A path, a list of files with one selected, and the name of the chosen file."""
    copy, rng, theme = canvas.copy, canvas.rng, canvas.theme
    path = "/" + "/".join(copy.word(8).lower() for _ in range(rng.randint(1, 3)))
    if ui.text_field(canvas, x, y, w, path, icon="folder") == path:
        canvas.ask("extractive", "Which folder is shown?", path)
    top, low, step = y + ROW + 5, bottom - 2 * ROW - 14, ROW - 2
    canvas.rect(x, top, w, low - top, theme.field, outline=theme.border)
    count, taken = max(1, int((low - top - 2) / step)), set[str]()
    chosen, name = rng.randrange(count), ""
    for number in range(count):
        file = canvas.fitting(copy.file_name, w - 34, taken)
        row, ink = top + 1 + step * number, theme.text
        if number == chosen:
            canvas.rect(x + 1, row, w - 2, step, theme.accent)
            ink = theme.on_accent
        canvas.icon(rng.choice(("file", "folder", "image")), x + 6, row + 3, 12, ink)
        drawn = canvas.text(x + 24, row, w - 30, step, file, colour=ink)
        name = drawn if number == chosen else name
    canvas.text(x, bottom - 2 * ROW - 8, 44, ROW, "Name:")
    ui.text_field(canvas, x + 48, bottom - 2 * ROW - 8, w - 48, name, focused=True)
    canvas.ask("choice", "Which file is selected?", name)


def _entry(canvas: Canvas, x: float, y: float, w: float, bottom: float) -> None:
    """Labelled fields and drop-downs; the first one has the caret."""
    copy, rng, taken, values = canvas.copy, canvas.rng, set[str](), dict[str, str]()
    label_width = min(w * 0.42, 110.0)
    for number in range(min(rng.randint(2, 4), int((bottom - y - ROW - 10) / (ROW + 5)))):
        label = canvas.fitting(copy.field, label_width - 10, taken)
        if not label:
            break
        canvas.text(x, y, label_width - 4, ROW, f"{label}:")
        value = copy.value(label)
        if number and rng.random() < 0.3:
            drawn = ui.drop_down(canvas, x + label_width, y, w - label_width, value)
        else:
            drawn = ui.text_field(canvas, x + label_width, y, w - label_width, value, focused=number == 0)
        if drawn:
            values[label] = drawn
        y += ROW + 5
    for label, drawn in values.items():
        canvas.ask("field", f'What is the value of "{label}"?', drawn)
    if len(values) > 1:
        canvas.ask_json("Give the filled fields of the dialog as JSON.", values)


def _wizard(canvas: Canvas, x: float, y: float, w: float, bottom: float) -> None:
    """Numbered steps at the left, the current one marked, and what it says at the right."""
    copy, rng, theme, taken = canvas.copy, canvas.rng, canvas.theme, set[str]()
    side, low = min(w * 0.4, 108.0), bottom - ROW - 8
    steps = [canvas.fitting(lambda: copy.name(9), side - 26, taken) for _ in range(rng.randint(3, 4))]
    current = rng.randrange(len(steps))
    canvas.rect(x - 9, y - 6, side, low - y + 6, mix(theme.window, theme.text, 0.06))
    for number, step in enumerate(steps):
        row, label = y + (ROW + 2) * number, f"{number + 1}. {step}"
        if row + ROW > low:
            break
        if number == current:
            if canvas.text(x - 2, row, side - 10, ROW, label, face=canvas.bold, colour=theme.link) == label:
                canvas.ask("choice", "Which step is the current one?", step, label)
        else:
            canvas.text(x - 2, row, side - 10, ROW, label)
    canvas.paragraph(x + side, y, w - side, low - y - 4, copy.paragraph(220))
