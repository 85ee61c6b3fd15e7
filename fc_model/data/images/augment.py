"""Small changes of a picture that leave what it says: for training, so that a face is not learnt by heart."""

from __future__ import annotations

import random
from typing import NamedTuple, Self

from PIL import Image, ImageEnhance, ImageFilter

_SLANT = 0.2
"""Greatest shift to the side over the height: an italic face slants by about as much."""

_STRETCH = 0.2
"""Greatest change of the width, relative: condensed and wide faces differ by about as much."""

_CONTRAST = 0.4
_BLUR = 0.7
"""Greatest radius in pixels."""


class Augmentation(NamedTuple):
    """One change, drawn; calling it gives a picture of the same size.

    The upper left corner of the ground fills what comes in from outside.
    """

    shift: float = 0.0
    """How far to the right, as a share of the room that there is: what the stretch left inside, and the canvas."""
    slant: float = 0.0
    """Shift to the side over the height, about the middle of it."""
    stretch: float = 1.0
    """What stood at x stands at x / stretch: never further to the right, so that the end of a line stays inside."""
    contrast: float = 1.0
    blur: float = 0.0
    """Radius in pixels."""

    @classmethod
    def draw(cls, rng: random.Random, *, strength: float) -> Self:
        """Slanted, narrower, paler or darker, now and then a little blurred; `strength` (0 to 1) scales it."""
        return cls(
            shift=rng.random(),
            slant=rng.uniform(-_SLANT, _SLANT) * strength,
            stretch=1 + rng.uniform(0, _STRETCH) * strength,
            contrast=1 + rng.uniform(-_CONTRAST, _CONTRAST) * strength,
            blur=rng.uniform(0, _BLUR) if rng.random() < strength / 3 else 0.0,
        )

    def left(self, width: int) -> float:
        """Pixels that the picture, `width` wide, is shifted to the right inside itself."""
        return self.shift * (width - width / self.stretch)

    def __call__(self, image: Image.Image) -> Image.Image:
        left = self.stretch * self.left(image.width)
        image = image.transform(
            image.size,
            Image.Transform.AFFINE,
            (self.stretch, self.slant, -self.slant * image.height / 2 - left, 0, 1, 0),
            resample=Image.Resampling.BILINEAR,
            fillcolor=image.getpixel((0, 0)),
        )
        image = ImageEnhance.Contrast(image).enhance(self.contrast)
        return image.filter(ImageFilter.GaussianBlur(self.blur)) if self.blur else image
