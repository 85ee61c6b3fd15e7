"""Application windows: title, menus, tools, a side bar or tabs, and a list, a form or a table inside."""

from fc_pipeline.images.synthesis.colour import mix
from fc_pipeline.images.synthesis.screenshots import widgets as ui
from fc_pipeline.images.synthesis.screenshots.canvas import Canvas
from fc_pipeline.images.synthesis.screenshots.overlay import tooltip
from fc_pipeline.images.synthesis.screenshots.widgets import ROW
from fc_pipeline.images.synthesis.screenshots.wording import MENUS

TOOLS = ("home", "folder", "save", "search", "plus", "left", "right", "star", "play", "image", "bell", "user")


def draw_screen(canvas: Canvas) -> str:
    """A window that fills the screen, with questions on its title and what is inside."""
    title = draw_window(canvas, canvas.layout)
    canvas.ask("extractive", "What is the title of the window?", title)
    if canvas.rng.random() < 0.25:
        tooltip(canvas, canvas.copy.command())
    return f"A {canvas.theme.name} window" + (f" titled {title}" if title else "")


def draw_window(canvas: Canvas, layout: str) -> str:
    """Draw a window over the whole canvas and ask about its inside. Returns the title as drawn."""
    copy, rng, theme, width = canvas.copy, canvas.rng, canvas.theme, float(canvas.width)
    title = ui.title_bar(canvas, 0, 0, width, copy.title(36) if rng.random() < 0.6 else copy.file_name())
    y = ROW + 2
    if rng.random() < 0.7:
        menu_bar(canvas, y, width)
        y += ROW
    if rng.random() < 0.6:
        canvas.rect(0, y, width, ROW + 6, theme.bar)
        for number, name in enumerate(rng.sample(TOOLS, rng.randint(3, 7))):
            canvas.icon(name, 8 + 23 * number, y + 6, 14, theme.text)
        y += ROW + 6
    canvas.rect(0, y, width, 1, theme.border)
    bottom = canvas.height - ROW
    _status_bar(canvas, bottom)
    draw = {"list": _list, "form": _form, "tabs": _tabbed, "table": _table}[layout]
    draw(canvas, y + (6 if layout == "form" else 1), bottom)
    return title


def menu_bar(canvas: Canvas, y: float, width: float) -> list[tuple[str, float, float]]:
    """A bar of menu titles across the window. Returns each title with its left end and its width."""
    canvas.rect(0, y, width, ROW, canvas.theme.bar)
    x, drawn = 4.0, []
    for name in ["File", *canvas.rng.sample(MENUS[1:], canvas.rng.randint(2, 6))]:
        wide = canvas.measure(name) + 12
        if x + wide > width:
            break
        canvas.text(x + 6, y, wide, ROW, name)
        drawn.append((name, x, wide))
        x += wide
    return drawn


def _status_bar(canvas: Canvas, y: float) -> None:
    rng, theme, size, width = canvas.rng, canvas.theme, canvas.size - 1, canvas.width
    canvas.rect(0, y, width, ROW, theme.bar)
    canvas.rect(0, y, width, 1, theme.border)
    canvas.text(6, y + 1, width * 0.55, ROW, canvas.copy.sentence(30), size=size, colour=theme.muted)
    right = rng.choice((f"Ln {rng.randint(1, 900)}, Col {rng.randint(1, 80)}", f"{rng.randint(2, 400)} items", "UTF-8"))
    canvas.text(width * 0.6, y + 1, width * 0.4 - 6, ROW, right, size=size, align="right")


def _list(canvas: Canvas, top: float, bottom: float) -> None:
    """A side bar with places at the left, files at the right; one row is selected."""
    copy, rng, theme, taken = canvas.copy, canvas.rng, canvas.theme, set[str]()
    side, most = min(canvas.width * 0.36, 110.0), int((bottom - top - 6) / ROW)
    wide = canvas.width - side
    canvas.rect(0, top, side, bottom - top, theme.surface)
    canvas.rect(side, top, 1, bottom - top, theme.border)
    for number in range(min(rng.randint(3, 9), most)):
        name = canvas.fitting(lambda: copy.name(12), side - 32, taken)
        y = top + 3 + ROW * number
        canvas.icon(rng.choice(("folder", "star", "home", "image")), 7, y + 4, 12, theme.muted)
        canvas.text(24, y, side - 28, ROW, name)
    rows, files = min(rng.randint(4, 14), most), set[str]()
    chosen = rng.randrange(rows)
    for number in range(rows):
        name = canvas.fitting(copy.file_name, wide - 36, files)
        y, ink = top + 3 + ROW * number, theme.text
        if number == chosen:
            canvas.rect(side + 3, y, wide - 6, ROW, theme.accent, radius=min(theme.radius, 4))
            ink = theme.on_accent
        canvas.icon("file", side + 8, y + 4, 12, ink)
        drawn = canvas.text(side + 25, y, wide - 31, ROW, name, colour=ink)
        if number == chosen:
            canvas.ask("choice", "Which file is selected?", drawn)
    if len(files) == rows:
        canvas.ask("count", "How many files are listed?", str(rows))


def _form(canvas: Canvas, top: float, bottom: float) -> None:
    """Fields, then as many check boxes, radio buttons, sliders and bars as there is room for."""
    copy, rng, x, w = canvas.copy, canvas.rng, 10.0, canvas.width - 20.0
    y, taken, label_width = top, set[str](), min(canvas.width * 0.4, 110.0)
    for _ in range(rng.randint(1, 3)):
        label = canvas.fitting(copy.field, label_width - 8, taken)
        if not label or y + 2 * ROW > bottom:
            break
        canvas.text(x, y, label_width - 6, ROW, f"{label}:")
        value = ui.text_field(canvas, x + label_width, y, w - label_width, copy.value(label))
        canvas.ask("field", f'What is the value of "{label}"?', value)
        y += ROW + 6
    for part in rng.sample([_checks, _radios, _slider, _progress], 4):
        y = part(canvas, x, y, w, bottom - 28, taken)
    if y + 26 < bottom:
        ui.button_row(canvas, x, bottom - 26, w, [rng.choice(("Reset", "Cancel")), rng.choice(("Apply", "Save"))], 1)


def _checks(canvas: Canvas, x: float, y: float, w: float, bottom: float, taken: set[str]) -> float:
    for _ in range(canvas.rng.randint(1, 3)):
        label = canvas.fitting(canvas.copy.setting, w - 24, taken)
        if label and y + ROW < bottom:
            checked = canvas.rng.random() < 0.5
            ui.check_box(canvas, x, y, w, label, checked=checked)
            canvas.ask("yes_no", f'Is "{label}" checked?', "yes" if checked else "no")
            y += ROW
    return y + 2


def _radios(canvas: Canvas, x: float, y: float, w: float, bottom: float, taken: set[str]) -> float:
    labels = [canvas.fitting(lambda: canvas.copy.name(10), w - 30, taken) for _ in range(3)]
    if not all(labels) or y + ROW * 3 >= bottom:
        return y
    chosen = canvas.rng.randrange(3)
    for number, label in enumerate(labels):
        ui.radio_button(canvas, x, y + ROW * number, w, label, chosen=number == chosen)
    canvas.ask("choice", f"Which of {', '.join(labels)} is chosen?", labels[chosen])
    return y + ROW * 3 + 2


def _slider(canvas: Canvas, x: float, y: float, w: float, bottom: float, taken: set[str]) -> float:
    label = canvas.fitting(lambda: canvas.copy.name(9), w * 0.35, taken)
    if not label or y + ROW >= bottom:
        return y
    share = canvas.rng.randint(0, 100)
    canvas.text(x, y, w * 0.36, ROW, label)
    ui.slider(canvas, x + w * 0.4, y, w * 0.4, share / 100)
    canvas.text(x + w * 0.82, y, w * 0.18, ROW, f"{share}%", align="right")
    canvas.ask("field", f'What is "{label}" set to?', f"{share}%")
    return y + ROW + 2


def _progress(canvas: Canvas, x: float, y: float, w: float, bottom: float, taken: set[str]) -> float:
    if y + ROW * 2 >= bottom:
        return y
    share = canvas.rng.randint(1, 99)
    canvas.text(x, y, w - 44, ROW, canvas.copy.sentence(34))
    canvas.text(x + w - 40, y, 40, ROW, f"{share}%", align="right")
    ui.progress(canvas, x, y + ROW - 3, w, share / 100)
    if f"{share}%" not in canvas.page.text.replace(f"{share}%", "", 1):
        canvas.ask("extractive", "How far is the progress bar?", f"{share}%")
    return y + ROW * 2


def _tabbed(canvas: Canvas, top: float, bottom: float) -> None:
    copy, rng, taken = canvas.copy, canvas.rng, set[str]()
    labels = [canvas.fitting(lambda: copy.name(9), 90, taken) for _ in range(rng.randint(2, 5))]
    labels = [label for label in labels if label]
    chosen = rng.randrange(len(labels))
    drawn = ui.tabs(canvas, 0, top, canvas.width, labels, chosen)
    canvas.ask("count", "How many tabs are there?", str(len(drawn)))
    canvas.paragraph(10, top + ROW + 10, canvas.width - 20, bottom - top - ROW - 14, copy.paragraph(900))


def _table(canvas: Canvas, top: float, bottom: float) -> None:
    """A tree of folders whose rows have a size, every second one shaded."""
    copy, rng, theme, taken = canvas.copy, canvas.rng, canvas.theme, set[str]()
    second = canvas.width * 0.62
    canvas.rect(0, top, canvas.width, ROW, theme.bar)
    canvas.text(8, top, second - 12, ROW, "Name", face=canvas.bold)
    canvas.text(second, top, canvas.width - second - 8, ROW, "Size", face=canvas.bold, align="right")
    for number in range(min(rng.randint(4, 12), int((bottom - top) / ROW) - 1)):
        y, depth = top + ROW * (number + 1), rng.randint(0, 2) if number else 0
        if number % 2:
            canvas.rect(0, y, canvas.width, ROW, mix(theme.window, theme.text, 0.05))
        x = 8 + 12.0 * depth
        canvas.icon(rng.choice(("right", "down")), x, y + 6, 8, theme.muted)
        canvas.icon("folder", x + 11, y + 4, 12, theme.link)
        name = canvas.fitting(copy.file_name, second - x - 34, taken)
        drawn = canvas.text(x + 28, y, second - x - 32, ROW, name)
        size = f"{rng.randint(1, 999)} {rng.choice(('B', 'KB', 'MB'))}"
        shown = canvas.text(second, y, canvas.width - second - 8, ROW, size, align="right", colour=theme.muted)
        if drawn and shown == size and rng.random() < 0.4:
            canvas.ask("field", f'What is the size of "{drawn}"?', size)
