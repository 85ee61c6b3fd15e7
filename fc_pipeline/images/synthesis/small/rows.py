"""Rows of one line of text each, in the rhythm of `line`."""

import random
from collections.abc import Callable

from fc_pipeline.images.synthesis.colour import Colour
from fc_pipeline.images.synthesis.degrade import degrade
from fc_pipeline.images.synthesis.documents.sheet import Pen
from fc_pipeline.images.synthesis.face import Faces, NotDrawn
from fc_pipeline.images.synthesis.line import extent
from fc_pipeline.images.synthesis.page import Page
from fc_pipeline.images.synthesis_config import SmallConfig

MARGIN = 5
"""Pixels between the text and the left and right edge."""
INSET = 3
"""Pixels of a row above and below all ink, so that a frame has room."""
_TRIES = 30


class Rows:
    """A page of rows in one face and size; what is measured is pixels."""

    def __init__(self, rng: random.Random, faces: Faces, config: SmallConfig, layout: str) -> None:
        """Draws the face and the size. Raises NotDrawn when no face has printable ASCII."""
        self.rng, self.config, self.layout = rng, config, layout
        self.page = Page.blank(config.width, config.height)
        self.face = faces.of(*config.styles).need(rng)
        smallest, largest = (round(part * config.row_height) for part in config.em)
        self.size = rng.randint(smallest, largest)
        self.count = config.height // config.row_height
        self._drift = rng.randint(-1, 1)
        self.page.meta |= {"style": self.face.style, "size": self.size}

    def top(self, row: int) -> int:
        """The first pixel of a row."""
        return row * self.config.row_height

    def width(self, text: str) -> float:
        """Advance of a text."""
        return Pen(self.face, self.size, (0, 0, 0)).width(text)

    def fits(self, text: str, room: float) -> bool:
        """Whether a text, ink and advance, is short enough for a row and narrow enough for the room."""
        if not text or len(text) > self.config.max_chars or self.width(text) > room:
            return False
        left, _, right, _ = extent(text, self.face, self.size)
        return left > -MARGIN and right <= room

    def fitting(self, make: Callable[[], str], room: float, taken: set[str] | None = None) -> str:
        """A text of `make` that fits and is not taken; it is taken then. Raises NotDrawn when no try fits, uncut."""
        taken = set() if taken is None else taken
        for _ in range(_TRIES):
            text = make()
            if text not in taken and self.fits(text, room):
                taken.add(text)
                return text
        raise NotDrawn("too_wide")

    def baseline(self, row: int, text: str) -> int:
        """Where the ink of a text is in the middle of a row, but for a pixel. Raises NotDrawn when it is too tall."""
        _, top, _, bottom = extent(text, self.face, self.size)
        lowest, highest = round(INSET - top), round(self.config.row_height - INSET - bottom)
        if lowest > highest:
            raise NotDrawn("too_tall")
        return self.top(row) + min(highest, max(lowest, (lowest + highest) // 2 + self._drift))

    def write(self, row: int, x: float, text: str, colour: Colour, *, baseline: int | None = None) -> None:
        """Draw a text from x on, in the middle of a row unless its baseline is given."""
        y = self.baseline(row, text) if baseline is None else baseline
        self.page.line(round(x), y, text, self.face, self.size, colour)

    def ask(self, kind: str, answer: str, *wordings: str) -> None:
        """Add a question in one of its wordings."""
        self.page.ask(kind, self.rng.choice(wordings), answer)

    def finish(self) -> Page:
        """The page, some of them degraded."""
        self.page.meta["layout"] = self.layout
        if self.rng.random() < self.config.degraded_share:
            degrade(self.page, self.rng, strength=0.4)
        return self.page
