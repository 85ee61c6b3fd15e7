"""Tables: a title, columns of words and of numbers, some with a row of totals."""

from __future__ import annotations

import random
from collections import Counter

from fc_pipeline.images.synthesis.documents.grid import draw_grid, make_grid, row_height
from fc_pipeline.images.synthesis.documents.layout import (
    Align,
    Pen,
    ask,
    ask_json,
    fitted,
    heading,
    keep_questions,
    pens,
    trim,
    write,
    write_block,
)  # fmt: skip
from fc_pipeline.images.synthesis.documents.look import DrawableText, draw_look
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.fields import Fields
from fc_pipeline.images.synthesis.page import Kind, Page, TextSupply

SIZES = ((448, 448), (448, 448), (448, 336), (448, 224))
NUMBERS = ("amount", "whole", "decimal")
WORDS = ("date", "percent", "time", "town", "code", "phone")
PADDING = 3


def render(rng: random.Random, text: TextSupply, faces: Faces, layout: str) -> Page:
    """A table whose layout is one of the styles of grids."""
    look = draw_look(rng, faces, styles=("sans", "serif", "mono"), sizes=(10, 14), margins=(12, 24))
    supply = DrawableText(text, (look.body, look.bold))
    fields = Fields(rng, supply)
    page = look.page(*rng.choice(SIZES))
    page.meta["layout"] = layout
    body, bold, muted = pens(look)
    left, right = look.margin, page.image.width - look.margin
    title_pen = heading(look, rng.choice((1.2, 1.5)), look.ink)
    title = fitted(supply.title(rng), title_pen, right - left)
    top = write(page, title, title_pen, y=look.margin, left=left, right=right, align=rng.choice(("left", "centre"))) + 4
    room = (page.image.height - top - look.margin - 2 * body.leading) // row_height(body, PADDING)
    with_totals = rng.random() < 0.5
    rows = rng.randint(min(3, room - 2), min(12, room - 2))
    kinds = _column_kinds(rng, body, right - left)
    drawn_columns = [_column(fields, kind, rows, look.body.characters) for kind in kinds]
    columns = [fields.distinct(rng.choice(("label", "product", "name", "town")), rows)]
    columns += [cells for cells, _ in drawn_columns]
    totals = ["Total", *(total for _, total in drawn_columns)]
    with_totals = with_totals and any(totals[1:])
    aligns: list[Align] = ["left", *(("right" if kind in NUMBERS else "left") for kind in kinds)]
    cells = [list(row) for row in zip(*columns, strict=True)]
    grid = make_grid(
        _titles(fields, len(columns)), cells + ([totals] if with_totals else []), aligns, body, bold,
        left=left, right=right, spread=rng.random() < 0.7,
    )  # fmt: skip
    drawn, totals = grid.rows[:rows], grid.rows[rows] if with_totals else []
    grid.rows[rows:] = []
    top = draw_grid(page, grid, look, body, bold, y=top, style=layout, padding=PADDING, totals=totals)
    if rng.random() < 0.5:
        _note(page, rng, supply, muted, top=top + 4, left=left, right=right, bottom=page.image.height - 6)
    page.meta["arithmetic"] = [
        ["sum", [row[index] for row in drawn], total] for index, total in enumerate(totals) if index and total
    ]
    trim(page, rng, margin=look.margin)
    page.caption = f"A table with {rows} rows and {len(columns)} columns: {', '.join(grid.titles)}. Title: {title}."
    _ask(page, rng, title, grid.titles, drawn, kinds, totals)
    return page


def _column_kinds(rng: random.Random, pen: Pen, width: int) -> list[str]:
    """Kinds of the columns after the first, as many as fit."""
    most = max(1, round((width - 100) / (pen.width("00/00/0000") + 12)))
    kinds = [rng.choice(NUMBERS), *(rng.choice(NUMBERS + WORDS) for _ in range(rng.randint(1, most) - 1))]
    return rng.sample(kinds, k=len(kinds))


def _titles(fields: Fields, count: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        found[fields.word().capitalize()] = None
    return list(found)


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


def _note(
    page: Page, rng: random.Random, supply: TextSupply, pen: Pen, *, top: int, left: int, right: int, bottom: int
) -> None:
    small = Pen(pen.face, max(9, pen.size - 1), pen.colour)
    write_block(page, supply.sentence(rng, max_chars=80), small, y=top, left=left, right=right, bottom=bottom)


def _ask(
    page: Page, rng: random.Random, title: str, titles: list[str], rows: list[list[str]], kinds: list[str],
    totals: list[str],
) -> None:  # fmt: skip
    ask(page, rng, "extractive", ("What is the title of the table?", "Read the heading of the table."), title)
    ask(page, rng, "count", ("How many columns has the table?", "Count the columns."), str(len(titles)))
    without = " not counting the titles" + (" and the totals" if totals else "")
    ask(page, rng, "count", (f"How many rows has the table,{without}?", f"Count the rows,{without}."), str(len(rows)))
    ask(page, rng, "extractive", ("What is the title of the last column?", "Name the last column."), titles[-1])
    named = Counter(row[0] for row in rows)
    keyed = [row for row in rows if named[row[0]] == 1]
    unique = [index for index in range(1, len(titles)) if titles.count(titles[index]) == 1]
    if keyed and unique:
        for row in rng.sample(keyed, k=min(2, len(keyed))):
            index = rng.choice(unique)
            name, column = row[0], titles[index]
            wordings = (f"What is the {column} of {name}?", f"{column} of {name}:", f"Row {name}, column {column}?")
            ask(page, rng, "cell", wordings, row[index])
        row = rng.choice(keyed)
        if len(unique) > 1:
            ask_json(page, rng, {titles[index]: row[index] for index in unique}, of=row[0])
    for index, total in enumerate(totals):
        if index and total:
            ask(
                page,
                rng,
                "cell",
                (f"What is the total of {titles[index]}?", f"Total of column {titles[index]}?"),
                total,
            )
    numeric = [index for index, kind in enumerate(kinds, start=1) if kind in NUMBERS and index in unique]
    if numeric and len(rows) > 1:
        _ask_extreme(page, rng, titles, rows, rng.choice(numeric))
    keep_questions(page, rng)


def _ask_extreme(page: Page, rng: random.Random, titles: list[str], rows: list[list[str]], index: int) -> None:
    """Which row has the largest or smallest number of a column, unless two share it."""
    values = [int("".join(character for character in row[index] if character.isdigit())) for row in rows]
    largest = rng.random() < 0.5
    best = max(values) if largest else min(values)
    if values.count(best) > 1:
        return
    row, word = rows[values.index(best)], "largest" if largest else "smallest"
    page.meta["arithmetic"].append([word, [each[index] for each in rows], row[index]])
    ask(
        page,
        rng,
        "choice",
        (f"Which row has the {word} {titles[index]}?", f"{word.capitalize()} {titles[index]}?"),
        row[0],
    )


KIND = Kind(
    name="document/table",
    render=render,
    layouts=("ruled", "banded", "open", "headed"),
    held_out=("boxed",),
)
