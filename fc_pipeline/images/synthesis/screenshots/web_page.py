"""Web pages: navigation over an article, a landing page, a shop, a cookie banner; a dashboard is held out."""

from fc_pipeline.images.synthesis.colour import Colour, mix, on
from fc_pipeline.images.synthesis.page import text_width, wrap
from fc_pipeline.images.synthesis.screenshots import widgets as ui
from fc_pipeline.images.synthesis.screenshots.canvas import Canvas
from fc_pipeline.images.synthesis.screenshots.overlay import dim, panel
from fc_pipeline.images.synthesis.screenshots.widgets import ROW


def draw_screen(canvas: Canvas) -> str:
    """A page below the address bar of a browser, or without one."""
    rng, layout = canvas.rng, canvas.layout
    y = _address_bar(canvas) if rng.random() < 0.4 else 0.0
    y = _navigation(canvas, y)
    bottom = canvas.height - ROW - 4.0
    _footer(canvas, bottom)
    base = rng.choice(("article", "landing")) if layout == "cookies" else layout
    draw = {"article": _article, "landing": _landing, "shop": _shop, "dashboard": _dashboard}[base]
    draw(canvas, y, bottom - 4)
    if layout == "cookies":
        _cookies(canvas)
    headings = [q.answers[0] for q in canvas.page.questions if "heading" in q.question]
    return f"A {canvas.theme.name} web page" + (f" with the heading {headings[0]}" if headings else "")


def _address_bar(canvas: Canvas) -> float:
    """Returns the y below it."""
    copy, theme = canvas.copy, canvas.theme
    canvas.rect(0, 0, canvas.width, ROW + 8, theme.bar)
    for number, name in enumerate(("left", "right")):
        canvas.icon(name, 6 + 15 * number, 9, 10, theme.text)
    site = f"{copy.word(9).lower()}.{canvas.rng.choice(('org', 'net', 'com', 'example', 'io'))}"
    address = f"{site}/{copy.word(8).lower()}"
    if ui.text_field(canvas, 38, 4, canvas.width - 46, address) == address:
        canvas.ask("extractive", "What is the address of the page?", address)
    return ROW + 8


def _navigation(canvas: Canvas, y: float) -> float:
    """Returns the y below it."""
    rng, theme, copy, taken, large = canvas.rng, canvas.theme, canvas.copy, set[str](), canvas.size + 2
    ground = rng.choice((theme.bar, theme.surface, theme.accent))
    ink = on(ground) if ground == theme.accent else theme.text
    canvas.rect(0, y, canvas.width, ROW + 6, ground)
    brand = canvas.fitting(lambda: copy.name(9), canvas.width * 0.35, taken, size=large)
    x = 10 + canvas.measure(brand, size=large, face=canvas.bold) + 14 if brand else 10.0
    canvas.text(10, y, canvas.width * 0.5, ROW + 6, brand, size=large, face=canvas.bold, colour=ink)
    links = 0
    for _ in range(rng.randint(2, 5)):
        link = canvas.fitting(lambda: copy.name(8), 70, taken)
        wide = canvas.measure(link)
        if link and x + wide < canvas.width - 24:
            canvas.text(x, y, wide + 1, ROW + 6, link, colour=ink)
            links += 1
            x += wide + 11
    canvas.icon(rng.choice(("search", "user", "menu")), canvas.width - 20.0, y + 7, 12, ink)
    if brand and links:
        canvas.ask("extractive", "What is the name of the site in the navigation bar?", brand)
        canvas.ask("count", "How many links follow the name in the navigation bar?", str(links))
    return y + ROW + 6


def _footer(canvas: Canvas, y: float) -> None:
    theme, rng, w, size = canvas.theme, canvas.rng, canvas.width, canvas.size - 1.5
    canvas.rect(0, y, w, canvas.height - y, theme.bar)
    owner = canvas.copy.name(10)
    canvas.text(8, y, w * 0.5, ROW + 4, f"(c) {rng.randint(1995, 2026)} {owner}", size=size, colour=theme.muted)
    links = " ".join(rng.sample(("Imprint", "Privacy", "Contact", "Terms", "Help", "About"), 2))
    canvas.text(w * 0.52, y, w * 0.48 - 8, ROW + 4, links, size=size, align="right")


def _heading(
    canvas: Canvas, x: float, y: float, w: float, size: float, *, align: str = "left", ink: Colour | None = None
) -> float:
    """A heading of at most two lines. Returns y after it."""
    pixels, drawn = canvas.font_px(size), list[str]()
    for line in wrap(canvas.copy.title(44), canvas.bold, pixels, canvas.px(w))[:2]:
        if text_width(canvas.bold, pixels, line) <= canvas.px(w):
            shown = canvas.text(x, y, w + 1, size * 1.3, line, size=size, face=canvas.bold, align=align, colour=ink)
            drawn.append(shown)
            y += size * 1.3
    if drawn and all(drawn):
        canvas.ask("extractive", "What is the main heading of the page?", " ".join(drawn))
    return y


def _article(canvas: Canvas, y: float, bottom: float) -> None:
    """Heading, by-line, paragraphs, sometimes with a picture between them."""
    rng, theme, copy, x, w = canvas.rng, canvas.theme, canvas.copy, 12.0, canvas.width - 24.0
    y = _heading(canvas, x, y + 7, w, canvas.size * rng.uniform(1.4, 1.8))
    byline = f"{copy.name(9)} {copy.name(10)}, {rng.randint(1, 59)} min read"
    canvas.text(x, y, w, ROW, byline, size=canvas.size - 1, colour=theme.muted)
    y += ROW + 2
    while y + ROW < bottom:
        if rng.random() < 0.25 and bottom - y > 70:
            canvas.rect(x, y, w, 44, mix(theme.accent, theme.window, rng.uniform(0.3, 0.8)), radius=theme.radius)
            canvas.icon("image", x + w / 2 - 12, y + 10, 24, theme.window)
            y += 50
        y = canvas.paragraph(x, y, w, bottom - y, copy.paragraph(rng.randint(80, 400))) + 7


def _landing(canvas: Canvas, y: float, bottom: float) -> None:
    """A coloured hero with a call to action, cards below it."""
    rng, theme, copy, w = canvas.rng, canvas.theme, canvas.copy, canvas.width - 24.0
    size = canvas.size * rng.uniform(1.4, 1.7)
    ground = rng.choice((theme.accent, mix(theme.window, theme.accent, 0.25), theme.surface))
    ink, h = on(ground), size * 2.6 + ROW * 2 + 26
    canvas.rect(0, y, canvas.width, h, ground)
    after = _heading(canvas, 12, y + 8, w, size, align="center", ink=ink)
    canvas.text(12, after, w, ROW, copy.sentence(52), colour=ink, align="center")
    call = copy.command()
    wide = min(canvas.measure(call) + 24, w)
    drawn = ui.button(canvas, (canvas.width - wide) / 2, after + ROW + 3, wide, call, primary=ground != theme.accent)
    canvas.ask("extractive", "What does the button under the heading say?", drawn)
    _card_row(canvas, y + h + 8, bottom, priced=False)


def _card_row(canvas: Canvas, y: float, bottom: float, *, priced: bool) -> float:
    """Cards side by side. Returns y after them."""
    rng, theme, copy = canvas.rng, canvas.theme, canvas.copy
    count = 3 if canvas.width > 300 else 2
    wide, high = (canvas.width - 16.0 - 8 * (count - 1)) / count, min(bottom - y, 118.0)
    if high < 62:
        return bottom
    picture = high * 0.3
    for number in range(count):
        x = 8 + (wide + 8) * number
        canvas.rect(x, y, wide, high, theme.surface, radius=theme.radius, outline=theme.border)
        canvas.rect(x + 4, y + 4, wide - 8, picture, mix(theme.accent, theme.surface, rng.uniform(0.2, 0.8)))
        canvas.icon(rng.choice(("image", "star", "play")), x + wide / 2 - 8, y + picture / 2 - 4, 16, theme.surface)
        name = canvas.text(x + 6, y + picture + 6, wide - 10, ROW - 2, copy.title(20), face=canvas.bold)
        if priced:
            price = f"{rng.choice('$$£')}{rng.randint(1, 300)}.{rng.choice(('00', '50', '95', '99'))}"
            shown = canvas.text(x + 6, y + high - ROW, wide - 10, ROW - 2, price, colour=theme.link)
            if name and shown and canvas.page.text.count(name) == 1:
                canvas.ask("field", f'What is the price of "{name}"?', shown)
        top = y + picture + ROW + 4
        room = y + high - top - ROW * priced - 2
        canvas.paragraph(x + 6, top, wide - 10, room, copy.sentence(60), size=canvas.size - 1)
    return y + high + 8


def _shop(canvas: Canvas, y: float, bottom: float) -> None:
    """A search field over rows of things with prices."""
    query = ui.text_field(canvas, 8, y + 6, canvas.width - 16, canvas.copy.sentence(24), icon="search")
    canvas.ask("field", "What is in the search field?", query)
    y += ROW + 14
    while y + 62 < bottom:
        y = _card_row(canvas, y, bottom, priced=True)


def _cookies(canvas: Canvas) -> None:
    """A banner over the lower part of the page, which is often dimmed behind it."""
    rng, theme = canvas.rng, canvas.theme
    if rng.random() < 0.5:
        dim(canvas.page, rng.uniform(0.3, 0.7))
    canvas.page.questions.clear()
    h, inset = rng.uniform(92, 120), rng.choice((0.0, 8.0))
    x, y, w = inset, canvas.height - h - inset, canvas.width - 2 * inset
    panel(canvas, x, y, w, h, theme.surface, radius=theme.radius if inset else 0)
    canvas.text(x + 10, y + 5, w - 20, ROW, rng.choice(("We use cookies", "Your privacy", "Cookies")), face=canvas.bold)
    note = f"{rng.choice(('This site stores', 'We and our partners use'))} {canvas.copy.sentence(90)}"
    canvas.paragraph(x + 10, y + ROW + 6, w - 20, h - 2 * ROW - 18, note, size=canvas.size - 1)
    labels = [rng.choice(("Reject", "Settings", "Only needed")), rng.choice(("Accept", "Accept all", "Agree"))]
    primary = rng.choices((0, 1), (1, 3))[0]
    ui.button_row(canvas, x + 10, y + h - ROW - 8, w - 20, labels, primary)
    canvas.ask("choice", "Which button of the banner is highlighted?", labels[primary])
    canvas.ask("extractive", "What are the buttons of the banner?", " ".join(labels))


def _dashboard(canvas: Canvas, y: float, bottom: float) -> None:
    """Tiles with a number each over a bar chart without labels."""
    rng, theme, w, taken = canvas.rng, canvas.theme, canvas.width - 16.0, set[str]()
    y = _heading(canvas, 8, y + 6, w, canvas.size * 1.4) + 4
    count = 3 if canvas.width > 280 else 2
    wide = (w - 8 * (count - 1)) / count
    for number in range(count):
        x = 8 + (wide + 8) * number
        canvas.rect(x, y, wide, 46, theme.surface, radius=theme.radius, outline=theme.border)
        label = canvas.fitting(lambda: canvas.copy.name(8), wide - 12, taken)
        canvas.text(x + 6, y + 3, wide - 10, 17, label, size=canvas.size - 1, colour=theme.muted)
        share, thousands = f"{rng.randint(1, 99)}%", f"{rng.randint(1, 9)},{rng.randint(0, 999):03d}"
        value = rng.choice((share, thousands, str(rng.randint(2, 999))))
        shown = canvas.text(x + 6, y + 20, wide - 10, 22, value, size=canvas.size + 4, face=canvas.bold)
        if label and shown:
            canvas.ask("field", f'What number does "{label}" show?', shown)
    top = y + 54
    if bottom - top > 30:
        canvas.rect(8, top, w, bottom - top, theme.surface, radius=theme.radius, outline=theme.border)
        bars = rng.randint(5, 12)
        for number in range(bars):
            high = (bottom - top - 12) * rng.uniform(0.15, 1)
            canvas.rect(14 + (w - 12) * number / bars, bottom - 4 - high, (w - 12) / bars * 0.7, high, theme.accent)
