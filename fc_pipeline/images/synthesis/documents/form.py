"""Filled forms: labels with values in boxes or on lines, and boxes that are ticked or not."""

import random
from collections.abc import Callable

from fc_pipeline.images.synthesis.colour import mix
from fc_pipeline.images.synthesis.documents.sheet import Pen, Sheet, draw_style, fitted
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.fields import Fields
from fc_pipeline.images.synthesis.page import Page, TextPool

SIZES = ((448, 448), (448, 448), (448, 560), (384, 448))


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """A form in a layout: boxed, underlined, two_columns, shaded or below (labels under their values)."""
    style = draw_style(rng, faces, styles=("sans", "serif", "mono"), sizes=(10, 13), margins=(16, 28))
    sheet = Sheet(rng, text, style, layout, rng.choice(SIZES))
    fields, body, left, right = sheet.fields, sheet.body, sheet.left, sheet.right
    hand = faces.of(rng.choice(("hand", "mono", style.body.style))).need(rng)
    filled = Pen(hand, style.size + rng.randint(0, 2), rng.choice((style.ink, mix(style.ink, (20, 40, 150), 0.7))))
    heading = sheet.heading(rng.choice((1.3, 1.6)), style.ink)
    title = f"{fields.word().title()} {rng.choice(('Form', 'Application', 'Registration', 'Record'))}"
    title = fitted(title, heading, right - left)
    sheet.write(title, heading, align=rng.choice(("left", "centre")))
    number = fields.number()
    sheet.write(f"{rng.choice(('Form', 'No.', 'Ref.'))} {number}", sheet.muted)
    sheet.top += 6
    sheet.rule(style.accent, width=2)
    sheet.top += 8
    known = _values(fields)
    step = max(body.leading, filled.leading) + 8 if layout == "underlined" else body.leading + filled.leading + 12
    ticks = rng.randint(0, 4)
    room = (sheet.bottom - sheet.top - (ticks + 2) * (body.leading + 4)) // step
    pairs, middle = layout == "two_columns", (left + right) // 2
    chosen = rng.sample(sorted(known), k=min(len(known), max(2, room * (1 + pairs)), rng.randint(4, 11)))
    width = {"two_columns": middle - 6 - left, "underlined": (right - left) * 0.4}.get(layout, right - left)
    entries = {fitted(label, body, width): known[label] for label in chosen}
    gap = round(max(body.width(f"{label}: ") for label in entries))
    for index, (label, value) in enumerate(entries.items()):
        span = ((left, middle - 6), (middle + 6, right))[index % 2] if pairs else (left, right)
        entries[label] = _entry(sheet, label, value, filled, *span, gap=gap)
        if not pairs or index % 2 == 1 or index == len(entries) - 1:
            sheet.top += step
    sheet.top += 4
    states = _ticks(sheet, ticks)
    sheet.trim()
    _ask(sheet, title, number, entries, states)
    return sheet.finish(7)


def _values(fields: Fields) -> dict[str, str]:
    """What a form may ask for, with a value each."""
    name = fields.name()
    made: dict[str, Callable[[], str]] = {
        "Full name": lambda: name,
        "Date of birth": fields.birth_date,
        "Phone": fields.phone,
        "E-mail": lambda: fields.mail(name),
        "Street": fields.street,
        "Town": fields.town,
        "Postcode": fields.postcode,
        "Employer": fields.company,
        "Customer no.": fields.number,
        "Account": fields.iban,
        "Start time": fields.time,
        "Start date": fields.date,
        "Share": fields.percent,
        "Contact": fields.name,
        "Quantity": lambda: str(fields.rng.randint(1, 999)),
        "Subject": fields.product,
    }
    return dict(fields.typed() for _ in range(3)) | {label: make() for label, make in made.items()}


def _entry(sheet: Sheet, label: str, value: str, filled: Pen, left: int, right: int, *, gap: int) -> str:
    """Draw a label and its value, beside it `gap` pixels on. Returns the value as drawn, cut to its room."""
    pen, top, grey, layout = sheet.body, sheet.top, sheet.grey(0.55), sheet.layout
    if layout == "underlined":
        baseline, start = top + max(pen.ascent, filled.ascent), left + gap + 4
        value = fitted(value, filled, right - start - 6)
        with sheet.page.one_line():
            sheet.write(f"{label}:", top=baseline - pen.ascent, left=left)
            sheet.rule(grey, top=top + max(pen.leading, filled.leading) + 2, left=start, right=right)
            sheet.write(value, filled, top=baseline - filled.ascent, left=start + 4)
        return value
    value = fitted(value, filled, right - left - 12)
    if layout == "below":
        line = top + filled.leading + 1
        sheet.write(value, filled, top=top, left=left + 4)
        sheet.rule(grey, top=line, left=left, right=right)
        sheet.write(label, sheet.small(), top=line + 2, left=left)
        return value
    sheet.write(label, top=top, left=left)
    box = (left, top + pen.leading, right, top + pen.leading + filled.leading + 4)
    if layout == "shaded":
        sheet.page.draw.rectangle(box, fill=sheet.paler(0.12))
    else:
        sheet.page.draw.rectangle(box, outline=grey)
    sheet.write(value, filled, top=top + pen.leading + 2, left=left + 6)
    return value


def _ticks(sheet: Sheet, count: int) -> dict[str, bool]:
    """Boxes with labels below a heading. Returns which are ticked."""
    states: dict[str, bool] = {}
    if not count:
        return states
    rng, draw, ink = sheet.rng, sheet.page.draw, sheet.style.ink
    sheet.write(f"{sheet.fields.word().capitalize()}:", sheet.bold)
    for label in sheet.fields.distinct(sheet.fields.label, count):
        side = round(sheet.style.size * 0.9)
        x, y = sheet.left + 4, sheet.top + sheet.body.ascent - side + 1
        shown = fitted(label, sheet.body, sheet.right - sheet.left - side - 16)
        states[shown] = rng.random() < 0.5
        draw.rectangle((x, y, x + side, y + side), outline=ink)
        if states[shown]:
            inner = (x + 2, y + 2, x + side - 2, y + side - 2)
            if rng.random() < 0.5:
                draw.line(inner, fill=ink, width=2)
                draw.line((inner[0], inner[3], inner[2], inner[1]), fill=ink, width=2)
            else:
                draw.rectangle(inner, fill=ink)
        sheet.write(shown, left=x + side + 8)
        sheet.top += 3
    return states


def _ask(sheet: Sheet, title: str, number: str, known: dict[str, str], states: dict[str, bool]) -> None:
    rng = sheet.rng
    sheet.ask("extractive", title, "What is the title of the form?", "Which form is it?")
    sheet.ask("field", number, "What is the number of the form?", "Which reference does the form bear?")
    for label in rng.sample(sorted(known), k=min(3, len(known))):
        wordings = f"What is entered as {label}?", f"{label}?", f"What does the field {label} say?"
        sheet.ask("field", known[label], *wordings)
    sheet.ask("count", str(len(known)), "How many fields are filled in?", "Count the filled fields.")
    sheet.ask_json(known)
    if states:
        sheet.ask("count", str(sum(states.values())), "How many boxes are ticked?", "Count the ticked boxes.")
        label = rng.choice(sorted(states))
        sheet.ask("yes_no", "yes" if states[label] else "no", f"Is {label} ticked?", f"Is the box {label} marked?")
