"""Letters laid over a picture: posters, book covers, captions; the outlined top and bottom lines are held out."""

from __future__ import annotations

import random

from PIL import Image, ImageStat

from fc_model.data.images.record import Question
from fc_pipeline.images.synthesis.colour import Colour, any_hue, mix, on, readable
from fc_pipeline.images.synthesis.face import Faces
from fc_pipeline.images.synthesis.fields import Fields
from fc_pipeline.images.synthesis.page import Kind, Page, TextPool
from fc_pipeline.images.synthesis.scene.backgrounds import SHEETS, VIEWS, WALLS
from fc_pipeline.images.synthesis.scene.panel import Panel, weather

POSTER, BOOK, CAPTION, FLOATING, OUTLINED = "poster", "book_cover", "caption", "floating", "outlined"


def render(rng: random.Random, text: TextPool, faces: Faces, layout: str) -> Page:
    """A picture with text on it; posters and books are seen from an angle, the others are part of the picture."""
    width = rng.randint(224, 448)
    height = round(width * rng.uniform(0.75, 1.15))
    name = rng.choice(sorted(VIEWS))
    if layout in (POSTER, BOOK):
        share = rng.uniform(0.6, 0.75)
        size = round(height * share), round(height * 0.93)
        panel = Panel(rng, text, faces, VIEWS[name](rng, size))
        _veil(panel, rng.uniform(0.35, 0.6))
        (_poster if layout == POSTER else _book)(panel)
        walls = {**WALLS, **SHEETS}
        name = rng.choice(sorted(walls))
        ground = walls[name](rng, (max(width, size[0] + 20), height))
        page = panel.place(ground, tilt=rng.uniform(0, 0.06), turn=rng.uniform(0, 12))
    else:
        view = VIEWS[name](rng, (width, height))
        flat = view.copy() if layout == CAPTION else Image.new("RGB", (round(width * 0.94), round(height * 0.9)))
        panel = Panel(rng, text, faces, flat, opaque=layout == CAPTION)
        if layout == CAPTION:
            _caption(panel)
            page = panel.page
            page.meta["quads"] = [[[a, b], [c, b], [c, d], [a, d]] for a, b, c, d in (word.box for word in page.words)]
        else:
            (_floating if layout == FLOATING else _outlined)(panel, on(_mean(view)))
            turn = rng.uniform(0, 18) if layout == FLOATING else 0.0
            page = panel.place(view, tilt=rng.uniform(0, 0.08) if turn else 0.0, turn=turn)
    weather(page, rng)
    page.meta.update(layout=layout, background=name)
    page.caption = f"A picture with the text {page.lines[0].text}" if page.lines else "A picture without text"
    return page


def _mean(image: Image.Image) -> Colour:
    red, green, blue = (round(value) for value in ImageStat.Stat(image).mean)
    return red, green, blue


def _veil(panel: Panel, share: float) -> None:
    """Calm the picture, so that letters stand out from all of it."""
    calm = mix(_mean(panel.page.image), on(on(_mean(panel.page.image))), 0.45)
    panel.page.replace(Image.blend(panel.page.image, Image.new("RGB", panel.page.image.size, calm), share))


def _inks(panel: Panel) -> tuple[Colour, Colour]:
    """A plain and a tinted colour that both read on the panel."""
    ground = _mean(panel.page.image)
    return on(ground), readable(any_hue(panel.rng, (0.3, 0.8), (0.4, 0.9)), [ground], 5.0)


def _ask(panel: Panel, question: str, answer: str) -> None:
    if answer:
        panel.page.questions.append(Question(question=question, answers=[answer], kind="extractive"))


def _poster(panel: Panel) -> None:
    rng, fields = panel.rng, Fields(panel.rng, panel.copy.supply)
    ink, tint = _inks(panel)
    edge = panel.width - 14
    title, y = panel.write(
        panel.copy.clean(panel.copy.title(20).upper()),
        panel.height * 0.07,
        largest=60,
        colour=tint,
        left=14,
        right=edge,
    )
    for _ in range(rng.randint(1, 3)):
        _, y = panel.write(panel.copy.sentence(24), y + 4, largest=22, colour=ink, left=14, right=edge)
    y = max(y + 6, panel.height * 0.68)
    date, y = panel.write(panel.copy.clean(fields.date()), y, largest=28, colour=ink, left=14, right=edge)
    place, _ = panel.write(panel.copy.clean(fields.town()), y, largest=24, colour=tint, left=14, right=edge)
    _ask(panel, "What is the title of the poster?", title)
    _ask(panel, "What date is on the poster?", date)
    _ask(panel, "Which town is named on the poster?", place)


def _book(panel: Panel) -> None:
    rng, fields = panel.rng, Fields(panel.rng, panel.copy.supply)
    ink, tint = _inks(panel)
    panel.page.draw.rectangle((0, 0, 7, panel.height), fill=mix(_mean(panel.page.image), (0, 0, 0), 0.4))
    left, right = 20.0, panel.width - 14.0
    above = rng.random() < 0.5
    author = panel.copy.clean(fields.name())
    y, writer = panel.height * 0.07, ""
    if above:
        writer, y = panel.write(author, y, largest=24, colour=ink, left=left, right=right)
    y += panel.height * 0.1
    words, lines = panel.copy.title(30).split(), []
    half = (len(words) + 1) // 2
    for part in (words[:half], words[half:]):
        if part:
            drawn, y = panel.write(" ".join(part), y, largest=48, colour=tint, left=left, right=right)
            lines.append(drawn)
    if not above:
        writer, y = panel.write(author, max(y, panel.height * 0.76), largest=24, colour=ink, left=left, right=right)
    _ask(panel, "What is the title of the book?", " ".join(lines) if all(lines) else "")
    _ask(panel, "Who wrote the book?", writer)


def _caption(panel: Panel) -> None:
    """One or two lines on a dark or bright band at the bottom."""
    rng = panel.rng
    band: Colour = rng.choice(((0, 0, 0), (255, 255, 255), (12, 40, 90)))
    high = round(panel.height * rng.uniform(0.2, 0.3))
    top = panel.height - high - rng.choice((0, 14))
    area = panel.page.image.crop((0, top, panel.width, top + high))
    panel.page.image.paste(Image.blend(area, Image.new("RGB", area.size, band), rng.uniform(0.75, 0.95)), (0, top))
    y: float = top + 4
    first, y = panel.write(
        panel.copy.title(30), y, largest=high * 0.42, colour=on(band), left=10, right=panel.width - 10
    )
    if top + high - y > 18:
        panel.write(
            panel.copy.sentence(36),
            y,
            largest=min(high * 0.3, top + high - y - 3),
            colour=on(band),
            left=10,
            right=panel.width - 10,
        )
    _ask(panel, "What does the caption say first?", first)


def _floating(panel: Panel, ink: Colour) -> None:
    """Lines with a shadow or an outline anywhere on the picture."""
    rng = panel.rng
    back: Colour = (0, 0, 0) if ink[0] > 128 else (255, 255, 255)
    y, first = panel.height * rng.uniform(0.05, 0.3), ""
    for number in range(rng.randint(2, 5)):
        text = panel.copy.title(20) if rng.random() < 0.5 else panel.copy.sentence(26)
        drawn, y = panel.write(
            text, y, largest=rng.uniform(20, 44), colour=ink, left=8, right=panel.width - 8, outline=back,
            align=rng.choice(("left", "center", "right")), shadow=back if rng.random() < 0.4 else None,
        )  # fmt: skip
        first = first or drawn
        y += 6 * (number % 2)
    _ask(panel, "What does the first line say?", first)


def _outlined(panel: Panel, ink: Colour) -> None:
    """White capitals with a black rim, at the top and at the bottom."""
    edge, lines = panel.width - 6, []
    for y in (4.0, panel.height - 52.0):
        text = panel.copy.clean(panel.copy.sentence(22).upper())
        drawn, _ = panel.write(text, y, largest=40, colour=(255, 255, 255), left=6, right=edge, outline=(0, 0, 0))
        lines.append(drawn)
    _ask(panel, "What does the line at the top say?", lines[0])
    _ask(panel, "What does the line at the bottom say?", lines[1])


LAYOUTS = (POSTER, BOOK, CAPTION, FLOATING, OUTLINED)
KIND = Kind(name="scene/photo_text", render=render, layouts=LAYOUTS, held_out=(OUTLINED,))
