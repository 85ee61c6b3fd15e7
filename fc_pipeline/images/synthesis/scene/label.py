"""Labels and plates: products, price tags, parcels, licence plates; tables of contents are held out."""

from __future__ import annotations

import json
import random
import string

from PIL import Image, ImageDraw

from fc_model.data.images.record import Question
from fc_pipeline.images.synthesis.colour import Colour, any_hue, on, readable
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.fields import Fields
from fc_pipeline.images.synthesis.page import Kind, Page, TextPool
from fc_pipeline.images.synthesis.scene.backgrounds import SHEETS, VIEWS, WALLS, paper
from fc_pipeline.images.synthesis.scene.panel import Panel, textured, weather

PRODUCT, PRICE, PARCEL, PLATE, TABLE = "product", "price", "parcel", "plate", "table"
SHAPES = {PRODUCT: (0.72, 0.9), PRICE: (0.8, 0.5), PARCEL: (0.9, 0.66), PLATE: (0.9, 0.24), TABLE: (0.75, 0.95)}
"""Largest width and height of the panel, as shares of the picture's width."""


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """A label on a wall, a table or before something out of focus."""
    width = rng.randint(256, 448)
    grounds = {**WALLS, **VIEWS, **SHEETS}
    ground = rng.choice(sorted(grounds))
    share_x, share_y = SHAPES[layout]
    size = round(width * share_x * rng.uniform(0.92, 1.0)), round(width * share_y * rng.uniform(0.88, 1.0))
    height = max(round(size[1] + rng.uniform(24, 90)), 128)
    paint = any_hue(rng, (0.75, 0.97), (0.0, 0.6)) if layout != PRODUCT else any_hue(rng, (0.2, 0.95), (0.1, 0.7))
    panel = Panel(rng, text, faces, textured(rng, paper(rng, size), paint, 0.4))
    ink = readable(any_hue(rng, (0.1, 0.3), (0.0, 0.8)), [paint]) if on(paint) == (16, 16, 16) else on(paint)
    draw = {PRODUCT: _product, PRICE: _price, PARCEL: _parcel, PLATE: _plate, TABLE: _table}[layout]
    draw(panel, Fields(rng, text), ink)
    page = panel.place(grounds[ground](rng, (width, height)), tilt=rng.uniform(0, 0.07), turn=rng.uniform(0, 16))
    weather(page, rng)
    page.meta.update(layout=layout, background=ground)
    kind = "licence plate" if layout == PLATE else f"{layout} label"
    page.caption = f"A {kind}" + (f" that says {page.lines[0].text}" if page.lines else "")
    return page


def _ask(panel: Panel, question: str, answer: str, *, kind: str = "field") -> None:
    if answer:
        panel.page.questions.append(Question(question=question, answers=[answer], kind=kind))


def _bars(panel: Panel, x: int, y: int, wide: int, high: int, ink: Colour) -> None:
    """Stripes as of a bar code."""
    place = x
    while place < x + wide - 4:
        thick = panel.rng.choice((1, 1, 2, 3))
        panel.page.draw.rectangle((place, y, place + thick - 1, y + high), fill=ink)
        place += thick + panel.rng.choice((1, 2, 2, 3))


def _product(panel: Panel, fields: Fields, ink: Colour) -> None:
    rng, wide = panel.rng, panel.width - 14
    brand, y = panel.write(
        panel.copy.clean(fields.company()), 12, largest=panel.height * 0.13, colour=ink, left=14, right=wide
    )
    panel.page.draw.line((14, y + 2, wide, y + 2), fill=ink, width=2)
    name, y = panel.write(panel.copy.title(22), y + 8, largest=panel.height * 0.17, colour=ink, left=14, right=wide)
    for _ in range(rng.randint(1, 4)):
        if y < panel.height * 0.72:
            _, y = panel.write(panel.copy.sentence(28), y, largest=17, colour=ink, left=14, right=wide)
    net = f"{rng.choice((50, 75, 100, 125, 200, 250, 330, 400, 500, 750))} {rng.choice(('g', 'ml'))}"
    shown, _ = panel.write(net, panel.height - 30, largest=20, colour=ink, left=14, right=wide, align="left")
    best = f"{rng.randint(1, 12):02d}/{rng.randint(2025, 2031)}"
    date, _ = panel.write(
        best, panel.height - 30, largest=18, colour=ink, left=panel.width / 2, right=wide, align="right"
    )
    _ask(panel, "Who makes the product?", brand)
    _ask(panel, "What is the name of the product?", name)
    _ask(panel, "How much is in it?", shown)
    _ask(panel, "What date is on the label?", date)


def _price(panel: Panel, fields: Fields, ink: Colour) -> None:
    rng = panel.rng
    ImageDraw.Draw(panel.alpha).ellipse((6, panel.height / 2 - 6, 18, panel.height / 2 + 6), fill=0)
    left, right = 26, panel.width - 12
    money = fields.currency(panel.face.characters)
    price = money.write(rng.randint(20, 99999))
    name, y = panel.write(panel.copy.title(20), 8, largest=panel.height * 0.2, colour=ink, left=left, right=right)
    shown, y = panel.write(price, y, largest=panel.height * 0.42, colour=ink, left=left, right=right)
    _bars(panel, left + 6, round(y + 2), 70, max(round(panel.height - y - 12), 4), ink)
    number, _ = panel.write(
        f"{rng.randrange(10**6, 10**8)}", panel.height - 26, largest=17, colour=ink, left=left + 84, right=right
    )
    _ask(panel, "What does it cost?", shown if shown == price else "")
    _ask(panel, "What is the article called?", name)
    _ask(panel, "What is the number on the tag?", number)


def _parcel(panel: Panel, fields: Fields, ink: Colour) -> None:
    wide, answers = panel.width - 12, {}
    panel.page.draw.rectangle((4, 4, panel.width - 5, panel.height - 5), outline=ink, width=2)
    size = max(panel.height * 0.105, 15)
    y: float = 12
    for label, value in (("To", fields.name()), ("Street", fields.street()), ("Town", fields.town())):
        value = panel.copy.clean(value)
        shown, after = panel.write(f"{label}: {value}", y, largest=size, colour=ink, left=14, right=wide, align="left")
        if shown == f"{label}: {value}":
            answers[label.lower()] = value
        y = after
    code = f"{panel.rng.choice(string.ascii_uppercase)}{panel.rng.randrange(10**8, 10**9)}"
    room = panel.height - y - size * 1.3 - 10
    if room > 12:
        _bars(panel, 14, round(y + 4), panel.width - 30, round(room - 4), ink)
    shown, _ = panel.write(code, panel.height - size * 1.3 - 4, largest=size, colour=ink, left=14, right=wide)
    for label, value in answers.items():
        _ask(panel, f'What stands behind "{label.capitalize()}"?', value)
    _ask(panel, "What is the number of the parcel?", shown)
    if len(answers) > 1:
        _ask(panel, "Give the address as JSON.", json.dumps(answers, ensure_ascii=False), kind="json")


def _plate(panel: Panel, fields: Fields, ink: Colour) -> None:
    rng = panel.rng
    letters = string.ascii_uppercase
    forms = ("AAA 999", "AA-AA 999", "A 9999 AA", "99 AAA 9", "AAA-9999", "AA99 AAA")
    number = "".join(
        rng.choice(letters) if c == "A" else rng.choice(string.digits) if c == "9" else c for c in rng.choice(forms)
    )
    panel.alpha = Image.new("L", panel.page.image.size)
    ImageDraw.Draw(panel.alpha).rounded_rectangle((0, 0, panel.width - 1, panel.height - 1), 8, fill=255)
    panel.page.draw.rounded_rectangle((3, 3, panel.width - 4, panel.height - 4), 8, outline=ink, width=2)
    left = 10.0
    if rng.random() < 0.5:
        band = rng.choice(((0, 50, 150), (150, 20, 20), (10, 90, 50)))
        panel.page.draw.rectangle((6, 6, panel.width * 0.09, panel.height - 7), fill=band)
        left = panel.width * 0.1
    drawn, _ = panel.write(
        number, panel.height * 0.06, largest=panel.height * 0.74, colour=ink, left=left, right=panel.width - 12
    )
    _ask(panel, "What is the number of the plate?", drawn, kind="extractive")


def _table(panel: Panel, fields: Fields, ink: Colour) -> None:
    """Names and amounts in two columns between rules."""
    rng, wide, values = panel.rng, panel.width - 12, {}
    _, y = panel.write(panel.copy.title(20), 10, largest=panel.height * 0.11, colour=ink, left=12, right=wide)
    for _ in range(rng.randint(4, 8)):
        if y + 26 > panel.height:
            break
        panel.page.draw.line((12, y, wide, y), fill=ink, width=1)
        name, amount = (
            fields.word().capitalize(),
            f"{rng.randint(0, 99)}.{rng.randint(0, 9)} {rng.choice(('g', 'mg', '%'))}",
        )
        if name in values:
            continue
        name = panel.copy.clean(name)
        drawn, after = panel.write(name, y + 3, largest=18, colour=ink, left=14, right=panel.width * 0.6, align="left")
        if drawn:
            shown, _ = panel.write(
                amount, y + 3, largest=18, colour=ink, left=panel.width * 0.62, right=wide, align="right"
            )
            values[drawn] = shown
            y = after + 4
    if values:
        name = rng.choice(sorted(values))
        _ask(panel, f'What is the amount of "{name}"?', values[name])
        _ask(panel, "Give the table as JSON.", json.dumps(values, ensure_ascii=False), kind="json")


LAYOUTS = (PRODUCT, PRICE, PARCEL, PLATE, TABLE)
KIND = Kind(name="scene/label", render=render, layouts=LAYOUTS, held_out=(TABLE,))
