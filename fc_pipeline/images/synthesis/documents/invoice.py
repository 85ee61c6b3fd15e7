"""Invoices and quotes whose lines multiply and add up."""

from __future__ import annotations

import datetime
import random
from decimal import ROUND_HALF_UP, Decimal

from fc_pipeline.images.synthesis.documents.grid import draw_grid, make_grid, row_height
from fc_pipeline.images.synthesis.documents.layout import (
    ask,
    ask_json,
    fitted,
    heading,
    join_lines,
    keep_questions,
    labelled,
    logo,
    pens,
    rule,
    trim,
    write,
)  # fmt: skip
from fc_pipeline.images.synthesis.documents.look import DrawableText, Look, draw_look, legible, mixed
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.fields import DATE_STYLES, Currency, Fields, write_date
from fc_pipeline.images.synthesis.page import Kind, Page, TextSupply

SIZES = ((448, 448), (448, 560), (448, 608))
PADDING = 2
WORDINGS = {
    "number": ("Invoice No.", "Invoice Number:", "Invoice #", "No.", "Ref:"),
    "date": ("Date:", "Issued:", "Invoice Date:"),
    "due": ("Due Date:", "Due:", "Payable by:", "Pay by:"),
    "item": ("Item", "Description", "Article"),
    "quantity": ("Qty", "Quantity", "Units"),
    "price": ("Price", "Unit Price", "Each"),
    "amount": ("Amount", "Total", "Sum"),
    "subtotal": ("Subtotal", "Net", "Sum of items"),
    "tax": ("VAT", "Tax", "Sales Tax", "GST"),
    "total": ("Total", "Total Due", "Amount Due", "Grand Total", "Balance Due"),
}
TAXES = ("0%", "5%", "7%", "7.5%", "8.25%", "10%", "19%", "20%", "21%", "25%")


def render(rng: random.Random, text: TextSupply, faces: Faces, layout: str) -> Page:
    """An invoice in a layout: classic, banded, ruled, centred or framed."""
    look = draw_look(rng, faces, styles=("sans", "serif", "mono"), sizes=(10, 13), margins=(14, 26))
    fields = Fields(rng, DrawableText(text, (look.body, look.bold)))
    page = look.page(*rng.choice(SIZES))
    page.meta["layout"] = layout
    body, bold, _ = pens(look)
    left, right = look.margin, page.image.width - look.margin
    labels = {field: rng.choice(wordings) for field, wordings in WORDINGS.items()}
    known = _known(fields)
    top, names = _head(page, rng, look, fields, known, labels, layout)
    known |= names
    room = (page.image.height - top - look.margin - 6 * body.leading) // row_height(body, PADDING) - 1
    currency = fields.currency(look.body.characters & look.bold.characters)
    items, sums = _items(fields, currency, rng.randint(1, max(1, min(8, room))), rng.choice(TAXES))
    titles = [labels[column] for column in ("item", "quantity", "price", "amount")]
    grid = make_grid(titles, items, ("left", "right", "right", "right"), body, bold, left=left, right=right)
    style = {"classic": "open", "banded": "banded", "ruled": "ruled", "centred": "headed", "framed": "boxed"}[layout]
    top = draw_grid(page, grid, look, body, bold, y=top, style=style, padding=PADDING) + body.leading // 3
    first = round(left + (right - left) * 0.45)
    top = _draw_sums(page, look, labels, sums, top=top, left=first, right=right - grid.padding)
    if top + body.leading < page.image.height - 4:
        known["iban"] = fields.iban()
        labelled(page, "IBAN", known["iban"], bold, body, y=top + 2, left=left)
    trim(page, rng, margin=look.margin)
    page.meta["arithmetic"] = [
        *(["product", [quantity, price], amount] for _, quantity, price, amount in grid.rows),
        ["sum", [amount for *_, amount in grid.rows], sums["subtotal"]],
        ["percent", [sums["rate"], sums["subtotal"]], sums["tax"]],
        ["sum", [sums["subtotal"], sums["tax"]], sums["total"]],
    ]
    _ask(page, rng, known | {"total": sums["total"], "tax": sums["tax"]}, sums["subtotal"], grid.rows)
    return page


def _known(fields: Fields) -> dict[str, str]:
    """Parties, number and dates as they are written."""
    day, style = fields.day(), fields.rng.choice(DATE_STYLES)
    due = day + datetime.timedelta(days=fields.rng.choice((7, 10, 14, 21, 30, 45, 60)))
    return {
        "seller": fields.company(),
        "customer": fields.name() if fields.rng.random() < 0.5 else fields.company(),
        "invoice_number": fields.number(fields.rng.choice(("INV", "RE", "F", ""))),
        "date": write_date(day, style),
        "due_date": write_date(due, style),
    }


def _items(fields: Fields, currency: Currency, count: int, rate: str) -> tuple[list[list[str]], dict[str, str]]:
    """Rows of name, quantity, price and amount, and the sums: rate, subtotal, tax (half up), total."""
    most = fields.rng.choice((2_000, 20_000, 100_000))
    items, subtotal = [], 0
    for name in fields.distinct("product", count):
        quantity, price = fields.rng.choice((1, 1, 2, 3, fields.rng.randint(1, 40))), fields.cents(most=most)
        items.append([name, str(quantity), currency.write(price), currency.write(quantity * price)])
        subtotal += quantity * price
    tax = int((Decimal(rate.strip("%")) * subtotal / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    amounts = {"subtotal": subtotal, "tax": tax, "total": subtotal + tax}
    return items, {"rate": rate} | {name: currency.write(amount) for name, amount in amounts.items()}


def _head(
    page: Page,
    rng: random.Random,
    look: Look,
    fields: Fields,
    known: dict[str, str],
    labels: dict[str, str],
    layout: str,
) -> tuple[int, dict[str, str]]:
    """Seller, customer, number and dates. Returns the top of what comes next, and the names, cut to their room."""
    body, bold, muted = pens(look)
    left, right, top = look.margin, page.image.width - look.margin, look.margin
    pairs = [("number", "invoice_number"), ("date", "date"), ("due", "due_date")]
    gap = round(max(bold.width(labels[label]) for label, _ in pairs)) + 8
    widest = round(max(body.width(known[field]) for _, field in pairs))
    middle = min((left + right) // 2, right - gap - widest - 4)
    room = middle - left - 8
    word = rng.choice(("INVOICE", "Invoice", "TAX INVOICE", "Bill", "Proforma Invoice"))
    title = heading(look, rng.uniform(1.5, 1.9))
    if layout == "banded":
        page.draw.rectangle((0, 0, page.image.width, top + title.leading + 4), fill=look.accent)
        title = heading(look, 1.7, legible(look.paper, look.accent))
    seller, customer = fitted(known["seller"], bold, room), fitted(known["customer"], body, room)
    if layout == "centred":
        seller = fitted(known["seller"], title, right - left)
        top = write(page, seller, title, y=top, left=left, right=right, align="centre")
        top = write(page, ", ".join(fields.address()), muted, y=top, left=left, right=right, align="centre")
        top = write(page, word, bold, y=top + 4, left=left, right=right, align="centre") + 4
        rule(page, top, left, right, look.accent)
    else:
        mark = title.ascent if layout != "banded" and rng.random() < 0.6 else 0
        if mark:
            logo(page, rng, left, top + 2, mark, look.accent)
        top = write(page, word, title, y=top, left=left + mark + 6 * (mark > 0)) + 6
    if layout == "framed":
        rule(page, top, left, right, look.accent, width=2)
    top += body.leading // 2
    y = top
    if layout != "centred":
        y = write(page, seller, bold, y=y, left=left)
        for line in (*fields.address(), fields.mail()):
            y = write(page, fitted(line, body, room), body, y=y, left=left)
        y += body.leading // 2
    y = write(page, rng.choice(("Bill to:", "Customer:", "To:", "Sold to:")), muted, y=y, left=left)
    for line in (customer, *(fitted(line, body, room) for line in fields.address())):
        y = write(page, line, body, y=y, left=left)
    right_top = top
    for label, field in pairs:
        right_top = labelled(page, labels[label], known[field], bold, body, y=right_top, left=middle + 4, gap=gap)
    return max(y, right_top) + body.leading // 2, {"seller": seller, "customer": customer}


def _draw_sums(
    page: Page, look: Look, labels: dict[str, str], sums: dict[str, str], *, top: int, left: int, right: int
) -> int:
    """Subtotal, tax and total at the right. Returns the top of what comes next."""
    body, bold, _ = pens(look)
    rows = (
        (labels["subtotal"], sums["subtotal"], body),
        (f"{labels['tax']} {sums['rate']}", sums["tax"], body),
        (labels["total"], sums["total"], bold),
    )
    for label, amount, pen in rows:
        if pen is bold:
            box = (left - 5, top + 1, right + 5, top + bold.leading + 4)
            page.draw.rectangle(box, fill=mixed(look.paper, look.accent, 0.12))
            top += 2
        first = len(page.lines)
        write(page, label, pen, y=top, left=left)
        top = write(page, amount, pen, y=top, left=left, right=right, align="right") + 1
        join_lines(page, first)
    return top + 4


def _ask(page: Page, rng: random.Random, known: dict[str, str], subtotal: str, rows: list[list[str]]) -> None:
    wordings = {
        "seller": ("Who issued the invoice?", "Which company sends the bill?"),
        "customer": ("Who is billed?", "Who is the customer?", "To whom is the invoice made out?"),
        "invoice_number": ("What is the invoice number?", "Invoice number?"),
        "date": ("What is the date of the invoice?", "When was it issued?"),
        "due_date": ("What is the due date?", "By when is it to be paid?", "When is payment due?"),
        "total": ("What is the total to be paid?", "How much is due in all?", "Total including tax?"),
        "tax": ("How much tax is charged?", "What is the amount of tax?"),
        "iban": ("What is the IBAN?", "To which IBAN is it to be paid?"),
    }
    for field, value in known.items():
        ask(page, rng, "field", wordings[field], value)
    ask(page, rng, "field", ("What is the sum before tax?", "How much is it without tax?"), subtotal)
    ask_json(page, rng, known)
    ask(
        page,
        rng,
        "count",
        ("How many items are listed?", "Count the items.", "How many lines has the bill?"),
        str(len(rows)),
    )
    names = [name for name, *_ in rows]
    name, quantity, price, amount = rng.choice([row for row in rows if names.count(row[0]) == 1] or rows)
    ask(page, rng, "cell", (f"What is the price of one {name}?", f"Unit price of {name}?"), price)
    ask(page, rng, "cell", (f"What do {quantity} × {name} cost?", f"Amount of the line {name}?"), amount)
    ask_json(page, rng, {"quantity": quantity, "price": price, "amount": amount}, of=name)
    keep_questions(page, rng, most=7)


KIND = Kind(
    name="document/invoice",
    render=render,
    layouts=("classic", "banded", "ruled", "centred"),
    held_out=("framed",),
)
