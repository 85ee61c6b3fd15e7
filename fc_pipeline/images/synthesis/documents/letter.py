"""Letters and memos."""

from __future__ import annotations

import random

from fc_pipeline.images.synthesis.documents.layout import (
    Align,
    Pen,
    ask,
    ask_json,
    fitted,
    heading,
    keep_questions,
    labelled,
    logo,
    pens,
    rule,
    trim,
    write,
    write_block,
)  # fmt: skip
from fc_pipeline.images.synthesis.documents.look import DrawableText, Look, draw_look, legible, mixed
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.fields import Fields
from fc_pipeline.images.synthesis.page import Kind, Page, TextSupply

SIZES = ((448, 448), (448, 448), (448, 560), (384, 448))
GREETINGS = ("Dear {}", "Dear {},", "To {}:", "Hello {},")
CLOSINGS = ("Sincerely,", "Yours faithfully,", "Best regards,", "With kind regards,", "Regards,", "Yours,")


def render(rng: random.Random, text: TextSupply, faces: Faces, layout: str) -> Page:
    """A letter in a layout: block, dated_right, letterhead, memo or sidebar."""
    look = draw_look(rng, faces, styles=("serif", "sans", "mono"), sizes=(10, 14))
    supply = DrawableText(text, (look.body, look.bold))
    fields = Fields(rng, supply)
    page = look.page(*rng.choice(SIZES))
    page.meta["layout"] = layout
    body, bold, muted = pens(look)
    left, right, top = look.margin, page.image.width - look.margin, look.margin
    sender, recipient, firm, date = fields.name(), fields.name(), fields.company(), fields.date()
    subject = fitted(supply.title(rng), bold, right - left - round(bold.width("SUBJECT: ")) - 120)
    if layout == "memo":
        top = _memo_head(page, look, sender=sender, recipient=recipient, date=date, subject=subject)
    else:
        if layout == "letterhead":
            top = _letterhead(page, rng, look, fields, firm)
        elif layout == "sidebar":
            left = _sidebar(page, look, fields, firm)
        else:
            for line in (firm, *fields.address()):
                top = write(page, line, muted, y=top, left=left, right=right)
            top += body.leading // 2
        align: Align = "right" if layout == "dated_right" else "left"
        top = write(page, date, body, y=top, left=left, right=right, align=align) + body.leading // 2
        for line in (recipient, *fields.address()):
            top = write(page, line, body, y=top, left=left, right=right)
        top += body.leading // 2
        subject = fitted(subject, bold, right - left)
        top = write(page, subject, bold, y=top, left=left, right=right) + body.leading // 2
        top = write(page, rng.choice(GREETINGS).format(recipient), body, y=top, left=left, right=right)
        top += body.leading // 2
    bottom = page.image.height - look.margin - 3 * body.leading
    paragraphs, top = _paragraphs(page, rng, supply, body, top=top, left=left, right=right, bottom=bottom)
    if layout != "memo":
        top = write(page, rng.choice(CLOSINGS), body, y=top, left=left, right=right)
        hand = faces.of("hand", look.body.style).draw(rng, sender) or look.body
        write(page, sender, Pen(hand, look.size, look.ink), y=top, left=left, right=right)
    trim(page, rng, margin=look.margin)
    _ask(page, rng, {"sender": sender, "recipient": recipient, "date": date, "subject": subject}, paragraphs)
    return page


def _paragraphs(
    page: Page, rng: random.Random, supply: TextSupply, pen: Pen, *, top: int, left: int, right: int, bottom: int
) -> tuple[list[str], int]:
    """One to three paragraphs down to `bottom`. Returns them as drawn, and the top of what comes next."""
    drawn: list[str] = []
    wanted = rng.randint(1, 3)
    rows = (right - left) // max(4, round(pen.width("n")))
    while len(drawn) < wanted and bottom - top >= pen.leading:
        share = (bottom - top) // pen.leading // (wanted - len(drawn))
        paragraph = supply.paragraph(rng, max_chars=max(40, share * rows))
        top, shown = write_block(page, paragraph, pen, y=top, left=left, right=right, bottom=bottom)
        drawn.append(shown)
        top += pen.leading // 2
    return drawn, top


def _memo_head(page: Page, look: Look, *, sender: str, recipient: str, date: str, subject: str) -> int:
    left, right = look.margin, page.image.width - look.margin
    body, bold, _ = pens(look)
    top = write(page, "MEMORANDUM", heading(look, 1.6), y=look.margin, left=left) + 4
    gap = round(bold.width("SUBJECT: ")) + 6
    for label, value in (("TO:", recipient), ("FROM:", sender), ("DATE:", date), ("SUBJECT:", subject)):
        top = labelled(page, label, value, bold, body, y=top, left=left, gap=gap)
    rule(page, top + 3, left, right, look.ink, width=2)
    return top + 12


def _letterhead(page: Page, rng: random.Random, look: Look, fields: Fields, firm: str) -> int:
    left, right = look.margin, page.image.width - look.margin
    mark = rng.randint(22, 34)
    logo(page, rng, left, look.margin, mark, look.accent)
    title = heading(look, 1.5)
    firm = fitted(firm, title, right - left - mark - 10)
    top = write(page, firm, title, y=look.margin, left=left + mark, right=right, align="centre")
    _, _, muted = pens(look)
    contact = fitted(f"{fields.phone()} | {fields.mail()}", muted, right - left - mark - 10)
    top = write(page, contact, muted, y=top, left=left + mark, right=right, align="centre")
    top = max(top, look.margin + mark) + 4
    rule(page, top, left, right, look.accent, width=2)
    return top + look.leading // 2


def _sidebar(page: Page, look: Look, fields: Fields, firm: str) -> int:
    """Sender on a coloured strip at the left. Returns the left edge of the letter."""
    width = 118
    page.draw.rectangle((0, 0, width, page.image.height), fill=look.accent)
    ink = legible(mixed(look.paper, look.accent, 0.1), look.accent)
    top, small = look.margin, Pen(look.body, max(9, look.size - 2), ink)
    bold = Pen(look.bold, max(9, look.size - 1), ink)
    for value, pen in ((firm, bold), *((value, small) for value in (*fields.address(), fields.phone()))):
        top, _ = write_block(page, value, pen, y=top, left=8, right=width - 6, bottom=page.image.height)
        top += 4
    return width + 14


def _ask(page: Page, rng: random.Random, known: dict[str, str], paragraphs: list[str]) -> None:
    ask(page, rng, "field", ("Who is it written to?", "To whom is the letter addressed?"), known["recipient"])
    ask(page, rng, "field", ("Who wrote it?", "Who is it from?", "What is the sender's name?"), known["sender"])
    ask(page, rng, "field", ("What is the date?", "When was it written?", "Which date does it bear?"), known["date"])
    ask(page, rng, "field", ("What is the subject?", "What is it about, as the subject says?"), known["subject"])
    ask_json(page, rng, known)
    ask(
        page,
        rng,
        "count",
        ("How many paragraphs has the body?", "Count the paragraphs of the body."),
        str(len(paragraphs)),
    )
    for number, paragraph in zip(("first", "second", "third"), paragraphs, strict=False):
        opening = " ".join(paragraph.split()[:4])
        ask(page, rng, "extractive", (f"With which four words does the {number} paragraph begin?",), opening)
    keep_questions(page, rng)


KIND = Kind(
    name="document/letter",
    render=render,
    layouts=("block", "dated_right", "letterhead", "memo"),
    held_out=("sidebar",),
)
