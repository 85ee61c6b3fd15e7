"""Articles: a title, an author, running text in one to three columns; a figure or a quotation set apart."""

import random

from fc_pipeline.images.synthesis.colour import mix
from fc_pipeline.images.synthesis.documents.sheet import Align, Pen, Sheet, draw_style, fitted
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Page, TextPool, wrap

SIZES = ((448, 448), (448, 448), (448, 560), (448, 320))
COLUMNS = {"one_column": 1, "two_columns": 2, "three_columns": 3, "figure": 2, "quotation": 1}
ALIGNS: tuple[Align, Align] = ("left", "centre")
GAP = 14
"""Pixels between columns."""


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """An article in a layout of COLUMNS."""
    count = COLUMNS[layout]
    sizes = (10, 15) if count == 1 else (9, 11)
    style = draw_style(rng, faces, styles=("serif", "sans"), sizes=sizes, margins=(14, 26))
    sheet = Sheet(rng, text, style, layout, rng.choice(SIZES))
    known = {"title": sheet.text.title(rng), "author": sheet.fields.name(), "date": sheet.fields.date()}
    title, align = sheet.heading(rng.uniform(1.4, 1.9), style.ink), rng.choice(ALIGNS)
    known["title"] = sheet.block(known["title"], title, bottom=style.margin + 2 * title.leading, align=align)
    byline = f"{rng.choice(('By ', '', 'by '))}{known['author']}{rng.choice((' | ', ', ', ' - '))}{known['date']}"
    sheet.write(byline, sheet.muted, align=align)
    sheet.top += 4
    if rng.random() < 0.5 or count > 1:
        sheet.rule(sheet.grey(0.6))
    top, caption, quotation = sheet.top + 6, "", ""
    width = (sheet.right - sheet.left - GAP * (count - 1)) // count
    headings, drawn, pending = list[str](), list[str](), list[str]()
    for column in range(count):
        left, sheet.top = sheet.left + column * (width + GAP), top
        if layout == "figure" and column == 1:
            caption = _figure(sheet, left, width)
        bottom = sheet.bottom - (3 * sheet.leading + 24) * (layout == "quotation")
        drawn += _fill(sheet, left, width, bottom, pending, headings)
    if layout == "quotation":
        quotation = _quotation(sheet, sheet.text.sentence(rng, max_chars=90))
    if count == 1:
        sheet.trim()
    sheet.ask("field", known["title"], "What is the title of the article?", "Read the title.")
    sheet.ask("field", known["author"], "Who wrote the article?", "Who is the author?")
    sheet.ask("field", known["date"], "What is the date of the article?", "When was it published?")
    sheet.ask("count", str(count), "In how many columns is the text set?", "Count the columns of text.")
    sheet.ask_json(known)
    if caption:
        sheet.ask("extractive", caption, "What does the caption of the figure say?", "Read the caption.")
    if quotation:
        sheet.ask("extractive", quotation, "What does the quotation in the box say?", "Read the text in the box.")
    for number, heading in zip(("first", "second"), headings, strict=False):
        sheet.ask("extractive", heading, f"What is the {number} section heading?")
    _ask_continuations(sheet, " ".join(drawn).split())
    return sheet.finish(7)


def _fill(sheet: Sheet, left: int, width: int, bottom: int, pending: list[str], headings: list[str]) -> list[str]:
    """One column down to `bottom`, from the `pending` lines of a paragraph on. Returns its lines of running text."""
    rng, body, bold, first, drawn = sheet.rng, sheet.body, sheet.bold, True, list[str]()
    while sheet.top + body.leading <= bottom:
        if not pending:
            sheet.top += 0 if first else body.leading // 2
            if rng.random() < 0.4 and sheet.top + 3 * body.leading <= bottom:
                headings.append(fitted(sheet.text.title(rng), bold, width))
                sheet.write(headings[-1], bold, left=left)
            paragraph = sheet.text.paragraph(rng, max_chars=rng.randint(80, 420))
            pending += [fitted(line, body, width) for line in wrap(paragraph, body.face, body.size, width)]
        else:
            drawn.append(pending.pop(0))
            sheet.write(drawn[-1], left=left)
        first = False
    return drawn


def _figure(sheet: Sheet, left: int, width: int) -> str:
    """A drawing without letters and its caption. Returns the caption."""
    rng, style, draw, top = sheet.rng, sheet.style, sheet.page.draw, sheet.top
    height = rng.randint(width // 3, width * 2 // 3)
    draw.rectangle((left, top, left + width, top + height), fill=sheet.paler(0.18))
    for _ in range(rng.randint(3, 7)):
        x, y = left + rng.randrange(4, width - 40), top + rng.randrange(4, height - 24)
        colour = mix(style.accent, style.paper, rng.uniform(0, 0.6))
        shape = (x, y, x + rng.randint(10, 36), y + rng.randint(8, 20))
        if rng.random() < 0.5:
            draw.ellipse(shape, fill=colour)
        else:
            draw.rectangle(shape, outline=colour, width=2)
    text, pen = f"Figure {rng.randint(1, 9)}: {sheet.text.sentence(rng, max_chars=60)}", sheet.small()
    sheet.top += height + 4
    caption = sheet.block(text, pen, left=left, right=left + width, bottom=sheet.top + 3 * pen.leading)
    sheet.top += 8
    return caption


def _quotation(sheet: Sheet, text: str) -> str:
    """A sentence on a shaded box at the foot. Returns it as drawn."""
    left, right, bottom = sheet.left, sheet.right, sheet.bottom
    top = bottom - 3 * sheet.leading - 12
    sheet.page.draw.rectangle((left, top, right, bottom), fill=sheet.paler(0.12))
    sheet.page.draw.rectangle((left, top, left + 4, bottom), fill=sheet.style.accent)
    sheet.top = top + 6
    pen = Pen(sheet.style.bold, sheet.style.size + 1, sheet.style.ink)
    return sheet.block(text, pen, left=left + 14, right=right - 8, bottom=bottom)


def _ask_continuations(sheet: Sheet, words: list[str]) -> None:
    """What comes after three words of the text, where they stand on the page once."""
    shown = " ".join(sheet.page.text.split())
    for start in sheet.rng.sample(range(max(0, len(words) - 6)), k=min(2, max(0, len(words) - 6))):
        cue, answer = " ".join(words[start : start + 3]), " ".join(words[start + 3 : start + 6])
        if shown.count(cue) == 1 and f"{cue} {answer}" in shown:
            wordings = f'Which three words follow "{cue}"?', f'What comes after "{cue}"? Three words.'
            sheet.ask("extractive", answer, *wordings)
