"""Labels and plates: products, price tags, parcels, licence plates; tables of contents are held out."""

import random
import string

from PIL import Image, ImageDraw

from fc_pipeline.images.synthesis.colour import any_hue, on, readable
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Page, TextPool
from fc_pipeline.images.synthesis.photographs import NO_PHOTOGRAPHS, Photographs
from fc_pipeline.images.synthesis.scene.backgrounds import SHEETS, VIEWS, WALLS, paper
from fc_pipeline.images.synthesis.scene.panel import Panel, textured, weather

GROUNDS = {**WALLS, **VIEWS, **SHEETS}
SHAPES = {
    "product": (0.72, 0.9), "price": (0.8, 0.5), "parcel": (0.9, 0.66), "plate": (0.9, 0.24), "table": (0.75, 0.95),
}  # fmt: skip
"""Largest width and height of the panel of a layout, as shares of the picture's width."""
PLATES = ("AAA 999", "AA-AA 999", "A 9999 AA", "99 AAA 9", "AAA-9999", "AA99 AAA")


def render(
    rng: random.Random, text: TextPool, faces: Faces, layout: str, *, photographs: Photographs = NO_PHOTOGRAPHS
) -> Page:
    """A label on a wall, a table or before something out of focus."""
    width = rng.randint(256, 448)
    grounds = photographs.under(rng, GROUNDS)
    ground = rng.choice(sorted(grounds))
    share_x, share_y = SHAPES[layout]
    size = round(width * share_x * rng.uniform(0.92, 1.0)), round(width * share_y * rng.uniform(0.88, 1.0))
    height = max(round(size[1] + rng.uniform(24, 90)), 128)
    lightness, saturation = ((0.2, 0.95), (0.1, 0.7)) if layout == "product" else ((0.75, 0.97), (0.0, 0.6))
    paint = any_hue(rng, lightness, saturation)
    panel = Panel(rng, text, faces, textured(rng, paper(rng, size), paint, 0.4))
    panel.ink = on(paint)
    if panel.ink == (16, 16, 16):
        panel.ink = readable(any_hue(rng, (0.1, 0.3), (0.0, 0.8)), [paint])
    {"product": _product, "price": _price, "parcel": _parcel, "plate": _plate, "table": _table}[layout](panel)
    page = panel.place(grounds[ground](rng, (width, height)), tilt=rng.uniform(0, 0.07), turn=rng.uniform(0, 16))
    weather(page, rng)
    page.meta.update(layout=layout, background=ground)
    kind = "licence plate" if layout == "plate" else f"{layout} label"
    page.caption = f"A {kind}" + (f" that says {page.lines[0].text}" if page.lines else "")
    return page


def _bars(panel: Panel, x: float, y: float, wide: float, high: float) -> None:
    """Stripes as of a bar code."""
    end = x + wide - 4
    while x < end:
        thick = panel.rng.choice((1, 1, 2, 3))
        panel.page.draw.rectangle((x, y, x + thick - 1, y + high), fill=panel.ink)
        x += thick + panel.rng.choice((1, 2, 2, 3))


def _product(panel: Panel) -> None:
    rng, high, foot = panel.rng, panel.height, panel.height - 30
    panel.inset(14)
    brand = panel.write(panel.copy.clean(panel.fields.company()), high * 0.13, y=12)
    panel.page.draw.line((14, panel.y + 2, panel.width - 14, panel.y + 2), fill=panel.ink, width=2)
    name = panel.write(panel.copy.title(22), high * 0.17, y=panel.y + 8)
    for _ in range(rng.randint(1, 4)):
        if panel.y < high * 0.72:
            panel.write(panel.copy.sentence(28), 17)
    net = f"{rng.choice((50, 75, 100, 125, 200, 250, 330, 400, 500, 750))} {rng.choice(('g', 'ml'))}"
    net = panel.write(net, 20, y=foot, align="left")
    best = f"{rng.randint(1, 12):02d}/{rng.randint(2025, 2031)}"
    best = panel.write(best, 18, y=foot, left=panel.width / 2, align="right")
    panel.ask("field", "Who makes the product?", brand)
    panel.ask("field", "What is the name of the product?", name)
    panel.ask("field", "How much is in it?", net)
    panel.ask("field", "What date is on the label?", best)


def _price(panel: Panel) -> None:
    rng, high = panel.rng, panel.height
    ImageDraw.Draw(panel.alpha).ellipse((6, high / 2 - 6, 18, high / 2 + 6), fill=0)
    panel.inset(26, 12)
    price = panel.fields.currency(panel.face.characters).write(rng.randint(20, 99999))
    name = panel.write(panel.copy.title(20), high * 0.2, y=8)
    shown = panel.write(price, high * 0.42)
    _bars(panel, 32, round(panel.y + 2), 70, max(round(high - panel.y - 12), 4))
    number = panel.write(f"{rng.randrange(10**6, 10**8)}", 17, y=high - 26, left=110)
    panel.ask("field", "What does it cost?", shown if shown == price else "")
    panel.ask("field", "What is the article called?", name)
    panel.ask("field", "What is the number on the tag?", number)


def _parcel(panel: Panel) -> None:
    fields, answers, size = panel.fields, dict[str, str](), max(panel.height * 0.105, 15)
    panel.page.draw.rectangle((4, 4, panel.width - 5, panel.height - 5), outline=panel.ink, width=2)
    panel.inset(14, 12)
    panel.y = 12
    for label, value in (("To", fields.name()), ("Street", fields.street()), ("Town", fields.town())):
        value = panel.copy.clean(value)
        if panel.write(f"{label}: {value}", size, align="left") == f"{label}: {value}":
            answers[label] = value
    code = f"{panel.rng.choice(string.ascii_uppercase)}{panel.rng.randrange(10**8, 10**9)}"
    room = panel.height - panel.y - size * 1.3 - 10
    if room > 12:
        _bars(panel, 14, round(panel.y + 4), panel.width - 30, round(room - 4))
    shown = panel.write(code, size, y=panel.height - size * 1.3 - 4)
    for label, value in answers.items():
        panel.ask("field", f'What stands behind "{label}"?', value)
    panel.ask("field", "What is the number of the parcel?", shown)
    if len(answers) > 1:
        address = {label.lower(): value for label, value in answers.items()}
        panel.page.ask_json("Give the address as JSON.", address)


def _plate(panel: Panel) -> None:
    rng, wide, high, draw = panel.rng, panel.width, panel.height, panel.page.draw
    alphabet = {"A": string.ascii_uppercase, "9": string.digits}
    number = "".join(rng.choice(alphabet[kind]) if kind in alphabet else kind for kind in rng.choice(PLATES))
    panel.alpha = Image.new("L", panel.page.image.size)
    ImageDraw.Draw(panel.alpha).rounded_rectangle((0, 0, wide - 1, high - 1), 8, fill=255)
    draw.rounded_rectangle((3, 3, wide - 4, high - 4), 8, outline=panel.ink, width=2)
    panel.inset(10, 12)
    if rng.random() < 0.5:
        draw.rectangle((6, 6, wide * 0.09, high - 7), fill=rng.choice(((0, 50, 150), (150, 20, 20), (10, 90, 50))))
        panel.left = wide * 0.1
    panel.ask("extractive", "What is the number of the plate?", panel.write(number, high * 0.74, y=high * 0.06))


def _table(panel: Panel) -> None:
    """Names and amounts in two columns between rules."""
    rng, wide, values = panel.rng, panel.width - 12, dict[str, str]()
    panel.inset(14, 12)
    panel.write(panel.copy.title(20), panel.height * 0.11, y=10, left=12)
    top = panel.y
    for _ in range(rng.randint(4, 8)):
        if top + 26 > panel.height:
            break
        panel.page.draw.line((12, top, wide, top), fill=panel.ink, width=1)
        name = panel.fields.word().capitalize()
        amount = f"{rng.randint(0, 99)}.{rng.randint(0, 9)} {rng.choice(('g', 'mg', '%'))}"
        if name in values:
            continue
        drawn = panel.write(panel.copy.clean(name), 18, y=top + 3, right=panel.width * 0.6, align="left")
        if drawn:
            after = panel.y + 4
            values[drawn] = panel.write(amount, 18, y=top + 3, left=panel.width * 0.62, align="right")
            top = after
    if values:
        name = rng.choice(sorted(values))
        panel.ask("field", f'What is the amount of "{name}"?', values[name])
        panel.page.ask_json("Give the table as JSON.", values)
