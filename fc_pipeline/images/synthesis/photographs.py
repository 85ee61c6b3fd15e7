"""Photographs that lie under the text of scenes: a part of one, stretched to the size that is asked for."""

import io
import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from fc_model.data.images.record import Split
from fc_pipeline.images.synthesis.scene.backgrounds import Ground, Size

SHARE = 0.5
"""Of the grounds, where there are photographs."""
_LEAST_PART = 0.6
"""Smallest part of a photograph's width or height that is shown."""


class Photograph(NamedTuple):
    """A picture in a file."""

    split: Split
    file: str
    digest: str
    """sha256 of the file, so that a rewritten one is read anew."""
    id: str
    licence: str


class Photographs:
    """Draws grounds; `taken()` tells which photographs gave them."""

    def __init__(self, photographs: Sequence[Photograph]) -> None:
        self._photographs = tuple(photographs)
        self._taken: set[Photograph] = set()

    def under(self, rng: random.Random, grounds: dict[str, Ground]) -> dict[str, Ground]:
        """The grounds to choose from: for a share of the scenes photographs instead of those."""
        return {"photograph": self._draw} if self._photographs and rng.random() < SHARE else grounds

    def taken(self) -> list[Photograph]:
        """The photographs that were drawn since the last call, by id."""
        taken = sorted(self._taken, key=lambda photograph: photograph.id)
        self._taken.clear()
        return taken

    def _draw(self, rng: random.Random, size: Size) -> Image.Image:
        """The largest part of this shape or a smaller one, anywhere, as wide and high as asked for."""
        photograph = rng.choice(self._photographs)
        self._taken.add(photograph)
        image = _opened(photograph.file, photograph.digest)
        scale = min(image.width / size[0], image.height / size[1]) * rng.uniform(_LEAST_PART, 1)
        wide, high = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
        left, top = rng.randint(0, image.width - wide), rng.randint(0, image.height - high)
        part = image.resize(size, Image.Resampling.BICUBIC, box=(left, top, left + wide, top + high))
        return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else part


NO_PHOTOGRAPHS = Photographs(())


@lru_cache(maxsize=64)
def _opened(file: str, digest: str) -> Image.Image:
    with Image.open(io.BytesIO(Path(file).read_bytes())) as image:
        return image.convert("RGB")
