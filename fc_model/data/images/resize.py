"""From an upright RGB image to the size that a vision encoder takes, and the numbers that its pixels are scaled by."""

from typing import NamedTuple

from PIL import Image

WHITE = (255, 255, 255)


class Normalization(NamedTuple):
    """Of channels scaled to 0..1, in the order red, green, blue."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


SIGLIP = Normalization((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
"""preprocessor_config.json of google/siglip-base-patch16-224."""
CLIP = Normalization((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
"""preprocessor_config.json of openai/clip-vit-base-patch16."""


def fit(image: Image.Image, *, height: int, width: int, max_scale: float = 2.0, shift: float = 0.0) -> Image.Image:
    """All of the RGB or grey image in `width` x `height` pixels, resampled once (bicubic, a = -0.5, antialiased).

    Its aspect is kept and it is enlarged at most `max_scale` times. It stands in the upper left, so that patches begin
    where the picture does, or `shift` of the way to the right edge; the rest is white.
    """
    scale = min(width / image.width, height / image.height, max_scale)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    if size == (width, height):
        return image
    canvas = Image.new(image.mode, (width, height), WHITE if image.mode == "RGB" else WHITE[0])
    canvas.paste(image, (int(shift * (width - size[0])), 0))
    return canvas
