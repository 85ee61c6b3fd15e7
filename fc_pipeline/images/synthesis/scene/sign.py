"""Signs: street names, directions, warnings, shop fronts; letters on an arch are held out."""

import math
import random

from PIL import Image, ImageDraw

from fc_model.data.images.record import Line, Word, union
from fc_pipeline.images.synthesis.colour import BLACK, Colour, any_hue, on
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Ink, Page, TextPool, text_width
from fc_pipeline.images.synthesis.photographs import NO_PHOTOGRAPHS, Photographs
from fc_pipeline.images.synthesis.scene.backgrounds import VIEWS, WALLS, plaster
from fc_pipeline.images.synthesis.scene.panel import Panel, textured, weather
from fc_pipeline.images.synthesis.screenshots.shapes import icon

SHAPES = {
    "street": (0.92, 0.34), "direction": (0.86, 0.8), "warning": (0.8, 0.72), "shop_front": (0.96, 0.5),
    "arched": (0.9, 0.8),
}  # fmt: skip
"""Largest width and height of the panel of a layout, as shares of the picture's width."""
PAINTS: tuple[Colour, ...] = ((0, 92, 60), (0, 70, 140), (250, 250, 248), (245, 200, 20), (150, 20, 30), (30, 30, 34))
WARNING_PAINTS: tuple[Colour, ...] = ((245, 200, 20), (250, 250, 248), (215, 40, 30))
CALLS = ("CAUTION", "WARNING", "NOTICE", "DANGER", "ATTENTION", "STOP", "PRIVATE", "NO ENTRY")


def render(
    rng: random.Random, text: TextPool, faces: Faces, layout: str, *, photographs: Photographs = NO_PHOTOGRAPHS
) -> Page:
    """A sign on a wall or before a view."""
    width = rng.randint(256, 448)
    grounds = photographs.under(rng, VIEWS if layout in ("direction", "warning") else WALLS)
    ground = rng.choice(sorted(grounds))
    share_x, share_y = SHAPES[layout]
    size = round(width * share_x * rng.uniform(0.92, 1.0)), round(width * share_y * rng.uniform(0.85, 1.0))
    height = max(round(size[1] + rng.uniform(24, 110)), 160)
    paint = rng.choice(PAINTS) if rng.random() < 0.6 else any_hue(rng, (0.2, 0.85), (0.1, 0.8))
    if layout == "warning":
        paint = rng.choice(WARNING_PAINTS)
    panel = Panel(rng, text, faces, textured(rng, plaster(rng, size), paint, 0.25))
    panel.ink = on(paint)
    panel.inset(14)
    # A border with round corners, outside of which the panel is cut away.
    radius = rng.choice((0, 6, 14, 22))
    panel.alpha = Image.new("L", size)
    ImageDraw.Draw(panel.alpha).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius, fill=255)
    if rng.random() < 0.7:
        box, line = (4, 4, size[0] - 5, size[1] - 5), rng.choice((2, 3))
        panel.page.draw.rounded_rectangle(box, radius, outline=panel.ink, width=line)
    draw = {"street": _street, "direction": _direction, "warning": _warning, "shop_front": _shop, "arched": _arched}
    draw[layout](panel)
    page = panel.place(grounds[ground](rng, (width, height)), tilt=rng.uniform(0, 0.09), turn=rng.uniform(0, 14))
    weather(page, rng)
    page.meta.update(layout=layout, background=ground)
    page.caption = f"A {layout.replace('_', ' ')} sign" + (f" that says {page.lines[0].text}" if page.lines else "")
    return page


def _street(panel: Panel) -> None:
    name = panel.copy.clean(panel.fields.street().split(" ", 1)[1])
    name = name.upper() if panel.rng.random() < 0.4 else name
    panel.inset(16)
    largest, small = panel.height * 0.42, panel.height * 0.22
    _, size = panel.fit(name, panel.right - panel.left, largest)
    drawn = panel.write(name, largest, y=(panel.height - 1.2 * (size + small)) / 2)
    town = panel.write(panel.fields.town(), small)
    panel.ask("extractive", "What is the name of the street?", drawn)
    panel.ask("extractive", "Which town is named on the sign?", town)


def _direction(panel: Panel) -> None:
    """Places with an arrow and a distance each."""
    rng = panel.rng
    rows = rng.randint(2, 4)
    step = (panel.height - 24) / rows
    far = sorted(rng.sample(range(1, 400), rows))
    size, known, middle = min(step * 0.62, 40), set[str](), panel.width * 0.7
    room = panel.right - middle
    # All distances in one size, with their unit when there is room for the longest.
    unit = next((unit for unit in (" km", "") if panel.fit(f"888{unit}", room, size)[0] == f"888{unit}"), "")
    _, small = panel.fit(f"888{unit}", room, size * 0.85)
    for row in range(rows):
        place = panel.fields.town() if rng.random() < 0.6 else panel.copy.title(18)
        y = 12 + step * row
        arrow = icon(rng.choice(("left", "right", "up")), round(size * 0.9))
        panel.page.image.paste(panel.ink, (14, round(y + size * 0.12)), arrow)
        drawn = panel.write(place, size, y=y, left=22 + size, right=middle - 8, align="left")
        if not drawn or not small:
            continue
        distance = f"{far[row]}{unit}"
        shown = panel.write(distance, small, y=y, left=middle, align="right")
        if drawn not in known and shown == distance:
            panel.ask("field", f"How far is it to {drawn}?", shown)
        known.add(drawn)


def _warning(panel: Panel) -> None:
    call = panel.write(panel.rng.choice(CALLS), panel.height * 0.26, y=14)
    panel.page.draw.line((14, panel.y + 2, panel.width - 14, panel.y + 2), fill=panel.ink, width=3)
    panel.y += 8
    for _ in range(panel.rng.randint(1, 4)):
        panel.write(panel.copy.sentence(26), max(min(panel.height * 0.12, 30), 15))
    panel.ask("extractive", "What is the large word on the sign?", call)


def _shop(panel: Panel) -> None:
    rng = panel.rng
    shadow = BLACK if panel.ink != (16, 16, 16) and rng.random() < 0.6 else None
    drawn = panel.write(panel.copy.clean(panel.fields.company()), panel.height * 0.4, y=14, shadow=shadow)
    hours = f"{rng.choice(('Mon-Fri', 'Mon-Sat', 'Open', 'Daily'))} {rng.randint(6, 10)}:00-{rng.randint(16, 23)}:30"
    small = max(panel.height * 0.14, 15)
    panel.write(panel.copy.title(30), small)
    shown = panel.write(hours, small)
    phone = panel.write(panel.fields.phone(), small)
    panel.ask("extractive", "What is the name of the shop?", drawn)
    panel.ask("field", "What are the opening hours?", shown if shown == hours else "")
    panel.ask("field", "What is the phone number?", phone)


def _arched(panel: Panel) -> None:
    """A name along an arch, what it is about below."""
    name = panel.copy.clean(panel.copy.title(18).upper())
    name, size = panel.fit(name, panel.width * 0.78, panel.height * 0.22)
    if name:
        draw_arched(panel, name, size)
    panel.inset(30)
    for number in range(panel.rng.randint(1, 2)):
        y = panel.height * (0.62 + 0.15 * number)
        panel.write(panel.copy.sentence(22), max(panel.height * 0.1, 15), y=y)
    panel.ask("extractive", "What do the letters on the arch say?", name)


def draw_arched(panel: Panel, text: str, size: int) -> None:
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
            page.image.paste(panel.ink, layer)
            page.inks[run, box] = Ink(layer.crop(box).im, box[0], box[1])
            words.append(Word(run, box, len(page.lines)))
    page.words.extend(words)
    page.lines.append(Line(text, union([word.box for word in words])))
