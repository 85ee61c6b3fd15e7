"""Receipts: narrow paper, prices in a column at the right, what was paid and the change."""

from __future__ import annotations

import random

from fc_pipeline.images.synthesis.documents.layout import (
    Pen,
    ask,
    ask_json,
    fitted,
    join_lines,
    keep_questions,
    pens,
    trim,
    write,
)  # fmt: skip
from fc_pipeline.images.synthesis.documents.look import DrawableText, Look, draw_look
from fc_pipeline.images.synthesis.face import Faces, NotDrawn
from fc_pipeline.images.synthesis.fields import DATE_STYLES, Currency, Fields, write_date
from fc_pipeline.images.synthesis.page import Kind, Page, TextSupply

SIZES = ((224, 336), (224, 448), (256, 448), (320, 448))


def render(rng: random.Random, text: TextSupply, faces: Faces, layout: str) -> Page:
    """A receipt in a layout: plain, quantities, dotted, ruled or boxed."""
    width, height = rng.choice(SIZES)
    sizes = (9, 11) if width < 256 else (10, 13)
    look = draw_look(rng, faces, styles=("mono", "mono", "sans"), sizes=sizes, margins=(8, 16))
    fields = Fields(rng, DrawableText(text, (look.body, look.bold)))
    page = look.page(width, height)
    page.meta["layout"] = layout
    body, bold, _ = pens(look)
    left, right = look.margin, width - look.margin
    known = {"store": fitted(fields.company(), bold, right - left)}
    known |= {"date": write_date(fields.day(), rng.choice(DATE_STYLES)), "time": fields.time()}
    top = write(page, known["store"], bold, y=look.margin, left=left, right=right, align="centre")
    for line in (*fields.address(), fields.phone()):
        top = write(page, fitted(line, body, right - left), body, y=top, left=left, right=right, align="centre")
    top = _pair(page, known["date"], known["time"], body, y=top + body.leading // 2, left=left, right=right)
    top = _separate(page, look, layout, y=top, left=left, right=right)
    currency = fields.currency(look.body.characters & look.bold.characters)
    room = (height - top - look.margin - 5 * body.leading) // body.leading
    each = 2 if layout == "quantities" else 1
    count = rng.randint(1, max(1, min(9, room // each)))
    items = _items(page, fields, body, currency, layout, count, top=top, left=left, right=right)
    top = _separate(page, look, layout, y=top + each * count * body.leading, left=left, right=right)
    total = sum(cents for _, cents in items)
    paid = -(-total // (step := rng.choice((100, 500, 1000, 2000)))) * step
    known |= {"total": currency.write(total), "paid": currency.write(paid), "change": currency.write(paid - total)}
    labels = {
        "total": rng.choice(("TOTAL", "Total", "Sum")),
        "paid": rng.choice(("CASH", "Paid", "Given")),
        "change": rng.choice(("CHANGE", "Change", "Back")),
    }
    for field, label in labels.items():
        pen = bold if field == "total" else body
        top = _pair(page, label, known[field], pen, y=top, left=left, right=right)
    trim(page, rng, margin=look.margin)
    page.meta["arithmetic"] += [
        ["sum", [currency.write(cents) for _, cents in items], known["total"]],
        ["difference", [known["paid"], known["total"]], known["change"]],
    ]
    _ask(page, rng, known, [(name, currency.write(cents)) for name, cents in items])
    return page


def _pair(page: Page, label: str, value: str, pen: Pen, *, y: int, left: int, right: int, dots: bool = False) -> int:
    """A label at the left and a value at the right, as one line; leader dots are drawn between, they are no text.

    Raises NotDrawn when there is no room for both: questions ask for them as they are.
    """
    if pen.width(f"{label} {value}") > right - left:
        raise NotDrawn("too_wide")
    first = len(page.lines)
    write(page, label, pen, y=y, left=left)
    if dots:
        for x in range(left + round(pen.width(f"{label} ")) + 3, right - round(pen.width(value)) - 6, 6):
            page.draw.point((x, y + pen.ascent - 1), fill=pen.colour)
    after = write(page, value, pen, y=y, left=left, right=right, align="right")
    join_lines(page, first)
    return after


def _separate(page: Page, look: Look, layout: str, *, y: int, left: int, right: int) -> int:
    middle = y + look.leading // 2
    if layout == "boxed":
        page.draw.rectangle((left, middle - 2, right, middle + 2), fill=look.accent)
    elif layout == "ruled":
        page.draw.line((left, middle, right, middle), fill=look.ink)
    else:
        for x in range(left, right, 7):
            page.draw.line((x, middle, min(x + 3, right), middle), fill=look.ink)
    return y + look.leading


def _items(
    page: Page,
    fields: Fields,
    pen: Pen,
    currency: Currency,
    layout: str,
    count: int,
    *,
    top: int,
    left: int,
    right: int,
) -> list[tuple[str, int]]:
    """Draw the items; with quantities each has a second line. Returns their names as drawn, and amounts in cents."""
    items: list[tuple[str, int]] = []
    page.meta["arithmetic"] = []
    most = fields.rng.choice((500, 3_000, 20_000))
    for name in fields.distinct("product", count):
        price = fields.cents(most=most)
        quantity = fields.rng.randint(1, 9) if layout == "quantities" else 1
        amount = currency.write(quantity * price)
        short = fitted(name, pen, right - left - pen.width(f"  {amount}"))
        if layout == "quantities":
            top = write(page, short, pen, y=top, left=left)
            top = _pair(page, f"{quantity} x {currency.write(price)}", amount, pen, y=top, left=left + 8, right=right)
            page.meta["arithmetic"].append(["product", [str(quantity), currency.write(price)], amount])
        else:
            top = _pair(page, short, amount, pen, y=top, left=left, right=right, dots=layout == "dotted")
        items.append((short, quantity * price))
    return items


def _ask(page: Page, rng: random.Random, known: dict[str, str], items: list[tuple[str, str]]) -> None:
    wordings = {
        "store": ("Which store issued the receipt?", "What is the name of the store?"),
        "date": ("What is the date on the receipt?", "When was it bought?"),
        "time": ("At what time was it bought?", "What is the time on the receipt?"),
        "total": ("What is the total?", "How much does it cost in all?"),
        "paid": ("How much was paid?", "How much money was given?"),
        "change": ("How much is the change?", "How much came back?"),
    }
    for field, value in known.items():
        ask(page, rng, "field", wordings[field], value)
    ask(page, rng, "count", ("How many items are listed?", "Count the items on the receipt."), str(len(items)))
    names = [name for name, _ in items]
    for name, amount in [item for item in items if names.count(item[0]) == 1][:2]:
        ask(page, rng, "cell", (f"What does {name} cost?", f"Price of {name}?"), amount)
    ask_json(page, rng, known)
    keep_questions(page, rng)


KIND = Kind(
    name="document/receipt", render=render, layouts=("plain", "quantities", "dotted", "ruled"), held_out=("boxed",)
)
