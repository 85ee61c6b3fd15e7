"""Small changes of a picture that leave what it says: for training, so that a face is not learnt by heart."""

from __future__ import annotations

import random

from PIL import Image, ImageEnhance, ImageFilter

_SLANT = 0.2
"""Greatest shift to the side over the height: an italic face slants by about as much."""

_STRETCH = 0.2
"""Greatest change of the width, relative: condensed and wide faces differ by about as much."""

_CONTRAST = 0.4
_BLUR = 0.7
"""Greatest radius in pixels."""


def augment(image: Image.Image, rng: random.Random, *, strength: float) -> Image.Image:
    """A picture of the same size, slanted, stretched, paler or darker, now and then a little blurred.

    The upper left corner of the ground fills what comes in from outside; `strength` from 0 to 1 scales all of it.
    """
    width, height = image.size
    slant = rng.uniform(-_SLANT, _SLANT) * strength
    # Narrower or wider about the left edge; never so wide that the end of a line leaves the picture.
    stretch = 1 + rng.uniform(0, _STRETCH) * strength
    image = image.transform(
        (width, height),
        Image.Transform.AFFINE,
        (stretch, slant, -slant * height / 2, 0, 1, 0),
        resample=Image.Resampling.BILINEAR,
        fillcolor=image.getpixel((0, 0)),
    )
    image = ImageEnhance.Contrast(image).enhance(1 + rng.uniform(-_CONTRAST, _CONTRAST) * strength)
    if rng.random() < strength / 3:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0, _BLUR)))
    return image
