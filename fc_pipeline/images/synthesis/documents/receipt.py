"""Receipts: narrow paper, prices in a column at the right, what was paid and the change."""

import random

from fc_pipeline.images.synthesis.documents.sheet import Pen, Sheet, draw_style, fitted
from fc_pipeline.images.synthesis.face import Faces, NotDrawn
from fc_pipeline.images.synthesis.fields import DATE_STYLES, Currency, write_date
from fc_pipeline.images.synthesis.page import Page, TextPool

SIZES = ((224, 336), (224, 448), (256, 448), (320, 448))
LABELS = {"total": ("TOTAL", "Total", "Sum"), "paid": ("CASH", "Paid", "Given"), "change": ("CHANGE", "Change", "Back")}
QUESTIONS = {
    "store": ("Which store issued the receipt?", "What is the name of the store?"),
    "date": ("What is the date on the receipt?", "When was it bought?"),
    "time": ("At what time was it bought?", "What is the time on the receipt?"),
    "total": ("What is the total?", "How much does it cost in all?"),
    "paid": ("How much was paid?", "How much money was given?"),
    "change": ("How much is the change?", "How much came back?"),
}


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """A receipt in a layout: plain, quantities, dotted, ruled or boxed."""
    size = rng.choice(SIZES)
    sizes = (9, 11) if size[0] < 256 else (10, 13)
    style = draw_style(rng, faces, styles=("mono", "mono", "sans"), sizes=sizes, margins=(8, 16))
    sheet = Sheet(rng, text, style, layout, size)
    fields, leading, room = sheet.fields, sheet.body.leading, sheet.right - sheet.left
    known = {"store": fitted(fields.company(), sheet.bold, room)}
    known |= {"date": write_date(fields.day(), rng.choice(DATE_STYLES)), "time": fields.time()}
    sheet.write(known["store"], sheet.bold, align="centre")
    for line in (*fields.address(), fields.phone()):
        sheet.write(fitted(line, sheet.body, room), align="centre")
    sheet.top += leading // 2
    write_pair(sheet, known["date"], known["time"])
    _separate(sheet)
    currency = sheet.currency()
    rows, each = (sheet.bottom - sheet.top - 5 * leading) // leading, 2 if layout == "quantities" else 1
    count = rng.randint(1, max(1, min(9, rows // each)))
    after = sheet.top + each * count * leading
    items = _items(sheet, currency, count)
    sheet.top = after
    _separate(sheet)
    total = sum(cents for _, cents in items)
    paid = -(-total // (step := rng.choice((100, 500, 1000, 2000)))) * step
    known |= {"total": currency.write(total), "paid": currency.write(paid), "change": currency.write(paid - total)}
    labels = {field: rng.choice(wordings) for field, wordings in LABELS.items()}
    for field, label in labels.items():
        write_pair(sheet, label, known[field], sheet.bold if field == "total" else sheet.body)
    sheet.trim()
    amounts = [(name, currency.write(cents)) for name, cents in items]
    sheet.page.meta["arithmetic"] += [
        ["sum", [amount for _, amount in amounts], known["total"]],
        ["difference", [known["paid"], known["total"]], known["change"]],
    ]
    for field, value in known.items():
        sheet.ask("field", value, *QUESTIONS[field])
    sheet.ask("count", str(count), "How many items are listed?", "Count the items on the receipt.")
    names = [name for name, _ in items]
    for name, amount in [item for item in amounts if names.count(item[0]) == 1][:2]:
        sheet.ask("cell", amount, f"What does {name} cost?", f"Price of {name}?")
    sheet.ask_json(known)
    return sheet.finish()


def write_pair(
    sheet: Sheet, label: str, value: str, pen: Pen | None = None, *, indent: int = 0, dots: bool = False
) -> None:
    """A label at the left and a value at the right, as one line; leader dots are drawn between, they are no text.

    Raises NotDrawn when there is no room for both, since questions ask for them as they are.
    """
    pen, left, right, top = pen or sheet.body, sheet.left + indent, sheet.right, sheet.top
    if pen.width(f"{label} {value}") > right - left:
        raise NotDrawn("too_wide")
    with sheet.page.one_line():
        sheet.write(label, pen, top=top, left=left)
        if dots:
            for x in range(left + round(pen.width(f"{label} ")) + 3, right - round(pen.width(value)) - 6, 6):
                sheet.page.draw.point((x, top + pen.ascent - 1), fill=pen.colour)
        sheet.write(value, pen, left=left, align="right")


def _separate(sheet: Sheet) -> None:
    """A bar, a rule or a row of dashes across the paper."""
    draw, middle, left, right = sheet.page.draw, sheet.top + sheet.leading // 2, sheet.left, sheet.right
    if sheet.layout == "boxed":
        draw.rectangle((left, middle - 2, right, middle + 2), fill=sheet.style.accent)
    elif sheet.layout == "ruled":
        draw.line((left, middle, right, middle), fill=sheet.style.ink)
    else:
        for x in range(left, right, 7):
            draw.line((x, middle, min(x + 3, right), middle), fill=sheet.style.ink)
    sheet.top += sheet.leading


def _items(sheet: Sheet, currency: Currency, count: int) -> list[tuple[str, int]]:
    """Draw the items; with quantities each has a second line. Returns their names as drawn, and amounts in cents."""
    fields, body = sheet.fields, sheet.body
    items: list[tuple[str, int]] = []
    arithmetic = sheet.page.meta["arithmetic"] = []
    most, counted = fields.rng.choice((500, 3_000, 20_000)), sheet.layout == "quantities"
    for name in fields.distinct(fields.product, count):
        price, quantity = fields.cents(most=most), fields.rng.randint(1, 9) if counted else 1
        amount = currency.write(quantity * price)
        short = fitted(name, body, sheet.right - sheet.left - body.width(f"  {amount}"))
        if counted:
            sheet.write(short)
            write_pair(sheet, f"{quantity} x {currency.write(price)}", amount, indent=8)
            arithmetic.append(["product", [str(quantity), currency.write(price)], amount])
        else:
            write_pair(sheet, short, amount, dots=sheet.layout == "dotted")
        items.append((short, quantity * price))
    return items
