"""Signs: street names, directions, warnings, shop fronts; letters on an arch are held out."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageDraw

from fc_model.data.images.record import Line, Question, Word, union
from fc_pipeline.images.synthesis.colour import Colour, any_hue, on
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.fields import Fields
from fc_pipeline.images.synthesis.page import Ink, Kind, Page, TextPool, text_width
from fc_pipeline.images.synthesis.scene.backgrounds import VIEWS, WALLS, plaster
from fc_pipeline.images.synthesis.scene.panel import Panel, textured, weather
from fc_pipeline.images.synthesis.screenshots.shapes import icon

STREET, DIRECTION, WARNING, SHOP, ARCHED = "street", "direction", "warning", "shop_front", "arched"
SHAPES = {STREET: (0.92, 0.34), DIRECTION: (0.86, 0.8), WARNING: (0.8, 0.72), SHOP: (0.96, 0.5), ARCHED: (0.9, 0.8)}
"""Largest width and height of the panel, as shares of the picture's width."""
PAINTS: tuple[Colour, ...] = ((0, 92, 60), (0, 70, 140), (250, 250, 248), (245, 200, 20), (150, 20, 30), (30, 30, 34))
CALLS = ("CAUTION", "WARNING", "NOTICE", "DANGER", "ATTENTION", "STOP", "PRIVATE", "NO ENTRY")


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """A sign on a wall or before a view."""
    width = rng.randint(256, 448)
    grounds = WALLS if layout in (SHOP, STREET, ARCHED) else VIEWS
    ground = rng.choice(sorted(grounds))
    share_x, share_y = SHAPES[layout]
    panel_size = round(width * share_x * rng.uniform(0.92, 1.0)), round(width * share_y * rng.uniform(0.85, 1.0))
    height = max(round(panel_size[1] + rng.uniform(24, 110)), 160)
    paint = rng.choice(PAINTS) if rng.random() < 0.6 else any_hue(rng, (0.2, 0.85), (0.1, 0.8))
    if layout == WARNING:
        paint = rng.choice(((245, 200, 20), (250, 250, 248), (215, 40, 30)))
    sheet = textured(rng, plaster(rng, panel_size), paint, 0.25)
    panel = Panel(rng, text, faces, sheet)
    ink = on(paint)
    _frame(panel, ink)
    {STREET: _street, DIRECTION: _direction, WARNING: _warning, SHOP: _shop, ARCHED: _arched}[layout](panel, ink)
    page = panel.place(grounds[ground](rng, (width, height)), tilt=rng.uniform(0, 0.09), turn=rng.uniform(0, 14))
    weather(page, rng)
    page.meta.update(layout=layout, background=ground)
    page.caption = f"A {layout.replace('_', ' ')} sign" + (f" that says {page.lines[0].text}" if page.lines else "")
    return page


def _frame(panel: Panel, ink: Colour) -> None:
    """A border with round corners, outside of which the panel is cut away."""
    rng, draw = panel.rng, panel.page.draw
    radius = rng.choice((0, 6, 14, 22))
    panel.alpha = Image.new("L", panel.page.image.size)
    box = (0, 0, panel.width - 1, panel.height - 1)
    ImageDraw.Draw(panel.alpha).rounded_rectangle(box, radius, fill=255)
    if rng.random() < 0.7:
        draw.rounded_rectangle((4, 4, panel.width - 5, panel.height - 5), radius, outline=ink, width=rng.choice((2, 3)))


def _ask(panel: Panel, kind: str, question: str, answer: str) -> None:
    if answer:
        panel.page.questions.append(Question(question=question, answers=[answer], kind=kind))


def _street(panel: Panel, ink: Colour) -> None:
    fields = Fields(panel.rng, panel.copy.supply)
    name = panel.copy.clean(fields.street().split(" ", 1)[1])
    name = name.upper() if panel.rng.random() < 0.4 else name
    left, right, largest = 16, panel.width - 16, panel.height * 0.42
    small = panel.height * 0.22
    _, size = panel.fit(name, right - left, largest)
    y = (panel.height - 1.2 * (size + small)) / 2
    drawn, y = panel.write(name, y, largest=largest, colour=ink, left=left, right=right)
    town, _ = panel.write(fields.town(), y, largest=small, colour=ink, left=left, right=right)
    _ask(panel, "extractive", "What is the name of the street?", drawn)
    _ask(panel, "extractive", "Which town is named on the sign?", town)


def _direction(panel: Panel, ink: Colour) -> None:
    """Places with an arrow and a distance each."""
    rng, fields = panel.rng, Fields(panel.rng, panel.copy.supply)
    rows = rng.randint(2, 4)
    step = (panel.height - 24) / rows
    far = sorted(rng.sample(range(1, 400), rows))
    size, known, right = min(step * 0.62, 40), set[str](), panel.width * 0.7
    room = panel.width - 14 - right
    # All distances in one size, with their unit when there is room for the longest.
    unit = next((unit for unit in (" km", "") if panel.fit(f"888{unit}", room, size)[0] == f"888{unit}"), "")
    _, small = panel.fit(f"888{unit}", room, size * 0.85)
    for row in range(rows):
        place = fields.town() if rng.random() < 0.6 else panel.copy.title(18)
        y = 12 + step * row
        arrow = icon(rng.choice(("left", "right", "up")), round(size * 0.9))
        panel.page.image.paste(ink, (14, round(y + size * 0.12)), arrow)
        drawn, _ = panel.write(place, y, largest=size, colour=ink, left=22 + size, right=right - 8, align="left")
        if not drawn or not small:
            continue
        far_off = f"{far[row]}{unit}"
        shown, _ = panel.write(far_off, y, largest=small, colour=ink, left=right, right=panel.width - 14, align="right")
        if drawn not in known and shown == far_off:
            _ask(panel, "field", f"How far is it to {drawn}?", shown)
        known.add(drawn)


def _warning(panel: Panel, ink: Colour) -> None:
    rng = panel.rng
    call, y = panel.write(
        rng.choice(CALLS), 14, largest=panel.height * 0.26, colour=ink, left=14, right=panel.width - 14
    )
    panel.page.draw.line((14, y + 2, panel.width - 14, y + 2), fill=ink, width=3)
    y += 8
    size = min(panel.height * 0.12, 30)
    for _ in range(rng.randint(1, 4)):
        _, y = panel.write(
            panel.copy.sentence(26), y, largest=max(size, 15), colour=ink, left=14, right=panel.width - 14
        )
    _ask(panel, "extractive", "What is the large word on the sign?", call)


def _shop(panel: Panel, ink: Colour) -> None:
    rng, fields = panel.rng, Fields(panel.rng, panel.copy.supply)
    shadow = (0, 0, 0) if ink != (16, 16, 16) and rng.random() < 0.6 else None
    name = panel.copy.clean(fields.company())
    drawn, y = panel.write(
        name, 14, largest=panel.height * 0.4, colour=ink, left=14, right=panel.width - 14, shadow=shadow
    )
    hours = f"{rng.choice(('Mon-Fri', 'Mon-Sat', 'Open', 'Daily'))} {rng.randint(6, 10)}:00-{rng.randint(16, 23)}:30"
    small = max(panel.height * 0.14, 15)
    _, y = panel.write(panel.copy.title(30), y, largest=small, colour=ink, left=14, right=panel.width - 14)
    shown, y = panel.write(hours, y, largest=small, colour=ink, left=14, right=panel.width - 14)
    phone, _ = panel.write(fields.phone(), y, largest=small, colour=ink, left=14, right=panel.width - 14)
    _ask(panel, "extractive", "What is the name of the shop?", drawn)
    _ask(panel, "field", "What are the opening hours?", shown if shown == hours else "")
    _ask(panel, "field", "What is the phone number?", phone)


def _arched(panel: Panel, ink: Colour) -> None:
    """A name along an arch, what it is about below."""
    name = panel.copy.title(18).upper()
    name, size = panel.fit(panel.copy.clean(name), panel.width * 0.78, panel.height * 0.22)
    if name:
        draw_arched(panel, name, size, ink)
    for number in range(panel.rng.randint(1, 2)):
        y = panel.height * (0.62 + 0.15 * number)
        panel.write(
            panel.copy.sentence(22), y, largest=max(panel.height * 0.1, 15), colour=ink, left=30, right=panel.width - 30
        )
    _ask(panel, "extractive", "What do the letters on the arch say?", name)


def draw_arched(panel: Panel, text: str, size: int, colour: Colour) -> None:
    """A line whose letters stand on a circle's arc, each turned with it; a word's ink is that of its letters."""
    page, face = panel.page, panel.face
    page.meta["fonts"] = [face.name]
    total = text_width(face, size, text)
    radius = total / panel.rng.uniform(0.9, 1.6)
    middle = panel.width / 2, panel.height * 0.5 + radius * 0.75 - size * 0.4
    place, words = 0.0, []
    for run in text.split(" "):
        layer = Image.new("L", page.image.size)
        for letter in run:
            advance = text_width(face, size, letter)
            angle = (place + advance / 2 - total / 2) / radius
            tile = Image.new("L", (size * 3, size * 3))
            ImageDraw.Draw(tile).text((size * 1.5, size * 1.5), letter, fill=255, font=face.font(size), anchor="ms")
            turned = tile.rotate(-math.degrees(angle), resample=Image.Resampling.BILINEAR)
            x = round(middle[0] + radius * math.sin(angle) - size * 1.5)
            y = round(middle[1] - radius * math.cos(angle) - size * 1.5)
            layer.paste(255, (x, y), turned)
            place += advance
        place += text_width(face, size, " ")
        box = layer.getbbox()
        if box is not None:
            page.image.paste(colour, layer)
            page.inks[run, box] = Ink(layer.crop(box).im, box[0], box[1])
            words.append(Word(run, box, len(page.lines)))
    page.words.extend(words)
    page.lines.append(Line(text, union([word.box for word in words])))


LAYOUTS = (STREET, DIRECTION, WARNING, SHOP, ARCHED)
KIND = Kind(name="scene/sign", render=render, layouts=LAYOUTS, held_out=(ARCHED,))
