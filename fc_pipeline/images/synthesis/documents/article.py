"""Articles: a title, an author, running text in one to three columns; a figure or a quotation set apart."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from fc_pipeline.images.synthesis.documents.layout import (
    Align,
    Pen,
    ask,
    ask_json,
    fitted,
    heading,
    keep_questions,
    pens,
    rule,
    trim,
    write,
    write_block,
)  # fmt: skip
from fc_pipeline.images.synthesis.documents.look import DrawableText, Look, draw_look, mixed
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.fields import Fields
from fc_pipeline.images.synthesis.page import Kind, Page, TextSupply, wrap

SIZES = ((448, 448), (448, 448), (448, 560), (448, 320))
COLUMNS = {"one_column": 1, "two_columns": 2, "three_columns": 3, "figure": 2, "quotation": 1}


@dataclass
class Flow:
    """Text on its way through the columns."""

    pending: list[str] = field(default_factory=list)
    """Lines of the paragraph that goes on."""
    headings: list[str] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)
    """Lines of running text, as drawn."""


def render(rng: random.Random, text: TextSupply, faces: Faces, layout: str) -> Page:
    """An article in a layout of COLUMNS."""
    count = COLUMNS[layout]
    sizes = (10, 15) if count == 1 else (9, 11)
    look = draw_look(rng, faces, styles=("serif", "sans"), sizes=sizes, margins=(14, 26))
    supply = DrawableText(text, (look.body, look.bold))
    fields = Fields(rng, supply)
    page = look.page(*rng.choice(SIZES))
    page.meta["layout"] = layout
    _, _, muted = pens(look)
    left, right, bottom = look.margin, page.image.width - look.margin, page.image.height - look.margin
    known = {"title": supply.title(rng), "author": fields.name(), "date": fields.date()}
    title_pen = heading(look, rng.uniform(1.4, 1.9), look.ink)
    alignments: tuple[Align, Align] = ("left", "centre")
    align = rng.choice(alignments)
    top, known["title"] = write_block(
        page, known["title"], title_pen, y=look.margin, left=left, right=right,
        bottom=look.margin + 2 * title_pen.leading,        align=align,
    )  # fmt: skip
    byline = f"{rng.choice(('By ', '', 'by '))}{known['author']}{rng.choice((' | ', ', ', ' - '))}{known['date']}"
    top = write(page, byline, muted, y=top, left=left, right=right, align=align) + 4
    if rng.random() < 0.5 or count > 1:
        rule(page, top, left, right, mixed(look.paper, look.ink, 0.6))
    top += 6
    gap = 14
    width = (right - left - gap * (count - 1)) // count
    flow, caption, quotation = Flow(), "", ""
    for column in range(count):
        x, y, end = left + column * (width + gap), top, bottom
        if layout == "figure" and column == 1:
            y, caption = _figure(page, rng, look, supply, top=top, left=x, width=width)
        if layout == "quotation":
            end = bottom - 3 * look.leading - 24
        _column(page, rng, supply, look, flow, top=y, left=x, right=x + width, bottom=end)
    if layout == "quotation":
        quotation = _quotation(page, look, supply.sentence(rng, max_chars=90), left=left, right=right, bottom=bottom)
    if count == 1:
        trim(page, rng, margin=look.margin)
    _ask(page, rng, known, flow, count=count, caption=caption, quotation=quotation)
    return page


def _column(
    page: Page, rng: random.Random, supply: TextSupply, look: Look, flow: Flow, *, top: int, left: int, right: int,
    bottom: int,
) -> None:  # fmt: skip
    """Fill one column, going on with the paragraph that the one before it left."""
    body, bold, _ = pens(look)
    width, first = right - left, True
    while top + body.leading <= bottom:
        if not flow.pending:
            top += 0 if first else body.leading // 2
            if rng.random() < 0.4 and top + 3 * body.leading <= bottom:
                flow.headings.append(fitted(supply.title(rng), bold, width))
                top = write(page, flow.headings[-1], bold, y=top, left=left)
            paragraph = supply.paragraph(rng, max_chars=rng.randint(80, 420))
            flow.pending = [fitted(line, body, width) for line in wrap(paragraph, body.face, body.size, width)]
            first = False
            continue
        line, first = flow.pending.pop(0), False
        top = write(page, line, body, y=top, left=left)
        flow.drawn.append(line)


def _figure(
    page: Page, rng: random.Random, look: Look, supply: TextSupply, *, top: int, left: int, width: int
) -> tuple[int, str]:
    """A drawing without letters and its caption. Returns the top of the text below and the caption."""
    height = rng.randint(width // 3, width * 2 // 3)
    page.draw.rectangle((left, top, left + width, top + height), fill=mixed(look.paper, look.accent, 0.18))
    for _ in range(rng.randint(3, 7)):
        x, y = left + rng.randrange(4, width - 40), top + rng.randrange(4, height - 24)
        colour = mixed(look.accent, look.paper, rng.uniform(0, 0.6))
        shape = (x, y, x + rng.randint(10, 36), y + rng.randint(8, 20))
        if rng.random() < 0.5:
            page.draw.ellipse(shape, fill=colour)
        else:
            page.draw.rectangle(shape, outline=colour, width=2)
    small = Pen(look.body, max(9, look.size - 1), look.muted)
    text = f"Figure {rng.randint(1, 9)}: {supply.sentence(rng, max_chars=60)}"
    top += height + 4
    top, caption = write_block(
        page, text, small, y=top, left=left, right=left + width, bottom=top + 3 * small.leading
    )  # fmt: skip
    return top + 8, caption


def _quotation(page: Page, look: Look, text: str, *, left: int, right: int, bottom: int) -> str:
    """A sentence on a shaded box at the foot. Returns it as drawn."""
    top = bottom - 3 * look.leading - 12
    page.draw.rectangle((left, top, right, bottom), fill=mixed(look.paper, look.accent, 0.12))
    page.draw.rectangle((left, top, left + 4, bottom), fill=look.accent)
    pen = Pen(look.bold, look.size + 1, look.ink)
    return write_block(page, text, pen, y=top + 6, left=left + 14, right=right - 8, bottom=bottom)[1]


def _ask(
    page: Page, rng: random.Random, known: dict[str, str], flow: Flow, *, count: int, caption: str, quotation: str
) -> None:
    ask(page, rng, "field", ("What is the title of the article?", "Read the title."), known["title"])
    ask(page, rng, "field", ("Who wrote the article?", "Who is the author?"), known["author"])
    ask(page, rng, "field", ("What is the date of the article?", "When was it published?"), known["date"])
    ask(page, rng, "count", ("In how many columns is the text set?", "Count the columns of text."), str(count))
    ask_json(page, rng, known)
    if caption:
        ask(page, rng, "extractive", ("What does the caption of the figure say?", "Read the caption."), caption)
    if quotation:
        ask(
            page, rng, "extractive", ("What does the quotation in the box say?", "Read the text in the box."), quotation
        )
    for number, title in zip(("first", "second"), flow.headings, strict=False):
        ask(page, rng, "extractive", (f"What is the {number} section heading?",), title)
    words, shown = " ".join(flow.drawn).split(), " ".join(page.text.split())
    for start in rng.sample(range(max(0, len(words) - 6)), k=min(2, max(0, len(words) - 6))):
        cue, answer = " ".join(words[start : start + 3]), " ".join(words[start + 3 : start + 6])
        if shown.count(cue) == 1 and f"{cue} {answer}" in shown:
            ask(
                page,
                rng,
                "extractive",
                (f'Which three words follow "{cue}"?', f'What comes after "{cue}"? Three words.'),
                answer,
            )
    keep_questions(page, rng, most=7)


KIND = Kind(
    name="document/article",
    render=render,
    layouts=("one_column", "two_columns", "figure", "three_columns"),
    held_out=("quotation",),
)
