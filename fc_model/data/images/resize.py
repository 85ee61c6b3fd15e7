"""From an upright RGB image to the array that a vision encoder sees. Pure functions of PIL and numpy.

Shapes: H, W are height and width in pixels, always multiples of the patch when they come from `size_for`.
"""

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Mode = Literal["pad", "crop", "stretch"]
Colour = tuple[int, int, int]

WHITE: Colour = (255, 255, 255)


class Normalization(NamedTuple):
    """Of channels scaled to 0..1, in the order red, green, blue."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


SIGLIP = Normalization((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
"""preprocessor_config.json of google/siglip-base-patch16-224."""
CLIP = Normalization((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
"""preprocessor_config.json of openai/clip-vit-base-patch16."""


class Size(NamedTuple):
    """Pixels."""

    width: int
    height: int


def size_for(
    width: int,
    height: int,
    *,
    patch: int,
    max_patches: int,
    short_side: tuple[int, int] = (224, 336),
    max_scale: float = 2.0,
) -> Size:
    """The size, in whole patches, at which an image of `width` x `height` pixels is shown with its aspect kept.

    The short side is brought between the two of `short_side` ((448, 448) for screenshots), which enlarges at most
    `max_scale` times; both sides are then rounded up to whole patches, which `fit(mode="pad")` fills. Where that is
    more than `max_patches` (a long screenshot), both sides shrink alike, rounded down; an image of less than a patch on
    one side has one patch there.
    """
    low, high = short_side
    short = min(width, height)
    scale = min(min(max(short, low), high) / short, max_scale)
    columns = max(1, math.ceil(width * scale / patch - 1e-9))
    rows = max(1, math.ceil(height * scale / patch - 1e-9))
    if columns * rows > max_patches:
        scale = math.sqrt(max_patches * patch * patch / (width * height))
        columns = max(1, math.floor(width * scale / patch + 1e-9))
        rows = max(1, math.floor(height * scale / patch + 1e-9))
        columns = min(columns, max_patches)
        rows = min(rows, max_patches // columns)
    return Size(columns * patch, rows * patch)


def fit(
    image: Image.Image,
    *,
    height: int,
    width: int,
    mode: Mode,
    fill: Colour = WHITE,
    max_scale: float = 2.0,
) -> Image.Image:
    """The RGB image as `width` x `height`, resampled once (bicubic, a = -0.5, antialiased).

    * pad: all of it, aspect kept, in the upper left; `fill` to the right and below, so that patches begin where the
      picture does.
    * crop: aspect kept, the short side fills its own, the middle of the long one is cut out: what CLIP does.
    * stretch: aspect lost, what SigLIP does.

    pad and crop enlarge at most `max_scale` times; what is still too small is padded.
    """
    if mode == "stretch":
        return _resized(image, width, height)
    across, down = width / image.width, height / image.height
    if mode == "pad":
        scale = min(across, down, max_scale)
        image = _resized(image, max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    else:
        scale = min(max(across, down), max_scale)
        image = _resized(image, max(1, int(image.width * scale + 1e-9)), max(1, int(image.height * scale + 1e-9)))
        left, top = max(0, (image.width - width) // 2), max(0, (image.height - height) // 2)
        image = image.crop((left, top, min(left + width, image.width), min(top + height, image.height)))
    if image.size == (width, height):
        return image
    canvas = Image.new("RGB", (width, height), fill)
    canvas.paste(image, (0, 0))
    return canvas


def to_array(image: Image.Image, *, mean: tuple[float, ...], std: tuple[float, ...]) -> NDArray[np.float32]:
    """float32 (3, H, W), contiguous: (value / 255 - mean) / std of each channel."""
    values_HW3 = np.asarray(image, dtype=np.float32) / np.float32(255)
    normal_HW3 = (values_HW3 - np.array(mean, np.float32)) / np.array(std, np.float32)
    return np.ascontiguousarray(normal_HW3.transpose(2, 0, 1))


def _resized(image: Image.Image, width: int, height: int) -> Image.Image:
    return image if image.size == (width, height) else image.resize((width, height), Image.Resampling.BICUBIC)
