"""Letters and memos."""

import random

from fc_pipeline.images.synthesis.colour import legible
from fc_pipeline.images.synthesis.documents.sheet import Pen, Sheet, draw_style, fitted
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Page, TextPool

SIZES = ((448, 448), (448, 448), (448, 560), (384, 448))
GREETINGS = ("Dear {}", "Dear {},", "To {}:", "Hello {},")
CLOSINGS = ("Sincerely,", "Yours faithfully,", "Best regards,", "With kind regards,", "Regards,", "Yours,")


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """A letter in a layout: block, dated_right, letterhead, memo or sidebar."""
    style = draw_style(rng, faces, styles=("serif", "sans", "mono"), sizes=(10, 14))
    sheet = Sheet(rng, text, style, layout, rng.choice(SIZES))
    fields, bold, half = sheet.fields, sheet.bold, sheet.body.leading // 2
    known = {"sender": fields.name(), "recipient": fields.name()}
    firm, known["date"] = fields.company(), fields.date()
    room = sheet.right - sheet.left - round(bold.width("SUBJECT: ")) - 120
    known["subject"] = fitted(sheet.text.title(rng), bold, room)
    if layout == "memo":
        _memo_head(sheet, known)
    else:
        if layout == "letterhead":
            _letterhead(sheet, firm)
        elif layout == "sidebar":
            _sidebar(sheet, firm)
        else:
            for line in (firm, *fields.address()):
                sheet.write(line, sheet.muted)
            sheet.top += half
        sheet.write(known["date"], align="right" if layout == "dated_right" else "left")
        sheet.top += half
        for line in (known["recipient"], *fields.address()):
            sheet.write(line)
        sheet.top += half
        known["subject"] = fitted(known["subject"], bold, sheet.right - sheet.left)
        sheet.write(known["subject"], bold)
        sheet.top += half
        sheet.write(rng.choice(GREETINGS).format(known["recipient"]))
        sheet.top += half
    paragraphs = _paragraphs(sheet)
    if layout != "memo":
        sheet.write(rng.choice(CLOSINGS))
        hand = faces.of("hand", style.body.style).draw(rng, known["sender"]) or style.body
        sheet.write(known["sender"], Pen(hand, style.size, style.ink))
    sheet.trim()
    sheet.ask("field", known["recipient"], "Who is it written to?", "To whom is the letter addressed?")
    sheet.ask("field", known["sender"], "Who wrote it?", "Who is it from?", "What is the sender's name?")
    sheet.ask("field", known["date"], "What is the date?", "When was it written?", "Which date does it bear?")
    sheet.ask("field", known["subject"], "What is the subject?", "What is it about, as the subject says?")
    sheet.ask_json(known)
    count = str(len(paragraphs))
    sheet.ask("count", count, "How many paragraphs has the body?", "Count the paragraphs of the body.")
    for number, paragraph in zip(("first", "second", "third"), paragraphs, strict=False):
        opening = " ".join(paragraph.split()[:4])
        sheet.ask("extractive", opening, f"With which four words does the {number} paragraph begin?")
    return sheet.finish()


def _paragraphs(sheet: Sheet) -> list[str]:
    """One to three paragraphs, with room below for the closing. Returns them as drawn."""
    pen, drawn, wanted = sheet.body, list[str](), sheet.rng.randint(1, 3)
    bottom = sheet.bottom - 3 * pen.leading
    rows = (sheet.right - sheet.left) // max(4, round(pen.width("n")))
    while len(drawn) < wanted and bottom - sheet.top >= pen.leading:
        share = (bottom - sheet.top) // pen.leading // (wanted - len(drawn))
        paragraph = sheet.text.paragraph(sheet.rng, max_chars=max(40, share * rows))
        drawn.append(sheet.block(paragraph, pen, bottom=bottom))
        sheet.top += pen.leading // 2
    return drawn


def _memo_head(sheet: Sheet, known: dict[str, str]) -> None:
    sheet.write("MEMORANDUM", sheet.heading(1.6))
    sheet.top += 4
    gap = round(sheet.bold.width("SUBJECT: ")) + 6
    for label, field in (("TO:", "recipient"), ("FROM:", "sender"), ("DATE:", "date"), ("SUBJECT:", "subject")):
        sheet.labelled(label, known[field], gap=gap)
    sheet.rule(sheet.style.ink, top=sheet.top + 3, width=2)
    sheet.top += 12


def _letterhead(sheet: Sheet, firm: str) -> None:
    """A mark beside the firm and how to reach it."""
    mark, title, fields = sheet.rng.randint(22, 34), sheet.heading(1.5), sheet.fields
    sheet.logo(mark, top=sheet.top)
    room, left = sheet.right - sheet.left - mark - 10, sheet.left + mark
    sheet.write(fitted(firm, title, room), title, left=left, align="centre")
    contact = fitted(f"{fields.phone()} | {fields.mail()}", sheet.muted, room)
    sheet.write(contact, sheet.muted, left=left, align="centre")
    sheet.top = max(sheet.top, sheet.style.margin + mark) + 4
    sheet.rule(sheet.style.accent, width=2)
    sheet.top += sheet.leading // 2


def _sidebar(sheet: Sheet, firm: str) -> None:
    """The sender on a coloured strip at the left; the letter stands beside it."""
    width, style, top = 118, sheet.style, sheet.top
    sheet.page.draw.rectangle((0, 0, width, sheet.height), fill=style.accent)
    ink = legible(sheet.paler(0.1), style.accent)
    small, bold = sheet.small(2, ink), Pen(style.bold, max(9, style.size - 1), ink)
    for value, pen in ((firm, bold), *((value, small) for value in (*sheet.fields.address(), sheet.fields.phone()))):
        sheet.block(value, pen, left=8, right=width - 6, bottom=sheet.height)
        sheet.top += 4
    sheet.left, sheet.top = width + 14, top
