"""Settings: switches, fields and choices in sections, asked for as JSON."""

from fc_pipeline.images.synthesis.screenshots import widgets as ui
from fc_pipeline.images.synthesis.screenshots.canvas import Canvas
from fc_pipeline.images.synthesis.screenshots.widgets import ROW


def draw_screen(canvas: Canvas) -> str:
    """A page of settings; which are on is a list of their labels in the JSON, values are copied as written."""
    rng, width = canvas.rng, canvas.width
    title = f"{canvas.copy.name(10)} {rng.choice(('settings', 'options'))}"
    title = ui.title_bar(canvas, 0, 0, width, title)
    canvas.ask("extractive", "What is the title of the window?", title)
    y = ROW + 10.0
    if canvas.layout == "cards":
        _cards(canvas, y, canvas.height - 6.0)
    else:
        heading = canvas.copy.title(28)
        if canvas.text(10, y, width - 20, ROW + 2, heading, size=canvas.size + 2.5, face=canvas.bold):
            y += ROW + 6
        draw = {"switches": _switches, "form": _form, "checks": _checks}[canvas.layout]
        draw(canvas, y, canvas.height - ROW - 12.0)
        labels = [rng.choice(("Cancel", "Reset", "Defaults")), rng.choice(("Apply", "Save", "Done"))]
        primary = rng.choices((0, 1), (1, 4))[0]
        ui.button_row(canvas, 10, canvas.height - ROW - 8.0, width - 20, labels, primary)
        canvas.ask("choice", "Which button is highlighted?", labels[primary])
    return f"A {canvas.theme.name} page of settings" + (f", {title}" if title else "")


def _ask_states(canvas: Canvas, states: dict[str, bool], word: str) -> None:
    for label in canvas.rng.sample(sorted(states), min(2, len(states))):
        canvas.ask("yes_no", f'Is "{label}" {word}?', "yes" if states[label] else "no")
    if states:
        canvas.ask("count", f"How many settings are {word}?", str(sum(states.values())))
        groups = {name: [label for label in states if states[label] == is_on]
                  for name, is_on in (("on", True), ("off", False))}  # fmt: skip
        canvas.ask_json("List the settings that are on and those that are off as JSON.", groups)


def _switches(canvas: Canvas, y: float, bottom: float) -> None:
    """A label, often with a line of explanation, and a switch at the right."""
    rng, x, w, states, taken = canvas.rng, 10.0, canvas.width - 20.0, dict[str, bool](), set[str]()
    explained = rng.random() < 0.5
    step = ROW + (15 if explained else 4)
    for _ in range(rng.randint(3, 8)):
        label = canvas.fitting(canvas.copy.setting, w - 40, taken)
        if not label or y + step > bottom:
            break
        states[label] = rng.random() < 0.5
        canvas.text(x, y, w - 36, ROW, label)
        ui.switch(canvas, x + w - 28, y, turned_on=states[label])
        if explained:
            note, size = canvas.copy.sentence(44), canvas.size - 1.5
            canvas.text(x, y + ROW - 5, w - 36, 15, note, size=size, colour=canvas.theme.muted)
        y += step
    _ask_states(canvas, states, "turned on")


def _checks(canvas: Canvas, y: float, bottom: float) -> None:
    """Check boxes, in two columns where they fit."""
    rng, states, taken = canvas.rng, dict[str, bool](), set[str]()
    columns = 2 if canvas.width > 290 and rng.random() < 0.6 else 1
    wide = (canvas.width - 20.0) / columns
    for row in range(rng.randint(3, 8)):
        for column in range(columns):
            label = canvas.fitting(canvas.copy.setting, wide - 26, taken)
            if label and y + ROW * (row + 1) <= bottom:
                states[label] = rng.random() < 0.5
                ui.check_box(canvas, 10 + wide * column, y + ROW * row, wide, label, checked=states[label])
    _ask_states(canvas, states, "checked")


def _form(canvas: Canvas, y: float, bottom: float) -> None:
    """Fields, choices and sliders with their labels above or beside them."""
    rng, x, w, values, taken = canvas.rng, 10.0, canvas.width - 20.0, dict[str, str](), set[str]()
    above = rng.random() < 0.4
    label_width = w if above else w * 0.42
    step = ROW * 2 + 4 if above else ROW + 6
    for _ in range(rng.randint(3, 6)):
        slides = rng.random() < 0.2
        label = canvas.fitting(canvas.copy.name if slides else canvas.copy.field, label_width - 8, taken)
        if not label or y + step > bottom:
            break
        canvas.text(x, y, label_width, ROW, label)
        left, top = (x, y + ROW - 1) if above else (x + label_width, y)
        drawn = (
            _slider(canvas, left, top, w - (left - x)) if slides else _control(canvas, label, left, top, w - (left - x))
        )
        if drawn:
            values[label] = drawn
        y += step
    for label in rng.sample(sorted(values), min(2, len(values))):
        canvas.ask("field", f'What is the value of "{label}"?', values[label])
    if values:
        canvas.ask_json("Give the settings and their values as JSON.", values)


def _control(canvas: Canvas, label: str, x: float, y: float, w: float) -> str:
    """A field or a choice. Returns its value as drawn."""
    draw = ui.text_field if canvas.rng.random() < 0.6 else ui.drop_down
    return draw(canvas, x, y, w, canvas.copy.value(label))


def _slider(canvas: Canvas, x: float, y: float, w: float) -> str:
    """A slider with its share behind it. Returns that as drawn."""
    share = canvas.rng.randint(0, 100)
    ui.slider(canvas, x, y, w - 44, share / 100)
    return canvas.text(x + w - 40, y, 40, ROW, f"{share}%", align="right")


def _cards(canvas: Canvas, y: float, bottom: float) -> None:
    """Rounded cards with a heading, a few settings each."""
    rng, theme, w, states, taken = canvas.rng, canvas.theme, canvas.width - 16.0, dict[str, bool](), set[str]()
    while y + ROW * 2 + 8 < bottom:
        rows = min(rng.randint(1, 3), int((bottom - y - ROW - 8) / ROW))
        h = ROW * (rows + 1) + 6
        canvas.rect(8, y, w, h, theme.surface, radius=max(theme.radius, 4), outline=theme.border)
        canvas.text(16, y + 2, w - 16, ROW, canvas.copy.title(26), face=canvas.bold)
        for row in range(1, rows + 1):
            label = canvas.fitting(canvas.copy.setting, w - 56, taken)
            if label:
                states[label] = rng.random() < 0.5
                ui.switch(canvas, 16, y + ROW * row, turned_on=states[label])
                canvas.text(48, y + ROW * row, w - 48, ROW, label)
        y += h + 7
    _ask_states(canvas, states, "turned on")
