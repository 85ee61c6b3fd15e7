"""Settings: switches, fields and choices in sections, asked for as JSON."""

from __future__ import annotations

import json
import random

from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Kind, Page, TextPool
from fc_pipeline.images.synthesis.screenshots.canvas import Canvas
from fc_pipeline.images.synthesis.screenshots.overlay import cursor
from fc_pipeline.images.synthesis.screenshots.widgets import (
    ROW,
    button_row,
    check_box,
    drop_down,
    slider,
    switch,
    text_field,
    title_bar,
)

SWITCHES, FORM, CHECKS, CARDS = "switches", "form", "checks", "cards"


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """A page of settings; which are on is a list of their labels in the JSON, values are copied as written."""
    canvas = Canvas(rng, text, faces, least=(224, 200))
    page = canvas.page
    page.meta["layout"] = layout
    title = title_bar(
        canvas, 0, 0, canvas.width, f"{canvas.copy.word(10).capitalize()} {rng.choice(('settings', 'options'))}"
    )
    if title:
        canvas.ask("extractive", "What is the title of the window?", title)
    bottom = canvas.height - ROW - 12.0
    y = ROW + 10.0
    if layout == CARDS:
        _cards(canvas, y, canvas.height - 6.0)
    else:
        heading = canvas.text(
            10, y, canvas.width - 20, ROW + 2, canvas.copy.title(28), size=canvas.size + 2.5, face=canvas.bold
        )
        y += (ROW + 6) * bool(heading)
        {SWITCHES: _switches, FORM: _form, CHECKS: _checks}[layout](canvas, y, bottom)
        labels = [rng.choice(("Cancel", "Reset", "Defaults")), rng.choice(("Apply", "Save", "Done"))]
        primary = rng.choices((0, 1), (1, 4))[0]
        button_row(canvas, 10, canvas.height - ROW - 8.0, canvas.width - 20, labels, primary)
        canvas.ask("choice", "Which button is highlighted?", labels[primary])
    if rng.random() < 0.4:
        cursor(canvas)
    page.caption = f"A {canvas.theme.name} page of settings" + (f", {title}" if title else "")
    return page


def _ask_states(canvas: Canvas, states: dict[str, bool], word: str) -> None:
    for label in canvas.rng.sample(sorted(states), min(2, len(states))):
        canvas.ask("yes_no", f'Is "{label}" {word}?', "yes" if states[label] else "no")
    groups = {
        "on": [label for label, is_on in states.items() if is_on],
        "off": [label for label, is_on in states.items() if not is_on],
    }
    if states:
        canvas.ask("count", f"How many settings are {word}?", str(len(groups["on"])))
        answer = json.dumps(groups, ensure_ascii=False)
        canvas.ask("json", "List the settings that are on and those that are off as JSON.", answer)


def _switches(canvas: Canvas, y: float, bottom: float) -> None:
    """A label, often with a line of explanation, and a switch at the right."""
    rng, theme, x, w = canvas.rng, canvas.theme, 10.0, canvas.width - 20.0
    states: dict[str, bool] = {}
    taken: set[str] = set()
    explained = rng.random() < 0.5
    step = ROW + (15 if explained else 4)
    for _ in range(rng.randint(3, 8)):
        label = canvas.fitting(canvas.copy.setting, w - 40, taken)
        if not label or y + step > bottom:
            break
        states[label] = rng.random() < 0.5
        canvas.text(x, y, w - 36, ROW, label)
        switch(canvas, x + w - 28, y, turned_on=states[label])
        if explained:
            note = canvas.copy.sentence(44)
            canvas.text(x, y + ROW - 5, w - 36, 15, note, size=canvas.size - 1.5, colour=theme.muted)
        y += step
    _ask_states(canvas, states, "turned on")


def _checks(canvas: Canvas, y: float, bottom: float) -> None:
    """Check boxes, in two columns where they fit."""
    rng = canvas.rng
    states: dict[str, bool] = {}
    taken: set[str] = set()
    columns = 2 if canvas.width > 290 and rng.random() < 0.6 else 1
    wide = (canvas.width - 20.0) / columns
    for row in range(rng.randint(3, 8)):
        for column in range(columns):
            label = canvas.fitting(canvas.copy.setting, wide - 26, taken)
            if label and y + ROW * (row + 1) <= bottom:
                states[label] = rng.random() < 0.5
                check_box(canvas, 10 + wide * column, y + ROW * row, wide, label, checked=states[label])
    _ask_states(canvas, states, "checked")


def _form(canvas: Canvas, y: float, bottom: float) -> None:
    """Fields, choices and sliders with their labels above or beside them."""
    rng, copy, x, w = canvas.rng, canvas.copy, 10.0, canvas.width - 20.0
    above = rng.random() < 0.4
    label_width = w if above else w * 0.42
    step = ROW * 2 + 4 if above else ROW + 6
    values: dict[str, str] = {}
    taken: set[str] = set()
    for _ in range(rng.randint(3, 6)):
        label = canvas.fitting(copy.field, label_width - 8, taken)
        if not label or y + step > bottom:
            break
        canvas.text(x, y, label_width, ROW, label)
        left, top = (x, y + ROW - 1) if above else (x + label_width, y)
        drawn = _control(canvas, left, top, w - (left - x))
        if drawn:
            values[label] = drawn
        y += step
    for label in rng.sample(sorted(values), min(2, len(values))):
        canvas.ask("field", f'What is the value of "{label}"?', values[label])
    if values:
        canvas.ask("json", "Give the settings and their values as JSON.", json.dumps(values, ensure_ascii=False))


def _control(canvas: Canvas, x: float, y: float, w: float) -> str:
    pick = canvas.rng.random()
    if pick < 0.5:
        return text_field(canvas, x, y, w, canvas.copy.value())
    if pick < 0.8:
        return drop_down(canvas, x, y, w, canvas.copy.value())
    share = canvas.rng.randint(0, 100)
    slider(canvas, x, y, w - 44, share / 100)
    return canvas.text(x + w - 40, y, 40, ROW, f"{share}%", align="right")


def _cards(canvas: Canvas, y: float, bottom: float) -> None:
    """Rounded cards with a heading, a few settings each."""
    rng, theme, w = canvas.rng, canvas.theme, canvas.width - 16.0
    states: dict[str, bool] = {}
    taken: set[str] = set()
    while y + ROW * 2 + 8 < bottom:
        rows = min(rng.randint(1, 3), int((bottom - y - ROW - 8) / ROW))
        h = ROW * (rows + 1) + 6
        canvas.rect(8, y, w, h, theme.surface, radius=max(theme.radius, 4), outline=theme.border)
        canvas.text(16, y + 2, w - 16, ROW, canvas.copy.title(26), face=canvas.bold)
        for row in range(rows):
            label = canvas.fitting(canvas.copy.setting, w - 56, taken)
            if label:
                states[label] = rng.random() < 0.5
                switch(canvas, 16, y + ROW * (row + 1), turned_on=states[label])
                canvas.text(48, y + ROW * (row + 1), w - 48, ROW, label)
        y += h + 7
    _ask_states(canvas, states, "turned on")


KIND = Kind(name="screenshot/settings", render=render, layouts=(SWITCHES, FORM, CHECKS, CARDS), held_out=(CARDS,))
