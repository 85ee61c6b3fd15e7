"""Rows and columns: columns as wide as their cells need, rules and shading, one line of text a row."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from fc_pipeline.images.synthesis.colour import legible
from fc_pipeline.images.synthesis.documents.sheet import Align, Pen, Sheet, fitted

LEAST_WIDTH = 44
"""Pixels that a column of text keeps when others need the room."""
CELL_PADDING = 5
"""Pixels left and right of a cell."""
GRID_STYLES = ("ruled", "banded", "open", "headed", "boxed")


@dataclass(frozen=True)
class Grid:
    """Titles and rows, cut to what the columns hold; `spans` are the columns' left and right edges in pixels."""

    titles: list[str]
    rows: list[list[str]]
    aligns: Sequence[Align]
    spans: list[tuple[int, int]]


def make_grid(
    sheet: Sheet, titles: Sequence[str], rows: Sequence[Sequence[str]], aligns: Sequence[Align], *, spread: bool = True
) -> Grid:
    """Columns between the margins; those of text (aligned left) give way when it is narrow.

    `spread` shares what is left over among the columns.
    """
    pen, title_pen, width = sheet.body, sheet.bold, sheet.right - sheet.left
    needed = [
        max(title_pen.width(title), *(pen.width(cell) for cell in cells)) + 2 * CELL_PADDING + 2
        for title, *cells in zip(titles, *rows, strict=True)
    ]
    texts = [index for index, align in enumerate(aligns) if align == "left"]
    while sum(needed) > width and any(needed[index] > LEAST_WIDTH for index in texts):
        widest = max(texts, key=lambda index: needed[index])
        needed[widest] = max(LEAST_WIDTH, needed[widest] - (sum(needed) - width), needed[widest] * 0.9)
    over = max(0.0, width - sum(needed)) / len(needed) if spread else 0.0
    edges = [float(sheet.left)]
    for each in needed:
        edges.append(edges[-1] + each + over)
    spans = [(round(start), round(end)) for start, end in itertools.pairwise(edges)]
    room = [end - start - 2 * CELL_PADDING for start, end in spans]
    return Grid(
        titles=[fitted(title, title_pen, width) for title, width in zip(titles, room, strict=True)],
        rows=[[fitted(cell, pen, width) for cell, width in zip(row, room, strict=True)] for row in rows],
        aligns=aligns,
        spans=spans,
    )


def draw_grid(sheet: Sheet, grid: Grid, *, style: str, padding: int = 3, totals: Sequence[str] = ()) -> None:
    """Draw the titles, the rows and a row of totals in one of GRID_STYLES; `padding` is above and below a row."""
    top, rows, left, right = sheet.top, len(grid.rows), grid.spans[0][0], grid.spans[-1][1]
    height, head = sheet.body.leading + 2 * padding, sheet.bold.leading + 2 * padding
    bottom = top + head + (rows + bool(totals)) * height
    draw, grey, ink, title_pen = sheet.page.draw, sheet.grey(0.4), sheet.style.ink, sheet.bold
    if style in ("headed", "boxed"):
        draw.rectangle((left, top, right, top + head), fill=sheet.style.accent)
        title_pen = Pen(title_pen.face, title_pen.size, legible(sheet.style.paper, sheet.style.accent))
    if style == "banded":
        for band in range(top + head, top + head + rows * height, 2 * height):
            draw.rectangle((left, band, right, band + height), fill=sheet.paler(0.1))
    if style in ("ruled", "boxed"):
        for number in range(rows + bool(totals) + 1):
            sheet.rule(grey, top=top + head + number * height, left=left, right=right)
        for edge in [left, *(end for _, end in grid.spans)]:
            draw.line((edge, top, edge, bottom), fill=grey)
        sheet.rule(grey, top=top, left=left, right=right)
    else:
        for y in (top + head, bottom, *([bottom - height] if totals else [])):
            sheet.rule(ink, top=y, left=left, right=right)
    _draw_row(sheet, grid, grid.titles, title_pen, padding)
    for row in grid.rows:
        _draw_row(sheet, grid, row, sheet.body, padding)
    if totals:
        _draw_row(sheet, grid, totals, sheet.bold, padding)
    sheet.top = bottom + 2


def _draw_row(sheet: Sheet, grid: Grid, cells: Sequence[str], pen: Pen, padding: int) -> None:
    """One row as one line of text; an empty cell draws nothing."""
    top = sheet.top + padding
    with sheet.page.one_line():
        for cell, align, (left, right) in zip(cells, grid.aligns, grid.spans, strict=True):
            if cell:
                sheet.write(cell, pen, top=top, left=left + CELL_PADDING, right=right - CELL_PADDING, align=align)
    sheet.top = top + pen.leading + padding
