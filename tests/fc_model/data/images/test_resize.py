"""Preprocessing: numbers worked out by hand, and equality with transformers' own (the PIL variants)."""

import numpy as np
import pytest
from factories.image_bytes import picture
from PIL import Image

from fc_model.data.images.resize import CLIP, SIGLIP, fit


def grey(rows: list[list[int]]) -> Image.Image:
    return Image.fromarray(np.array(rows, np.uint8)).convert("RGB")


def values(image: Image.Image) -> list[list[int]]:
    return np.asarray(image)[:, :, 0].tolist()


def test_bicubic_with_antialias_by_hand():
    """Halving stretches the kernel (Keys, a = -0.5) to both sides by 2: its weights at 1/4, 3/4, 5/4 are
    0.8671875, 0.2265625, -0.0703125, so the left of two pixels is (0.867 a + 0.867 b + 0.227 c - 0.070 d) / 1.890625.
    """
    assert values(fit(grey([[0, 0, 255, 0]] * 2), height=1, width=2)) == [[31, 117]]
    assert values(fit(grey([[100, 100, 100, 100]] * 2), height=1, width=2)) == [[100, 100]]


def test_aspect_is_kept_and_padding_is_right_and_below():
    wide = grey([[10, 20, 30, 40], [50, 60, 70, 80]])
    padded = [[10, 20, 30, 40], [50, 60, 70, 80], [255, 255, 255, 255], [255, 255, 255, 255]]
    assert values(fit(wide, height=4, width=4)) == padded
    tall = wide.transpose(Image.Transpose.TRANSPOSE)
    assert values(fit(tall, height=4, width=4)) == np.transpose(padded).tolist()


def test_a_shift_is_a_share_of_the_room_to_the_right():
    narrow = grey([[10, 20], [30, 40]])
    assert values(fit(narrow, height=2, width=5, shift=1.0)) == [[255, 255, 255, 10, 20], [255, 255, 255, 30, 40]]
    assert values(fit(narrow, height=2, width=5, shift=0.5)) == [[255, 10, 20, 255, 255], [255, 30, 40, 255, 255]]


def test_nothing_is_enlarged_beyond_the_factor():
    image = fit(Image.new("RGB", (10, 10), (0, 0, 0)), height=64, width=64, max_scale=2.0)
    assert (np.asarray(image)[:20, :20] == 0).all()
    assert (np.asarray(image)[20:] == 255).all() and (np.asarray(image)[:, 20:] == 255).all()
    free = fit(Image.new("RGB", (10, 10), (0, 0, 0)), height=64, width=64, max_scale=100)
    assert (np.asarray(free) == 0).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 7), (64, 64), (333, 222)])
def test_every_shape_gives_the_size_asked_for(size):
    image = fit(Image.new("RGB", size, (1, 2, 3)), height=32, width=64)
    assert image.size == (64, 32) and image.mode == "RGB"
    assert image.getpixel((0, 0)) == (1, 2, 3)


@pytest.mark.parametrize("side", [40, 97, 224, 500])
def test_equal_to_transformers(side):
    """Where the aspect is that of the encoder; the arrays differ by rounding only (a step of a pixel is 8e-3)."""
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    image = picture(side, side)
    ours_HW3 = np.asarray(fit(image, height=224, width=224, max_scale=1e9), dtype=np.float32) / 255
    for processor, (mean, std) in ((SiglipImageProcessorPil(), SIGLIP), (CLIPImageProcessorPil(), CLIP)):
        theirs = processor(images=image, return_tensors="np")["pixel_values"][0]
        assert np.abs((ours_HW3 - mean) / std - theirs.transpose(1, 2, 0)).max() < 1e-6
