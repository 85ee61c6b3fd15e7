"""Preprocessing: numbers worked out by hand, and equality with transformers' own (the PIL variants)."""

import numpy as np
import pytest
from factories.image_bytes import picture
from PIL import Image

from fc_model.data.images.resize import CLIP, SIGLIP, fit, size_for, to_array


def grey(rows: list[list[int]]) -> Image.Image:
    return Image.fromarray(np.array(rows, np.uint8)).convert("RGB")


def values(image: Image.Image) -> list[list[int]]:
    return np.asarray(image)[:, :, 0].tolist()


def test_bicubic_with_antialias_by_hand():
    """Halving stretches the kernel (Keys, a = -0.5) to both sides by 2: its weights at 1/4, 3/4, 5/4 are
    0.8671875, 0.2265625, -0.0703125, so the left of two pixels is (0.867 a + 0.867 b + 0.227 c - 0.070 d) / 1.890625.
    """
    image = grey([[0, 0, 255, 0]])
    assert values(fit(image, height=1, width=2, mode="stretch")) == [[31, 117]]
    assert values(fit(grey([[100, 100, 100, 100]]), height=1, width=2, mode="stretch")) == [[100, 100]]


def test_pad_keeps_the_aspect_and_fills_right_and_below():
    wide = grey([[10, 20, 30, 40], [50, 60, 70, 80]])
    assert values(fit(wide, height=4, width=4, mode="pad", fill=(7, 7, 7))) == [
        [10, 20, 30, 40],
        [50, 60, 70, 80],
        [7, 7, 7, 7],
        [7, 7, 7, 7],
    ]
    tall = wide.transpose(Image.Transpose.TRANSPOSE)
    assert values(fit(tall, height=4, width=4, mode="pad")) == [
        [10, 50, 255, 255],
        [20, 60, 255, 255],
        [30, 70, 255, 255],
        [40, 80, 255, 255],
    ]


def test_crop_cuts_the_middle_out():
    wide = grey([[10, 20, 30, 40, 50], [60, 70, 80, 90, 99]])
    assert values(fit(wide, height=2, width=2, mode="crop")) == [[20, 30], [70, 80]]  # (5 - 2) // 2 = 1 column before
    tall = wide.transpose(Image.Transpose.TRANSPOSE)
    assert values(fit(tall, height=2, width=2, mode="crop")) == [[20, 70], [30, 80]]


@pytest.mark.parametrize("mode", ["pad", "crop"])
def test_nothing_is_enlarged_beyond_the_factor(mode):
    image = fit(Image.new("RGB", (10, 10), (0, 0, 0)), height=64, width=64, mode=mode, max_scale=2.0)
    assert (np.asarray(image)[:20, :20] == 0).all()
    assert (np.asarray(image)[20:] == 255).all() and (np.asarray(image)[:, 20:] == 255).all()
    free = fit(Image.new("RGB", (10, 10), (0, 0, 0)), height=64, width=64, mode=mode, max_scale=100)
    assert (np.asarray(free) == 0).all()


@pytest.mark.parametrize("mode", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 7), (64, 64), (333, 222)])
def test_every_shape_gives_the_size_asked_for(mode, size):
    image = fit(Image.new("RGB", size, (1, 2, 3)), height=32, width=64, mode=mode)
    assert image.size == (64, 32) and image.mode == "RGB"
    assert image.getpixel((0, 0)) == (1, 2, 3)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((640, 480), (448, 336)),  # short side 480 becomes 336
        ((300, 250), (304, 256)),  # between 224 and 336: kept, rounded up to whole patches
        ((112, 150), (224, 304)),  # doubled
        ((50, 60), (112, 128)),  # doubled and no more: 100 x 120
        ((224, 224), (224, 224)),
        ((1000, 336), (880, 288)),  # 63 x 21 patches are too many: times sqrt(1024 * 256 / 336,000), 55.2 x 18.6
        ((300, 30_000), (48, 5120)),  # times sqrt(1024 * 256 / 9e6): 3.2 x 320 patches
        ((10, 100_000), (16, 16_384)),  # less than a patch wide
    ],
)
def test_sizes_in_patches(size, expected):
    assert size_for(*size, patch=16, max_patches=1024) == expected


def test_screenshots_have_448_pixels_on_their_short_side():
    assert size_for(1080, 1920, patch=16, max_patches=4096, short_side=(448, 448)) == (448, 800)  # 796.4
    long = size_for(1080, 10_000, patch=16, max_patches=1024, short_side=(448, 448))
    assert long.width * long.height <= 1024 * 256
    assert long.height / long.width == pytest.approx(10_000 / 1080, rel=0.1)


@pytest.mark.parametrize("max_patches", [1, 7, 196, 1024])
def test_the_cap_on_patches_holds_for_all(max_patches):
    for width in (1, 15, 16, 17, 300, 9000):
        for height in (1, 16, 333, 20_000):
            size = size_for(width, height, patch=16, max_patches=max_patches)
            assert size.width % 16 == size.height % 16 == 0
            assert 16 * 16 <= size.width * size.height <= max_patches * 256


def test_arrays_by_hand():
    image = Image.new("RGB", (2, 1))
    image.putpixel((0, 0), (0, 255, 51))
    image.putpixel((1, 0), (255, 0, 102))
    array = to_array(image, mean=SIGLIP.mean, std=SIGLIP.std)
    assert array.dtype == np.float32 and array.shape == (3, 1, 2) and array.flags.c_contiguous
    assert array[:, 0, :].tolist() == pytest.approx(np.array([[-1, 1], [1, -1], [-0.6, -0.2]]), abs=1e-6)
    clip = to_array(image, mean=CLIP.mean, std=CLIP.std)
    assert clip[:, 0, 0] == pytest.approx([-1.7922626, 2.0748837, -0.7549964], abs=1e-5)


@pytest.mark.parametrize("size", [(224, 224), (500, 300), (97, 250), (40, 40), (801, 333)])
def test_equal_to_transformers(size):
    """Exactly the same pixels; the arrays differ by rounding only, less than 1e-6 (a step of a pixel is 8e-3)."""
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    image = picture(*size)
    stretched = fit(image, height=224, width=224, mode="stretch")
    theirs = SiglipImageProcessorPil()(images=image, return_tensors="np")["pixel_values"][0]
    assert np.abs(to_array(stretched, mean=SIGLIP.mean, std=SIGLIP.std) - theirs).max() < 1e-6
    cropped = fit(image, height=224, width=224, mode="crop", max_scale=1e9)
    theirs = CLIPImageProcessorPil()(images=image, return_tensors="np")["pixel_values"][0]
    assert np.abs(to_array(cropped, mean=CLIP.mean, std=CLIP.std) - theirs).max() < 1e-6
