"""Changes of a picture in training."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fc_model.data.images.augment import Augmentation
from fc_model.data.images.resize import fit


@given(st.integers(0, 2**32 - 1))
def test_a_grey_image_is_changed_as_in_three_channels(seed: int) -> None:
    rng = random.Random(seed)
    pixels = np.random.default_rng(seed).integers(0, 256, (16, rng.randint(5, 40)), dtype=np.uint8)
    grey, change = Image.fromarray(pixels), Augmentation.draw(rng, strength=1.0)

    def changed(image: Image.Image) -> bytes:
        return fit(change(image), height=24, width=30).convert("RGB").tobytes()

    assert changed(grey) == changed(grey.convert("RGB"))
