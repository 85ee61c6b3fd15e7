"""Changes of a picture in training."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from fc_model.data.images.augment import with_contrast


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 3.0), st.sampled_from([1.0, 0.1, 0.0]))
def test_contrast_is_pillows_to_the_byte(seed: int, factor: float, spread: float) -> None:
    pixels = np.random.default_rng(seed).normal(128, 80 * spread, (9, 14, 3)).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    assert with_contrast(image, factor).tobytes() == ImageEnhance.Contrast(image).enhance(factor).tobytes()


@pytest.mark.parametrize("grey", [0, 127, 255])
def test_contrast_of_one_grey_is_that_grey(grey: int) -> None:
    image = Image.new("RGB", (4, 4), (grey, grey, grey))
    assert with_contrast(image, 1.4).tobytes() == image.tobytes()
