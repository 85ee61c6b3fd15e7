"""Tables: a title, columns of words and of numbers, some with a row of totals."""

import random
from collections import Counter

from fc_pipeline.images.synthesis.documents.grid import draw_grid, make_grid
from fc_pipeline.images.synthesis.documents.sheet import Align, Sheet, draw_style, fitted
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.fields import Fields
from fc_pipeline.images.synthesis.page import Page, TextPool

SIZES = ((448, 448), (448, 448), (448, 336), (448, 224))
NUMBERS = ("amount", "whole", "decimal")
WORDS = ("date", "percent", "time", "town", "code", "phone")
PADDING = 3


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """A table whose layout is one of the styles of grids."""
    style = draw_style(rng, faces, styles=("sans", "serif", "mono"), sizes=(10, 14), margins=(12, 24))
    sheet = Sheet(rng, text, style, layout, rng.choice(SIZES))
    fields, leading, width = sheet.fields, sheet.body.leading, sheet.right - sheet.left
    heading = sheet.heading(rng.choice((1.2, 1.5)), style.ink)
    title = fitted(sheet.text.title(rng), heading, width)
    sheet.write(title, heading, align=rng.choice(("left", "centre")))
    sheet.top += 4
    room = (sheet.bottom - sheet.top - 2 * leading) // (leading + 2 * PADDING)
    with_totals = rng.random() < 0.5
    count = rng.randint(min(3, room - 2), min(12, room - 2))
    most = max(1, round((width - 100) / (sheet.body.width("00/00/0000") + 12)))
    kinds = [rng.choice(NUMBERS), *(rng.choice(NUMBERS + WORDS) for _ in range(rng.randint(1, most) - 1))]
    kinds = rng.sample(kinds, k=len(kinds))
    made = [_column(fields, kind, count, style.body.characters) for kind in kinds]
    names = fields.distinct(rng.choice((fields.label, fields.product, fields.name, fields.town)), count)
    totals = ["Total", *(total for _, total in made)]
    if not (with_totals and any(totals[1:])):
        totals = []
    aligns: list[Align] = ["left", *(("right" if kind in NUMBERS else "left") for kind in kinds)]
    cells = [list(row) for row in zip(names, *(column for column, _ in made), strict=True)]
    titles = fields.distinct(lambda: fields.word().capitalize(), len(aligns))
    grid = make_grid(sheet, titles, [*cells, totals] if totals else cells, aligns, spread=rng.random() < 0.7)
    rows, totals = grid.rows[:count], grid.rows[count] if totals else []
    grid.rows[count:] = []
    draw_grid(sheet, grid, style=layout, padding=PADDING, totals=totals)
    if rng.random() < 0.5:
        sheet.top += 4
        sheet.block(sheet.text.sentence(rng, max_chars=80), sheet.small(), bottom=sheet.height - 6)
    sheet.page.meta["arithmetic"] = [
        ["sum", [row[index] for row in rows], total] for index, total in enumerate(totals) if index and total
    ]
    sheet.trim()
    columns = f"{len(aligns)} columns: {', '.join(grid.titles)}"
    sheet.page.caption = f"A table with {count} rows and {columns}. Title: {title}."
    _ask(sheet, title, grid.titles, rows, kinds, totals)
    return sheet.finish()


def _column(fields: Fields, kind: str, rows: int, characters: frozenset[str]) -> tuple[list[str], str]:
    """Cells of a column and their total, "" below a column of words."""
    rng = fields.rng
    if kind == "amount":
        currency, most = fields.currency(characters), rng.choice((5_000, 100_000, 1_000_000))
        cents = [fields.cents(most=most) for _ in range(rows)]
        return [currency.write(amount) for amount in cents], currency.write(sum(cents))
    if kind == "whole":
        most = rng.choice((20, 500, 20_000))
        numbers = [rng.randrange(most) for _ in range(rows)]
        return [str(number) for number in numbers], str(sum(numbers))
    if kind == "decimal":
        unit = 10 ** (places := rng.choice((1, 2)))
        numbers = [rng.randrange(rng.choice((10, 100, 1000)) * unit) for _ in range(rows)]
        cells = [f"{number // unit}.{number % unit:0{places}d}" for number in [*numbers, sum(numbers)]]
        return cells[:-1], cells[-1]
    makers = {
        "date": lambda: fields.day().isoformat(),
        "percent": fields.percent,
        "time": fields.time,
        "town": fields.town,
        "code": fields.number,
        "phone": lambda: f"555-01{rng.randrange(100):02d}",
    }
    return [makers[kind]() for _ in range(rows)], ""


def _ask(
    sheet: Sheet, title: str, titles: list[str], rows: list[list[str]], kinds: list[str], totals: list[str]
) -> None:
    rng = sheet.rng
    sheet.ask("extractive", title, "What is the title of the table?", "Read the heading of the table.")
    sheet.ask("count", str(len(titles)), "How many columns has the table?", "Count the columns.")
    without = " not counting the titles" + (" and the totals" if totals else "")
    sheet.ask("count", str(len(rows)), f"How many rows has the table,{without}?", f"Count the rows,{without}.")
    sheet.ask("extractive", titles[-1], "What is the title of the last column?", "Name the last column.")
    named = Counter(row[0] for row in rows)
    keyed = [row for row in rows if named[row[0]] == 1]
    unique = [index for index in range(1, len(titles)) if titles.count(titles[index]) == 1]
    if keyed and unique:
        for row in rng.sample(keyed, k=min(2, len(keyed))):
            index = rng.choice(unique)
            name, column = row[0], titles[index]
            wordings = f"What is the {column} of {name}?", f"{column} of {name}:", f"Row {name}, column {column}?"
            sheet.ask("cell", row[index], *wordings)
        row = rng.choice(keyed)
        if len(unique) > 1:
            sheet.ask_json({titles[index]: row[index] for index in unique}, of=row[0])
    for index, total in enumerate(totals):
        if index and total:
            sheet.ask("cell", total, f"What is the total of {titles[index]}?", f"Total of column {titles[index]}?")
    numeric = [index for index, kind in enumerate(kinds, start=1) if kind in NUMBERS and index in unique]
    if numeric and len(rows) > 1:
        _ask_extreme(sheet, titles, rows, rng.choice(numeric))


def _ask_extreme(sheet: Sheet, titles: list[str], rows: list[list[str]], index: int) -> None:
    """Which row has the largest or smallest number of a column, unless two share it."""
    values = [int("".join(character for character in row[index] if character.isdigit())) for row in rows]
    word, pick = ("largest", max) if sheet.rng.random() < 0.5 else ("smallest", min)
    best = pick(values)
    if values.count(best) > 1:
        return
    row = rows[values.index(best)]
    sheet.page.meta["arithmetic"].append([word, [each[index] for each in rows], row[index]])
    sheet.ask("choice", row[0], f"Which row has the {word} {titles[index]}?", f"{word.capitalize()} {titles[index]}?")
