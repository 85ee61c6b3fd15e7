"""Filled forms of a few rows: a label and its value in each."""

import random
import string
from collections.abc import Callable

from fc_pipeline.images.synthesis.colour import Colour, any_hue, legible, mix
from fc_pipeline.images.synthesis.face import Faces, NotDrawn
from fc_pipeline.images.synthesis.fields import FIRST_NAMES, MONTHS, Fields
from fc_pipeline.images.synthesis.line import extent
from fc_pipeline.images.synthesis.page import Page, TextPool
from fc_pipeline.images.synthesis.small.rows import INSET, MARGIN, Rows
from fc_pipeline.images.synthesis.text_pool import DrawableText
from fc_pipeline.images.synthesis_config import SmallConfig

LABELS = {
    "person": ("Name", "Host", "Guest", "Owner", "Clerk", "Agent", "Buyer", "Coach"),
    "money": ("Total", "Price", "Sum", "Fee", "Cost", "Rent", "Bill", "Tip"),
    "date": ("Date", "Start", "End"),
    "time": ("Time", "Start", "End"),
    "number": ("Qty", "Age", "Page", "Room", "Row", "Gate", "Floor", "Count", "Size"),
    "code": ("Ref", "Code", "ID", "Lot", "Seat", "Model", "Part"),
    "place": ("Town", "City", "Port", "Site"),
    "word": ("Item", "Type", "Topic", "Group", "Team", "Note"),
    "share": ("Tax", "Rate", "Share", "VAT"),
    "postcode": ("Zip", "Post"),
}
"""What a field is called, by the type of its value."""
_MOST = {"Age": 110, "Row": 60, "Gate": 99, "Floor": 60, "Page": 999, "Room": 999, "Size": 60}
"""Largest number of a label; others have up to four digits."""
_LEVIES, _HIGHEST_LEVY = ("Tax", "VAT"), 30
_MEASURED = ("money", "number", "code", "share")
"""Types that a word of the corpus may be the label of."""
SPOKEN = {"Qty": "quantity", "Ref": "reference", "Zip": "zip code", "Post": "postcode", "Id": "ID", "Vat": "VAT"}
"""How a question calls a label that is short for something; others it calls by their name."""
_TRIES = 30
_GAP = 8
"""Pixels between a label and its value, where values stand below each other."""


def render_form(rng: random.Random, text: TextPool, faces: Faces, layout: str, *, config: SmallConfig) -> Page:
    """A form with a field in each row. meta: layout, style, size (pixels an em), degradations.

    Raises NotDrawn when no face has printable ASCII, or no fields are short enough.
    """
    rows = Rows(rng, faces, config, layout)
    fields = Fields(rng, DrawableText(text, (rows.face,)))
    mark = ":" if layout in ("plain", "aligned") or rng.random() < 0.4 else ""
    # Where nothing else parts them, a label and its value read as one line.
    gap = rows.width(" ") if layout == "plain" else _GAP
    known = _entries(rows, fields, mark, gap)
    column = MARGIN + max(rows.width(label + mark) for label in known) + gap
    right = config.width - MARGIN
    ground, ink, accent = _colours(rng, layout)
    rows.page.image.paste(ground, (0, 0, *rows.page.image.size))
    _decorate(rows, ground=ground, ink=ink, column=round(column), right=right)
    for row, (label, value) in enumerate(known.items()):
        baseline = rows.baseline(row, f"{label}{mark} {value}")
        end = extent(value, rows.face, rows.size)[2]  # of the ink, which may lie beyond the advance
        x = {"plain": MARGIN + rows.width(f"{label}{mark} "), "aligned": right - end}.get(layout, column)
        with rows.page.one_line():
            rows.write(row, MARGIN, label + mark, accent if layout == "coloured" else ink, baseline=baseline)
            rows.write(row, x, value, ink, baseline=baseline)
        spoken = _spoken(label)
        wordings = f"What is the {spoken}?", f"{label}?", f"What does {label} say?", f"Read the {spoken}."
        rows.ask("field", value, *wordings)
    return rows.finish()


def _entries(rows: Rows, fields: Fields, mark: str, gap: float) -> dict[str, str]:
    """{label: value} for all rows, none cut, that two columns hold. Raises NotDrawn when too few tries fit."""
    makers = _makers(fields, rows.face.characters)
    room = rows.config.width - 2 * MARGIN - gap
    capitals = fields.rng.random() < 0.15
    entries: dict[str, str] = {}
    column = 0.0
    for _ in range(_TRIES * rows.count):
        kind = fields.rng.choice(tuple(LABELS))
        label = fields.rng.choice(LABELS[kind])
        if kind in _MEASURED and fields.rng.random() < 0.4:
            label = fields.word().capitalize()
        value = makers[kind](label)
        label = label.upper() if capitals else label
        if len(f"{label}{mark} {value}") > rows.config.max_chars or _spoken(label) in map(_spoken, entries):
            continue
        wider = max(column, rows.width(label + mark))
        if all(rows.fits(each, room - wider) for each in (value, *entries.values())):
            entries[label], column = value, wider
        if len(entries) == rows.count:
            return entries
    raise NotDrawn("too_wide")


def _spoken(label: str) -> str:
    return SPOKEN.get(label.capitalize(), label.lower())


def _makers(fields: Fields, characters: frozenset[str]) -> dict[str, Callable[[str], str]]:
    """What makes a value for a label, by its type; long ones stay out where there is no room."""
    rng = fields.rng

    def date(label: str) -> str:
        day = fields.day()
        month = MONTHS[day.month - 1][:3]
        short = (f"{day.day} {month}", f"{month} {day.day}", f"{day:%m/%d}", f"{day.day}.{day.month}.", f"{day:%m/%y}")
        return rng.choice((*short, fields.date()))

    def code(label: str) -> str:
        letter = rng.choice(string.ascii_uppercase)
        number = rng.randint(1, 99)
        return rng.choice((f"{letter}{number}", f"{letter}-{number}", f"{number}{letter}", fields.number()))

    def money(label: str) -> str:
        amount = fields.cents(most=rng.choice((999, 9_999, 99_999)))
        written = fields.currency(characters).write(amount)
        return written if rng.random() < 0.6 else f"{amount // 100}.{amount % 100:02d}"

    def number(label: str) -> str:
        most = _MOST.get(label, 9_999)
        return str(rng.randint(1, min(most, 10 ** rng.randint(1, 4) - 1)))

    def share(label: str) -> str:
        return fields.percent(most=_HIGHEST_LEVY if label in _LEVIES else 100)

    def word(label: str) -> str:
        made = fields.word()
        return made if rng.random() < 0.5 else made.capitalize()

    return {
        "person": lambda label: rng.choice((rng.choice(FIRST_NAMES), fields.surname(), fields.name())),
        "money": money,
        "date": date,
        "time": lambda label: fields.time(),
        "number": number,
        "code": code,
        "place": lambda label: fields.town(),
        "word": word,
        "share": share,
        "postcode": lambda label: fields.postcode(),
    }


def _colours(rng: random.Random, layout: str) -> tuple[Colour, Colour, Colour]:
    """(ground, ink, accent), both readable on the ground."""
    light, dark = any_hue(rng, (0.9, 0.99)), any_hue(rng, (0.02, 0.2))
    if layout == "dark":
        return dark, legible(light, dark), light
    return light, legible(dark, light), legible(any_hue(rng, (0.3, 0.5)), light)


def _decorate(rows: Rows, *, ground: Colour, ink: Colour, column: int, right: int) -> None:
    """What stands behind and around the text, drawn before it."""
    page, layout, (width, height) = rows.page, rows.layout, rows.page.image.size
    line = mix(ground, ink, rows.rng.uniform(0.35, 0.8))
    inset = rows.rng.randint(0, 1)
    if layout == "shaded":
        page.draw.rectangle((0, 0, column - _GAP // 2, height), fill=mix(ground, ink, 0.12))
    elif layout == "ruled":
        page.draw.rectangle((inset, inset, width - 1 - inset, height - 1 - inset), outline=line)
        page.draw.line((column - _GAP // 2, inset, column - _GAP // 2, height - 1 - inset), fill=line)
    for row in range(rows.count):
        top, bottom = rows.top(row), rows.top(row + 1) - 1
        if layout == "boxed":
            page.draw.rectangle((column - 4, top + inset, right + 3, bottom - inset), outline=line)
        elif layout == "underlined":
            page.draw.line((column - 2, bottom - INSET + 1, right, bottom - INSET + 1), fill=line)
        elif layout in ("ruled", "aligned") and row:
            page.draw.line((inset, top, width - 1 - inset, top), fill=line)
