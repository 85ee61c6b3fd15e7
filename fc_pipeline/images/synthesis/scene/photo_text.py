"""Letters laid over a picture: posters, book covers, captions; the outlined top and bottom lines are held out."""

import random

from PIL import Image, ImageStat

from fc_pipeline.images.synthesis.colour import BLACK, WHITE, Colour, any_hue, mix, on, readable
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.page import Page, TextPool
from fc_pipeline.images.synthesis.photographs import NO_PHOTOGRAPHS, Photographs
from fc_pipeline.images.synthesis.scene.backgrounds import SHEETS, VIEWS, WALLS
from fc_pipeline.images.synthesis.scene.panel import Panel, weather

GROUNDS = {**WALLS, **SHEETS}


def render(
    rng: random.Random, text: TextPool, faces: Faces, layout: str, *, photographs: Photographs = NO_PHOTOGRAPHS
) -> Page:
    """A picture with text on it; posters and books are seen from an angle, the others are part of the picture."""
    width = rng.randint(224, 448)
    height = round(width * rng.uniform(0.75, 1.15))
    views, walls = photographs.under(rng, VIEWS), photographs.under(rng, GROUNDS)
    name = rng.choice(sorted(views))
    if layout in ("poster", "book_cover"):
        size = round(height * rng.uniform(0.6, 0.75)), round(height * 0.93)
        panel = Panel(rng, text, faces, views[name](rng, size))
        # A calmer picture, so that letters stand out from all of it.
        mean = _mean(panel.page.image)
        calm = Image.new("RGB", size, mix(mean, on(on(mean)), 0.45))
        panel.page.replace(Image.blend(panel.page.image, calm, rng.uniform(0.35, 0.6)))
        ground = _mean(panel.page.image)
        panel.ink = on(ground)
        tint = readable(any_hue(rng, (0.3, 0.8), (0.4, 0.9)), [ground], 5.0)
        (_poster if layout == "poster" else _book)(panel, tint)
        name = rng.choice(sorted(walls))
        wall = walls[name](rng, (max(width, size[0] + 20), height))
        page = panel.place(wall, tilt=rng.uniform(0, 0.06), turn=rng.uniform(0, 12))
    elif layout == "caption":
        panel = Panel(rng, text, faces, views[name](rng, (width, height)))
        _caption(panel)
        page = panel.page
        page.meta["quads"] = [[[a, b], [c, b], [c, d], [a, d]] for a, b, c, d in (word.box for word in page.words)]
    else:
        view = views[name](rng, (width, height))
        panel = Panel(rng, text, faces, Image.new("RGB", (round(width * 0.94), round(height * 0.9))), opaque=False)
        panel.ink = on(_mean(view))
        (_floating if layout == "floating" else _outlined)(panel)
        turn = rng.uniform(0, 18) if layout == "floating" else 0.0
        page = panel.place(view, tilt=rng.uniform(0, 0.08) if turn else 0.0, turn=turn)
    weather(page, rng)
    page.meta.update(layout=layout, background=name)
    page.caption = f"A picture with the text {page.lines[0].text}" if page.lines else "A picture without text"
    return page


def _mean(image: Image.Image) -> Colour:
    red, green, blue = (round(value) for value in ImageStat.Stat(image).mean)
    return red, green, blue


def _poster(panel: Panel, tint: Colour) -> None:
    copy = panel.copy
    panel.inset(14)
    title = panel.write(copy.clean(copy.title(20).upper()), 60, y=panel.height * 0.07, colour=tint)
    for _ in range(panel.rng.randint(1, 3)):
        panel.write(copy.sentence(24), 22, y=panel.y + 4)
    top = max(panel.y + 6, panel.height * 0.68)
    date = panel.write(copy.clean(panel.fields.date()), 28, y=top)
    town = panel.write(copy.clean(panel.fields.town()), 24, colour=tint)
    panel.ask("extractive", "What is the title of the poster?", title)
    panel.ask("extractive", "What date is on the poster?", date)
    panel.ask("extractive", "Which town is named on the poster?", town)


def _book(panel: Panel, tint: Colour) -> None:
    panel.page.draw.rectangle((0, 0, 7, panel.height), fill=mix(_mean(panel.page.image), BLACK, 0.4))
    panel.inset(20, 14)
    above = panel.rng.random() < 0.5
    author, writer = panel.copy.clean(panel.fields.name()), ""
    panel.y = panel.height * 0.07
    if above:
        writer = panel.write(author, 24)
    panel.y += panel.height * 0.1
    words = panel.copy.title(30).split()
    half = (len(words) + 1) // 2
    lines = [panel.write(" ".join(part), 48, colour=tint) for part in (words[:half], words[half:]) if part]
    if not above:
        writer = panel.write(author, 24, y=max(panel.y, panel.height * 0.76))
    panel.ask("extractive", "What is the title of the book?", " ".join(lines) if all(lines) else "")
    panel.ask("extractive", "Who wrote the book?", writer)


def _caption(panel: Panel) -> None:
    """One or two lines on a dark or bright band at the bottom."""
    rng, image = panel.rng, panel.page.image
    band: Colour = rng.choice((BLACK, WHITE, (12, 40, 90)))
    high = round(panel.height * rng.uniform(0.2, 0.3))
    top = panel.height - high - rng.choice((0, 14))
    area = image.crop((0, top, panel.width, top + high))
    image.paste(Image.blend(area, Image.new("RGB", area.size, band), rng.uniform(0.75, 0.95)), (0, top))
    panel.ink = on(band)
    panel.inset(10)
    first = panel.write(panel.copy.title(30), high * 0.42, y=top + 4)
    room = top + high - panel.y
    if room > 18:
        panel.write(panel.copy.sentence(36), min(high * 0.3, room - 3))
    panel.ask("extractive", "What does the caption say first?", first)


def _floating(panel: Panel) -> None:
    """Lines with a shadow or an outline anywhere on the picture."""
    rng, first = panel.rng, ""
    back = BLACK if panel.ink[0] > 128 else WHITE
    panel.inset(8)
    panel.y = panel.height * rng.uniform(0.05, 0.3)
    for number in range(rng.randint(2, 5)):
        text = panel.copy.title(20) if rng.random() < 0.5 else panel.copy.sentence(26)
        drawn = panel.write(
            text, rng.uniform(20, 44), outline=back, align=rng.choice(("left", "center", "right")),
            shadow=back if rng.random() < 0.4 else None,
        )  # fmt: skip
        first = first or drawn
        panel.y += 6 * (number % 2)
    panel.ask("extractive", "What does the first line say?", first)


def _outlined(panel: Panel) -> None:
    """White capitals with a black rim, at the top and at the bottom."""
    panel.ink = WHITE
    panel.inset(6)
    for place, y in (("top", 4.0), ("bottom", panel.height - 52.0)):
        text = panel.copy.clean(panel.copy.sentence(22).upper())
        panel.ask("extractive", f"What does the line at the {place} say?", panel.write(text, 40, y=y, outline=BLACK))
