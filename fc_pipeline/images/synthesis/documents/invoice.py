"""Invoices and quotes whose lines multiply and add up."""

import datetime
import random
from decimal import ROUND_HALF_UP, Decimal

from fc_pipeline.images.synthesis.colour import legible
from fc_pipeline.images.synthesis.documents.grid import CELL_PADDING, draw_grid, make_grid
from fc_pipeline.images.synthesis.documents.sheet import Sheet, draw_style, fitted
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.fields import DATE_STYLES, Currency, Fields, write_date
from fc_pipeline.images.synthesis.page import Page, TextPool

SIZES = ((448, 448), (448, 560), (448, 608))
PADDING = 2
GRID_STYLES = {"classic": "open", "banded": "banded", "ruled": "ruled", "centred": "headed", "framed": "boxed"}
LABELS = {
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
DATED = (("number", "invoice_number"), ("date", "date"), ("due", "due_date"))
"""Label and field of each row of the head's right side."""
TAXES = ("0%", "5%", "7%", "7.5%", "8.25%", "10%", "19%", "20%", "21%", "25%")
QUESTIONS = {
    "seller": ("Who issued the invoice?", "Which company sends the bill?"),
    "customer": ("Who is billed?", "Who is the customer?", "To whom is the invoice made out?"),
    "invoice_number": ("What is the invoice number?", "Invoice number?"),
    "date": ("What is the date of the invoice?", "When was it issued?"),
    "due_date": ("What is the due date?", "By when is it to be paid?", "When is payment due?"),
    "total": ("What is the total to be paid?", "How much is due in all?", "Total including tax?"),
    "tax": ("How much tax is charged?", "What is the amount of tax?"),
    "iban": ("What is the IBAN?", "To which IBAN is it to be paid?"),
}


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """An invoice in a layout: classic, banded, ruled, centred or framed."""
    style = draw_style(rng, faces, styles=("sans", "serif", "mono"), sizes=(10, 13), margins=(14, 26))
    sheet = Sheet(rng, text, style, layout, rng.choice(SIZES))
    body, fields = sheet.body, sheet.fields
    labels = {field: rng.choice(wordings) for field, wordings in LABELS.items()}
    known = _known(fields)
    _head(sheet, known, labels)
    room = (sheet.bottom - sheet.top - 6 * body.leading) // (body.leading + 2 * PADDING) - 1
    currency = sheet.currency()
    items, sums = _items(fields, currency, rng.randint(1, max(1, min(8, room))), rng.choice(TAXES))
    titles = [labels[column] for column in ("item", "quantity", "price", "amount")]
    grid = make_grid(sheet, titles, items, ("left", "right", "right", "right"))
    draw_grid(sheet, grid, style=GRID_STYLES[layout], padding=PADDING)
    sheet.top += body.leading // 3
    _draw_sums(sheet, labels, sums)
    if sheet.top + body.leading < sheet.height - 4:
        known["iban"] = fields.iban()
        sheet.labelled("IBAN", known["iban"], top=sheet.top + 2)
    sheet.trim()
    sheet.page.meta["arithmetic"] = [
        *(["product", [quantity, price], amount] for _, quantity, price, amount in grid.rows),
        ["sum", [amount for *_, amount in grid.rows], sums["subtotal"]],
        ["percent", [sums["rate"], sums["subtotal"]], sums["tax"]],
        ["sum", [sums["subtotal"], sums["tax"]], sums["total"]],
    ]
    _ask(sheet, known | {"total": sums["total"], "tax": sums["tax"]}, sums["subtotal"], grid.rows)
    return sheet.finish(7)


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
    for name in fields.distinct(fields.product, count):
        quantity, price = fields.rng.choice((1, 1, 2, 3, fields.rng.randint(1, 40))), fields.cents(most=most)
        items.append([name, str(quantity), currency.write(price), currency.write(quantity * price)])
        subtotal += quantity * price
    tax = int((Decimal(rate.strip("%")) * subtotal / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    amounts = {"subtotal": subtotal, "tax": tax, "total": subtotal + tax}
    return items, {"rate": rate} | {name: currency.write(amount) for name, amount in amounts.items()}


def _head(sheet: Sheet, known: dict[str, str], labels: dict[str, str]) -> None:
    """Seller, customer, number and dates; the names in `known` are cut to their room."""
    rng, fields, style, layout = sheet.rng, sheet.fields, sheet.style, sheet.layout
    body, bold, muted, left, right = sheet.body, sheet.bold, sheet.muted, sheet.left, sheet.right
    gap = round(max(bold.width(labels[label]) for label, _ in DATED)) + 8
    widest = round(max(body.width(known[field]) for _, field in DATED))
    middle = min((left + right) // 2, right - gap - widest - 4)
    room = middle - left - 8
    word = rng.choice(("INVOICE", "Invoice", "TAX INVOICE", "Bill", "Proforma Invoice"))
    title = sheet.heading(rng.uniform(1.5, 1.9))
    if layout == "banded":
        sheet.page.draw.rectangle((0, 0, sheet.width, sheet.top + title.leading + 4), fill=style.accent)
        title = sheet.heading(1.7, legible(style.paper, style.accent))
    known["customer"] = fitted(known["customer"], body, room)
    if layout == "centred":
        known["seller"] = fitted(known["seller"], title, right - left)
        sheet.write(known["seller"], title, align="centre")
        sheet.write(", ".join(fields.address()), muted, align="centre")
        sheet.top += 4
        sheet.write(word, bold, align="centre")
        sheet.top += 4
        sheet.rule(style.accent)
    else:
        known["seller"] = fitted(known["seller"], bold, room)
        mark = title.ascent if layout != "banded" and rng.random() < 0.6 else 0
        if mark:
            sheet.logo(mark, top=sheet.top + 2)
        sheet.write(word, title, left=left + mark + 6 * (mark > 0))
        sheet.top += 6
    if layout == "framed":
        sheet.rule(style.accent, width=2)
    sheet.top += body.leading // 2
    beside = sheet.top
    if layout != "centred":
        sheet.write(known["seller"], bold)
        for line in (*fields.address(), fields.mail()):
            sheet.write(fitted(line, body, room))
        sheet.top += body.leading // 2
    sheet.write(rng.choice(("Bill to:", "Customer:", "To:", "Sold to:")), muted)
    for line in (known["customer"], *(fitted(line, body, room) for line in fields.address())):
        sheet.write(line)
    for label, field in DATED:
        beside = sheet.labelled(labels[label], known[field], top=beside, left=middle + 4, gap=gap)
    sheet.top = max(sheet.top, beside) + body.leading // 2


def _draw_sums(sheet: Sheet, labels: dict[str, str], sums: dict[str, str]) -> None:
    left, right = round(sheet.left + (sheet.right - sheet.left) * 0.45), sheet.right - CELL_PADDING
    for label, field in ((labels["subtotal"], "subtotal"), (f"{labels['tax']} {sums['rate']}", "tax"),
                         (labels["total"], "total")):  # fmt: skip
        pen = sheet.bold if field == "total" else sheet.body
        if field == "total":
            box = (left - 5, sheet.top + 1, right + 5, sheet.top + pen.leading + 4)
            sheet.page.draw.rectangle(box, fill=sheet.paler(0.12))
            sheet.top += 2
        with sheet.page.one_line():
            sheet.write(label, pen, top=sheet.top, left=left)
            sheet.write(sums[field], pen, left=left, right=right, align="right")
        sheet.top += 1
    sheet.top += 4


def _ask(sheet: Sheet, known: dict[str, str], subtotal: str, rows: list[list[str]]) -> None:
    for field, value in known.items():
        sheet.ask("field", value, *QUESTIONS[field])
    sheet.ask("field", subtotal, "What is the sum before tax?", "How much is it without tax?")
    sheet.ask_json(known)
    wordings = "How many items are listed?", "Count the items.", "How many lines has the bill?"
    sheet.ask("count", str(len(rows)), *wordings)
    names = [name for name, *_ in rows]
    name, quantity, price, amount = sheet.rng.choice([row for row in rows if names.count(row[0]) == 1] or rows)
    sheet.ask("cell", price, f"What is the price of one {name}?", f"Unit price of {name}?")
    sheet.ask("cell", amount, f"What do {quantity} × {name} cost?", f"Amount of the line {name}?")
    sheet.ask_json({"quantity": quantity, "price": price, "amount": amount}, of=name)
