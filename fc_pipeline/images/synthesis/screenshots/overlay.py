"""What lies over a screen: panels, dimming, tool tips, the mouse cursor; and which words the record then keeps.

The rules: a word that an opaque overlay touches leaves the record, since a part of a word is none, and its line breaks
there. A dimmed word stays when the contrast of its pixels is still at least LARGE_CONTRAST, else it leaves. The cursor
goes where no word is.
"""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from fc_model.images.record import Box, Line, Word, union
from fc_pipeline.images.synthesis.page import Colour, Page
from fc_pipeline.images.synthesis.screenshots.canvas import Canvas
from fc_pipeline.images.synthesis.screenshots.shapes import icon
from fc_pipeline.images.synthesis.screenshots.theme import LARGE_CONTRAST, contrast


def overlap(first: Box, second: Box) -> bool:
    """Whether two boxes share a pixel."""
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def keep_words(page: Page, keep: Callable[[Word], bool]) -> None:
    """Take words out of the record; a line that loses some in its middle becomes several."""
    words, lines = page.words, page.lines
    page.words, page.lines = [], []
    runs: list[list[Word]] = []
    whole: list[bool] = []
    previous: Word | None = None
    for word in words:
        if keep(word):
            if previous is None or previous.line != word.line:
                runs.append([])
            runs[-1].append(word)
            previous = word
        else:
            previous = None
    counts = [0] * len(lines)
    for word in words:
        counts[word.line] += 1
    whole = [len(run) == counts[run[0].line] for run in runs]
    for run, all_kept in zip(runs, whole, strict=True):
        text = lines[run[0].line].text if all_kept else " ".join(word.text for word in run)
        page.words.extend(Word(word.text, word.box, len(page.lines)) for word in run)
        page.lines.append(Line(text, union([word.box for word in run])))


def cover(page: Page, box: Box) -> None:
    """Note that an opaque panel now lies on the box, in pixels."""
    keep_words(page, lambda word: not overlap(word.box, box))


def visible_contrast(image: Image.Image, box: Box) -> float:
    """WCAG contrast between the darkest and the lightest pixel in a box."""
    raw = image.crop(box).tobytes()
    colours: set[Colour] = set(zip(raw[0::3], raw[1::3], raw[2::3], strict=True))
    light = max(colours, key=_roughly_light)
    dark = min(colours, key=_roughly_light)
    return contrast(light, dark)


def _roughly_light(colour: Colour) -> int:
    return 2126 * colour[0] ** 2 + 7152 * colour[1] ** 2 + 722 * colour[2] ** 2


def dim(page: Page, share: float, colour: Colour = (0, 0, 0)) -> None:
    """Lay a veil over the whole page; words that it leaves too little contrast go out of the record."""
    page.image.paste(Image.blend(page.image, Image.new("RGB", page.image.size, colour), share))
    keep_words(page, lambda word: visible_contrast(page.image, word.box) >= LARGE_CONTRAST)


def panel(canvas: Canvas, x: float, y: float, w: float, h: float, fill: Colour, *, radius: float = 0.0) -> None:
    """An opaque panel with a border and a soft shadow, over whatever is there; the words under it are forgotten."""
    for spread in (3, 2, 1):
        left, top = canvas.px(x - spread), canvas.px(y - spread + 1)
        right, bottom = canvas.px(x + w + spread), canvas.px(y + h + spread + 1)
        size = max(right - left, 1), max(bottom - top, 1)
        canvas.page.image.paste((0, 0, 0), (left, top), Image.new("L", size, 22))
    canvas.rect(x, y, w, h, fill, radius=radius, outline=canvas.theme.border)
    # The shadow is so faint that words beside the panel stay readable; those at its very edge go with it.
    cover(canvas.page, (canvas.px(x - 2), canvas.px(y - 2), canvas.px(x + w + 2), canvas.px(y + h + 3)))


def cursor(canvas: Canvas, *, tries: int = 12) -> None:
    """The mouse pointer, somewhere that no word is; none when there is no room."""
    page, size = canvas.page, canvas.px(14)
    for _ in range(tries):
        x = canvas.rng.randint(0, page.image.width - size)
        y = canvas.rng.randint(0, page.image.height - size)
        box = (x, y, x + size, y + size)
        if not any(overlap(word.box, box) for word in page.words):
            mask = icon("cursor", size)
            inner = icon("cursor", size - 2 * max(canvas.px(1), 1))
            edge = (size - inner.width) // 2
            dark = canvas.rng.random() < 0.6
            page.image.paste((255, 255, 255) if dark else (0, 0, 0), (x, y), mask)
            page.image.paste((0, 0, 0) if dark else (255, 255, 255), (x + edge, y + edge), inner)
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
        if not any(overlap(word.box, box) for word in canvas.page.words):
            panel(canvas, x, y, w, h, canvas.theme.surface, radius=min(canvas.theme.radius, 3))
            canvas.text(x + 5, y, w - 9, h, text, size=size)
            return
