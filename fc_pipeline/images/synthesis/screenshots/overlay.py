"""What lies over a screen: panels, dimming, tool tips, the mouse cursor; and which words the record then keeps.

The rules: a word that an opaque overlay touches leaves the record, since a part of a word is none, and its line breaks
there. A dimmed word stays when the contrast of its pixels is still at least LARGE_CONTRAST, else it leaves. The cursor
goes where neither a word nor the state of a box or switch is.
"""

from collections import Counter
from collections.abc import Callable
from itertools import groupby

from PIL import Image

from fc_model.data.images.record import Box, Line, Word, union
from fc_pipeline.images.synthesis.colour import BLACK, LARGE_CONTRAST, WHITE, Colour, contrast
from fc_pipeline.images.synthesis.page import Page
from fc_pipeline.images.synthesis.screenshots.canvas import Canvas, overlap
from fc_pipeline.images.synthesis.screenshots.shapes import icon, rounded


def keep_words(page: Page, keep: Callable[[Word], bool]) -> None:
    """Take words out of the record; a line that loses some in its middle becomes several."""
    words, lines = page.words, page.lines
    page.words, page.lines = [], []
    counts = Counter(word.line for word in words)
    for (line, kept), run in groupby(words, key=lambda word: (word.line, keep(word))):
        if kept:
            part = list(run)
            # A line of which nothing is hidden keeps its spacing.
            text = lines[line].text if len(part) == counts[line] else " ".join(word.text for word in part)
            page.words.extend(word._replace(line=len(page.lines)) for word in part)
            page.lines.append(Line(text, union([word.box for word in part])))


def cover(page: Page, box: Box) -> None:
    """Note that an opaque panel now lies on the box, in pixels."""
    keep_words(page, lambda word: not overlap(word.box, box))


def visible_contrast(image: Image.Image, box: Box) -> float:
    """WCAG contrast between the darkest and the lightest pixel in a box, both taken as greys of their luma."""
    luma = image.crop(box).convert("L").tobytes()
    darkest, lightest = min(luma), max(luma)
    return contrast((darkest, darkest, darkest), (lightest, lightest, lightest))


def dim(page: Page, share: float, colour: Colour = BLACK) -> None:
    """Lay a veil over the whole page; words that it leaves too little contrast go out of the record."""
    page.image.paste(Image.blend(page.image, Image.new("RGB", page.image.size, colour), share))
    keep_words(page, lambda word: visible_contrast(page.image, word.box) >= LARGE_CONTRAST)


def panel(canvas: Canvas, x: float, y: float, w: float, h: float, fill: Colour, *, radius: float = 0.0) -> None:
    """An opaque panel with a border and a soft shadow, over the page; the words under it leave the record."""
    for spread in (4, 3, 2, 1):
        size = max(canvas.px(w + 2 * spread), 1), max(canvas.px(h + 2 * spread), 1)
        shade = rounded(*size, canvas.px(radius + spread)).point([round(0.07 * cover) for cover in range(256)])
        canvas.page.image.paste(BLACK, (canvas.px(x - spread), canvas.px(y - spread + 2)), shade)
    canvas.rect(x, y, w, h, fill, radius=radius, outline=canvas.theme.border)
    # The shadow is so faint that words beside the panel stay readable.
    cover(canvas.page, (canvas.px(x), canvas.px(y), canvas.px(x + w), canvas.px(y + h)))


def cursor(canvas: Canvas) -> None:
    """The mouse pointer, somewhere that it hides nothing of meaning; none when there is no room."""
    page, size = canvas.page, canvas.px(14)
    for _ in range(12):
        x = canvas.rng.randint(0, page.image.width - size)
        y = canvas.rng.randint(0, page.image.height - size)
        box = (x, y, x + size, y + size)
        if canvas.free(box):
            mask = icon("cursor", size)
            inner = icon("cursor", size - 2 * max(canvas.px(1), 1))
            edge = (size - inner.width) // 2
            dark = canvas.rng.random() < 0.6
            page.image.paste(WHITE if dark else BLACK, (x, y), mask)
            page.image.paste(BLACK if dark else WHITE, (x + edge, y + edge), inner)
            page.meta["cursor"] = [x, y]
            return


def tooltip(canvas: Canvas, text: str) -> None:
    """A tool tip over the page, in a place where it hides nothing; none when there is no room."""
    size = canvas.size - 1
    w, h = canvas.measure(text, size=size) + 10, size + 7
    for _ in range(12):
        if w + 8 >= canvas.width:
            return
        x, y = canvas.rng.uniform(2, canvas.width - w - 4), canvas.rng.uniform(2, canvas.height - h - 4)
        box = (canvas.px(x - 3), canvas.px(y - 3), canvas.px(x + w + 3), canvas.px(y + h + 3))
        if canvas.free(box):
            panel(canvas, x, y, w, h, canvas.theme.surface, radius=min(canvas.theme.radius, 3))
            canvas.text(x + 5, y, w - 9, h, text, size=size)
            return
