"""Rows and columns: columns as wide as their cells need, rules and shading, one line of text a row."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from fc_pipeline.images.synthesis.documents.layout import Align, Pen, fitted, join_lines, rule, write
from fc_pipeline.images.synthesis.documents.look import Look, legible, mixed
from fc_pipeline.images.synthesis.page import Page

LEAST_WIDTH = 44
"""Pixels that a column of text keeps when others need the room."""


@dataclass(frozen=True)
class Grid:
    """Titles and rows, cut to what the columns hold; `spans` are the columns' left and right edges in pixels."""

    titles: list[str]
    rows: list[list[str]]
    aligns: Sequence[Align]
    spans: list[tuple[int, int]]
    padding: int

    @property
    def left(self) -> int:
        """Left edge in pixels."""
        return self.spans[0][0]

    @property
    def right(self) -> int:
        """Right edge in pixels."""
        return self.spans[-1][1]


def make_grid(
    titles: Sequence[str], rows: Sequence[Sequence[str]], aligns: Sequence[Align], pen: Pen, title_pen: Pen,
    *, left: int, right: int, padding: int = 5, spread: bool = True,
) -> Grid:  # fmt: skip
    """Columns between left and right; those of text (aligned left) give way when it is narrow.

    `spread` shares what is left over among the columns.
    """
    columns = list(zip(titles, *rows, strict=True))
    needed = [
        max(title_pen.width(column[0]), *(pen.width(cell) for cell in column[1:])) + 2 * padding + 2
        for column in columns
    ]
    texts = [index for index, align in enumerate(aligns) if align == "left"]
    while sum(needed) > right - left and any(needed[index] > LEAST_WIDTH for index in texts):
        widest = max(texts, key=lambda index: needed[index])
        needed[widest] = max(LEAST_WIDTH, needed[widest] - (sum(needed) - (right - left)), needed[widest] * 0.9)
    over = max(0.0, right - left - sum(needed)) / len(needed) if spread else 0.0
    edges = [float(left)]
    for width in needed:
        edges.append(edges[-1] + width + over)
    spans = [(round(start), round(end)) for start, end in itertools.pairwise(edges)]
    room = [end - start - 2 * padding for start, end in spans]
    return Grid(
        titles=[fitted(title, title_pen, width) for title, width in zip(titles, room, strict=True)],
        rows=[[fitted(cell, pen, width) for cell, width in zip(row, room, strict=True)] for row in rows],
        aligns=aligns,
        spans=spans,
        padding=padding,
    )


def row_height(pen: Pen, padding: int) -> int:
    """Pixels of one row."""
    return pen.leading + 2 * padding


def draw_row(page: Page, grid: Grid, cells: Sequence[str], pen: Pen, *, y: int, padding: int) -> int:
    """Draw one row as one line of text; an empty cell draws nothing. Returns the top of the next row."""
    first = len(page.lines)
    for cell, align, (left, right) in zip(cells, grid.aligns, grid.spans, strict=True):
        if cell:
            inner = left + grid.padding, right - grid.padding
            write(page, cell, pen, y=y + padding, left=inner[0], right=inner[1], align=align)
    join_lines(page, first)
    return y + row_height(pen, padding)


def draw_grid(
    page: Page, grid: Grid, look: Look, pen: Pen, title_pen: Pen, *, y: int, style: str, padding: int = 3,
    totals: Sequence[str] = (),
) -> int:  # fmt: skip
    """Draw titles, rows and totals, ruled, banded, open, headed or boxed. Returns the top of what comes next."""
    top, rows = y, len(grid.rows)
    height, head = row_height(pen, padding), row_height(title_pen, padding)
    bottom = top + head + (rows + bool(totals)) * height
    if style in ("headed", "boxed"):
        page.draw.rectangle((grid.left, top, grid.right, top + head), fill=look.accent)
        title_pen = Pen(title_pen.face, title_pen.size, legible(look.paper, look.accent))
    if style == "banded":
        for number in range(0, rows, 2):
            band = top + head + number * height
            page.draw.rectangle((grid.left, band, grid.right, band + height), fill=mixed(look.paper, look.accent, 0.1))
    if style in ("ruled", "boxed"):
        for number in range(rows + bool(totals) + 1):
            rule(page, top + head + number * height, grid.left, grid.right, mixed(look.paper, look.ink, 0.4))
        for edge in [grid.left, *(end for _, end in grid.spans)]:
            page.draw.line((edge, top, edge, bottom), fill=mixed(look.paper, look.ink, 0.4))
        rule(page, top, grid.left, grid.right, mixed(look.paper, look.ink, 0.4))
    else:
        rule(page, top + head, grid.left, grid.right, look.ink)
        rule(page, bottom, grid.left, grid.right, look.ink)
        if totals:
            rule(page, bottom - height, grid.left, grid.right, look.ink)
    y = draw_row(page, grid, grid.titles, title_pen, y=y, padding=padding)
    for row in grid.rows:
        y = draw_row(page, grid, row, pen, y=y, padding=padding)
    if totals:
        y = draw_row(page, grid, totals, Pen(title_pen.face, pen.size, look.ink), y=y, padding=padding)
    return bottom + 2
