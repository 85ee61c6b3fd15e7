"""A flat thing with text on it, that is then put into a picture at an angle."""

import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from fc_model.data.images.record import union
from fc_pipeline.images.synthesis.colour import BLACK, Colour, mix
from fc_pipeline.images.synthesis.degrade import degrade, shade
from fc_pipeline.images.synthesis.face import Face, Faces
from fc_pipeline.images.synthesis.fields import Fields
from fc_pipeline.images.synthesis.page import Page, TextPool, text_width
from fc_pipeline.images.synthesis.screenshots.wording import Copy
from fc_pipeline.images.synthesis.warp import Point, homography, transform, warp

LEAST_FONT = 14
"""Pixels an em on the flat panel, of which the angle leaves 10 or more."""
MARGIN = 5
"""Pixels between a panel and the edge of the picture."""


class Panel:
    """A page that grows flat, with a mask of what of it is opaque; coordinates are pixels of the panel.

    Lines are written between `left` and `right` in `ink`, one below the other from `y` on.
    """

    def __init__(self, rng: random.Random, text: TextPool, faces: Faces, ground: Image.Image, *, opaque: bool = True):
        """On a ground of mode RGB; when it is not opaque, only the text shows. NotDrawn when no face covers ASCII."""
        self.rng = rng
        self.face: Face = faces.need(rng)
        self.page = Page(ground)
        self.copy = Copy(rng, text, self.face)
        self.fields = Fields(rng, text)
        self.width, self.height = ground.size
        self.alpha = Image.new("L", ground.size, 255 if opaque else 0)
        self.opaque = opaque
        self.ink: Colour = BLACK
        self.y: float = 0.0
        self.left: float = 0.0
        self.right: float = self.width

    def inset(self, left: float, right: float | None = None) -> None:
        """Write so many pixels inside the left and the right edge."""
        self.left, self.right = left, self.width - (left if right is None else right)

    def fit(self, text: str, room: float, largest: float) -> tuple[str, int]:
        """The text and its size so that it is at most `room` wide; words that don't fit at LEAST_FONT go."""
        words = text.split()
        while words:
            wide = text_width(self.face, 100, " ".join(words)) / 100
            size = math.floor(min(largest, room / wide))
            # Hinted advances are no exact multiples of the size.
            while size >= LEAST_FONT and text_width(self.face, size, " ".join(words)) > room:
                size -= 1
            if size >= LEAST_FONT:
                return " ".join(words), size
            words.pop()
        return "", 0

    def write(
        self, text: str, largest: float, *, y: float | None = None, colour: Colour | None = None,
        left: float | None = None, right: float | None = None, align: str = "center", outline: Colour | None = None,
        shadow: Colour | None = None,
    ) -> str:  # fmt: skip
        """One line with its top at y, as large as fits between left and right, and not larger than `largest`.

        Returns what was drawn, "" when nothing fits, across or down; `y` of the panel is then below it.
        """
        colour, self.y = colour or self.ink, self.y if y is None else y
        left, right = self.left if left is None else left, self.right if right is None else right
        drawn, size = self.fit(text, right - left, largest)
        if not drawn or self.y + size * 1.2 > self.height:
            return ""
        spare = right - left - text_width(self.face, size, drawn)
        x = round(left + spare * {"left": 0.0, "center": 0.5, "right": 1.0}[align])
        before = self.page.image.copy()
        known = len(self.page.words)
        self.page.line(x, round(self.y + size * 0.9), drawn, self.face, size, colour)
        if outline or shadow or not self.opaque:
            self._redraw(before, known, colour, outline, shadow, size)
        self.y += size * 1.2
        return drawn

    def ask(self, kind: str, question: str, answer: str) -> None:
        """Add a question unless its answer was not drawn."""
        if answer:
            self.page.ask(kind, question, answer)

    def _redraw(
        self, before: Image.Image, known: int, colour: Colour, outline: Colour | None, shadow: Colour | None, size: int
    ) -> None:
        """The line's letters once more, over what lay behind them before."""
        if len(self.page.words) == known:
            return
        left, top, right, bottom = union([word.box for word in self.page.words[known:]])
        rim = size // 7 + 4
        band = max(left - rim, 0), max(top - rim, 0), min(right + rim, self.width), min(bottom + rim, self.height)
        layer = Image.new("L", self.page.image.size)
        for word in self.page.words[known:]:
            drawn = self.page.inks[word.text, word.box]
            ImageDraw.Draw(layer).draw.draw_bitmap((drawn.x, drawn.y), drawn.mask, 255)
        ink, image, alpha = layer.crop(band), before.crop(band), self.alpha.crop(band)
        if not self.opaque:
            # What the sampler mixes with the letters at their rim is then their own colour.
            image.paste(outline or shadow or colour, alpha.point(lambda cover: 255 * (cover == 0)))
            alpha = ImageChops.lighter(alpha, ink)
        if shadow:
            shift = max(size // 14, 1)
            dark = ImageChops.offset(ink, shift, shift).filter(ImageFilter.BoxBlur(1))
            image.paste(shadow, dark)
            alpha = ImageChops.lighter(alpha, dark)
        if outline:
            wide = ink.filter(ImageFilter.MaxFilter(5 if size > 30 else 3))
            image.paste(outline, wide)
            alpha = ImageChops.lighter(alpha, wide)
        image.paste(colour, ink)
        self.page.image.paste(image, band[:2])
        self.alpha.paste(alpha, band[:2])

    def place(self, background: Image.Image, *, tilt: float, turn: float) -> Page:
        """The scene: the panel on the background under a homography by chance. Fills meta["quads"].

        `tilt` is how far corners may move, as a share of the sides; `turn` the most degrees of rotation.
        """
        place(self.page, self.alpha, background, self.rng, tilt=tilt, turn=turn, shadow=self.opaque)
        return self.page


def place(
    page: Page, alpha: Image.Image, background: Image.Image, rng: random.Random, *, tilt: float, turn: float,
    shadow: bool = True,
) -> None:  # fmt: skip
    """Put a page, where `alpha` covers it, on a background under a homography by chance: as Panel.place."""
    flat: list[Point] = _corners(0, 0, *page.image.size)
    seen = _angle(rng, page.image.size, background.size, tilt=tilt, turn=turn)
    matrix = homography(flat, seen)
    boxes = [word.box for word in page.words]
    warp(page, matrix, size=background.size, fill=(0, 0, 0))
    alpha = alpha.transform(
        background.size, Image.Transform.PERSPECTIVE, homography(seen, flat)[:8], Image.Resampling.BILINEAR
    )
    if shadow:
        dark = alpha.reduce(4).filter(ImageFilter.BoxBlur(1)).point([cover // 2 for cover in range(256)])
        dark = ImageChops.offset(dark.resize(alpha.size, Image.Resampling.BILINEAR), 3, 4)
        background = background.copy()
        background.paste((0, 0, 0), dark)
    page.replace(Image.composite(page.image, background, alpha))
    page.meta["quads"] = [
        [[round(value, 2) for value in transform(corner, matrix)] for corner in _corners(*box)] for box in boxes
    ]
    page.meta["homography"] = [round(value, 9) for value in matrix]


def _angle(
    rng: random.Random, size: tuple[int, int], inside: tuple[int, int], *, tilt: float, turn: float
) -> list[Point]:
    """Where a rotation and a shift of each put the corners, shrunk so that all lies inside a picture of a size."""
    angle = math.radians(rng.uniform(-turn, turn))
    moved = [
        (x + rng.uniform(-tilt, tilt) * size[0], y + rng.uniform(-tilt, tilt) * size[1])
        for x, y in _corners(0, 0, *size)
    ]
    turned = [(x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)) for x, y in moved]
    left, top = min(x for x, _ in turned), min(y for _, y in turned)
    wide, high = max(x for x, _ in turned) - left, max(y for _, y in turned) - top
    room_x, room_y = inside[0] - 2 * MARGIN, inside[1] - 2 * MARGIN
    scale = min(1.0, room_x / wide, room_y / high)
    x0, y0 = MARGIN + rng.random() * (room_x - wide * scale), MARGIN + rng.random() * (room_y - high * scale)
    return [(x0 + (x - left) * scale, y0 + (y - top) * scale) for x, y in turned]


def _corners(left: float, top: float, right: float, bottom: float) -> list[Point]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def weather(page: Page, rng: random.Random) -> None:
    """Uneven light and what the camera adds, never so much that the text can't be read."""
    if rng.random() < 0.6:
        shade(page, rng, strength=rng.uniform(0.1, 0.45))
    if rng.random() < 0.85:
        degrade(page, rng, strength=rng.uniform(0.15, 0.5))


def textured(rng: random.Random, sheet: Image.Image, colour: Colour, strength: float) -> Image.Image:
    """A texture painted over with a colour that leaves `strength` of it."""
    return Image.blend(Image.new("RGB", sheet.size, mix(colour, (128, 128, 128), 0.03)), sheet, strength * rng.random())
