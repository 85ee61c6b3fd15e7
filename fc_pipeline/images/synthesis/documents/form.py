"""Filled forms: labels with values in boxes or on lines, and boxes that are ticked or not."""

from __future__ import annotations

import random
from collections.abc import Callable

from fc_pipeline.images.synthesis.documents.layout import (
    Pen,
    ask,
    ask_json,
    fitted,
    heading,
    join_lines,
    keep_questions,
    pens,
    rule,
    trim,
    write,
)  # fmt: skip
from fc_pipeline.images.synthesis.documents.look import DrawableText, Look, draw_look, mixed, pick_face
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.fields import Fields
from fc_pipeline.images.synthesis.page import Kind, Page, TextSupply

SIZES = ((448, 448), (448, 448), (448, 560), (384, 448))


def render(rng: random.Random, text: TextSupply, faces: Faces, layout: str) -> Page:
    """A form in a layout: boxed, underlined, two_columns, shaded or below (labels under their values)."""
    look = draw_look(rng, faces, styles=("sans", "serif", "mono"), sizes=(10, 13), margins=(16, 28))
    fields = Fields(rng, DrawableText(text, (look.body, look.bold)))
    page = look.page(*rng.choice(SIZES))
    page.meta["layout"] = layout
    body, bold, muted = pens(look)
    hand = pick_face(rng, faces.of(rng.choice(("hand", "mono", look.body.style))))
    filled = Pen(hand, look.size + rng.randint(0, 2), rng.choice((look.ink, mixed(look.ink, (20, 40, 150), 0.7))))
    left, right = look.margin, page.image.width - look.margin
    title_pen = heading(look, rng.choice((1.3, 1.6)), look.ink)
    title = f"{fields.word().title()} {rng.choice(('Form', 'Application', 'Registration', 'Record'))}"
    title = fitted(title, title_pen, right - left)
    top = write(page, title, title_pen, y=look.margin, left=left, right=right, align=rng.choice(("left", "centre")))
    number = fields.number()
    top = write(page, f"{rng.choice(('Form', 'No.', 'Ref.'))} {number}", muted, y=top, left=left, right=right) + 6
    rule(page, top, left, right, look.accent, width=2)
    top += 8
    known = _values(fields)
    cell = _cell_height(body, filled, layout)
    ticks = rng.randint(0, 4)
    room = (page.image.height - top - look.margin - (ticks + 2) * (body.leading + 4)) // cell
    pairs = layout == "two_columns"
    chosen = rng.sample(sorted(known), k=min(len(known), max(2, room * (1 + pairs)), rng.randint(4, 11)))
    middle = (left + right) // 2
    width = {"two_columns": middle - 6 - left, "underlined": (right - left) * 0.4}.get(layout, right - left)
    entries = {fitted(label, body, width): known[label] for label in chosen}
    gap = round(max(body.width(f"{label}: ") for label in entries))
    for index, (label, value) in enumerate(entries.items()):
        x, end = (left, middle - 6) if pairs and index % 2 == 0 else (middle + 6 if pairs else left, right)
        entries[label] = _entry(page, look, layout, label, value, body, filled, top=top, left=x, right=end, gap=gap)
        if not pairs or index % 2 == 1 or index == len(entries) - 1:
            top += cell
    states = _ticks(page, rng, look, fields, bold, body, ticks, top=top + 4, left=left, right=right)
    trim(page, rng, margin=look.margin)
    _ask(page, rng, title, number, entries, states)
    return page


def _values(fields: Fields) -> dict[str, str]:
    """What a form may ask for, with a value each."""
    name = fields.name()
    made: dict[str, Callable[[], str]] = {
        "Full name": lambda: name,
        "Date of birth": fields.date,
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
    own = {
        label: (fields.product, fields.town, fields.number)[fields.rng.randrange(3)]
        for label in fields.distinct("label", 3)
    }
    return {label: make() for label, make in (own | made).items()}


def _cell_height(label: Pen, filled: Pen, layout: str) -> int:
    """Pixels from one entry to the next."""
    if layout == "underlined":
        return max(label.leading, filled.leading) + 8
    return label.leading + filled.leading + 12


def _entry(
    page: Page, look: Look, layout: str, label: str, value: str, pen: Pen, filled: Pen, *, top: int, left: int,
    right: int, gap: int,
) -> str:  # fmt: skip
    """Draw a label and its value, beside it `gap` pixels on. Returns the value as drawn, cut to its room."""
    grey = mixed(look.paper, look.ink, 0.55)
    if layout == "underlined":
        first = len(page.lines)
        baseline = top + max(pen.ascent, filled.ascent)
        start = left + gap + 4
        value = fitted(value, filled, right - start - 6)
        write(page, f"{label}:", pen, y=baseline - pen.ascent, left=left)
        rule(page, top + max(pen.leading, filled.leading) + 2, start, right, grey)
        write(page, value, filled, y=baseline - filled.ascent, left=start + 4)
        join_lines(page, first)
        return value
    value = fitted(value, filled, right - left - 12)
    if layout == "below":
        line = top + filled.leading + 1
        write(page, value, filled, y=top, left=left + 4)
        rule(page, line, left, right, grey)
        write(page, label, Pen(pen.face, max(9, pen.size - 1), look.muted), y=line + 2, left=left)
        return value
    write(page, label, pen, y=top, left=left)
    box = (left, top + pen.leading, right, top + pen.leading + filled.leading + 4)
    if layout == "shaded":
        page.draw.rectangle(box, fill=mixed(look.paper, look.accent, 0.12))
    else:
        page.draw.rectangle(box, outline=grey)
    write(page, value, filled, y=top + pen.leading + 2, left=left + 6)
    return value


def _ticks(
    page: Page, rng: random.Random, look: Look, fields: Fields, bold: Pen, pen: Pen, count: int, *, top: int, left: int,
    right: int,
) -> dict[str, bool]:  # fmt: skip
    """Boxes with labels below a heading. Returns which are ticked."""
    if not count:
        return {}
    top = write(page, f"{fields.word().capitalize()}:", bold, y=top, left=left)
    states: dict[str, bool] = {}
    for label in fields.distinct("label", count):
        side = round(look.size * 0.9)
        x, y = left + 4, top + pen.ascent - side + 1
        shown = fitted(label, pen, right - left - side - 16)
        states[shown] = rng.random() < 0.5
        page.draw.rectangle((x, y, x + side, y + side), outline=look.ink)
        if states[shown]:
            inner = (x + 2, y + 2, x + side - 2, y + side - 2)
            if rng.random() < 0.5:
                page.draw.line(inner, fill=look.ink, width=2)
                page.draw.line((inner[0], inner[3], inner[2], inner[1]), fill=look.ink, width=2)
            else:
                page.draw.rectangle(inner, fill=look.ink)
        top = write(page, shown, pen, y=top, left=x + side + 8) + 3
    return states


def _ask(
    page: Page, rng: random.Random, title: str, number: str, known: dict[str, str], states: dict[str, bool]
) -> None:
    ask(page, rng, "extractive", ("What is the title of the form?", "Which form is it?"), title)
    ask(page, rng, "field", ("What is the number of the form?", "Which reference does the form bear?"), number)
    for label in rng.sample(sorted(known), k=min(3, len(known))):
        wordings = (f"What is entered as {label}?", f"{label}?", f"What does the field {label} say?")
        ask(page, rng, "field", wordings, known[label])
    ask(page, rng, "count", ("How many fields are filled in?", "Count the filled fields."), str(len(known)))
    ask_json(page, rng, known)
    if states:
        ticked = sum(states.values())
        ask(page, rng, "count", ("How many boxes are ticked?", "Count the ticked boxes."), str(ticked))
        label = rng.choice(sorted(states))
        ask(
            page,
            rng,
            "yes_no",
            (f"Is {label} ticked?", f"Is the box {label} marked?"),
            "yes" if states[label] else "no",
        )
    keep_questions(page, rng, most=7)


KIND = Kind(
    name="document/form",
    render=render,
    layouts=("boxed", "underlined", "two_columns", "shaded"),
    held_out=("below",),
)
