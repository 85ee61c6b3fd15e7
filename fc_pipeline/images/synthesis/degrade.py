"""What cameras, scanners and savers do to a picture. Each function changes the page in place and moves no ink."""

import io
import math
import random

from PIL import Image, ImageChops, ImageEnhance, ImageFilter

from fc_pipeline.images.synthesis.colour import BLACK, WHITE
from fc_pipeline.images.synthesis.page import Page


def degrade(page: Page, rng: random.Random, *, strength: float = 0.5) -> None:
    """One to three degradations that move nothing. `strength` is between 0 and 1; 1 is hard to read."""
    names = rng.sample(("blur", "noise", "salt", "fade", "shade", "jpeg"), rng.choice((1, 1, 2, 2, 3)))
    names.sort(key=_ORDER.index)
    for name in names:
        amount = strength * rng.uniform(0.3, 1.0)
        if name == "blur":
            blur(page, sigma=1.2 * amount)
        elif name == "noise":
            noise(page, rng, sigma=24 * amount)
        elif name == "salt":
            salt(page, rng, share=0.01 * amount)
        elif name == "fade":
            fade(page, factor=1 - 0.65 * amount)
        elif name == "shade":
            shade(page, rng, strength=0.6 * amount)
        else:
            jpeg(page, quality=round(85 - 60 * amount))
    page.meta.setdefault("degradations", []).extend(names)


_ORDER = ("fade", "shade", "blur", "noise", "salt", "jpeg")
"""Light, lens, sensor, file."""


def blur(page: Page, *, sigma: float) -> None:
    """Gaussian blur, `sigma` in pixels."""
    page.replace(page.image.filter(ImageFilter.GaussianBlur(sigma)))


def noise(page: Page, rng: random.Random, *, sigma: float) -> None:
    """Gaussian noise, `sigma` in levels, the same in all channels."""
    grain = _grain(rng, page.image.size, sigma=sigma)
    page.replace(ImageChops.add(page.image, Image.merge("RGB", (grain, grain, grain)), scale=1, offset=-128))


def salt(page: Page, rng: random.Random, *, share: float) -> None:
    """A `share` of the pixels becomes black or white."""
    width, height = page.image.size
    for _ in range(round(width * height * share)):
        page.image.putpixel((rng.randrange(width), rng.randrange(height)), rng.choice((BLACK, WHITE)))


def fade(page: Page, *, factor: float) -> None:
    """Contrast times `factor` around the mean brightness."""
    page.replace(ImageEnhance.Contrast(page.image).enhance(factor))


def shade(page: Page, rng: random.Random, *, strength: float) -> None:
    """Light from one side: brightness falls along a direction by chance, by up to `strength` of it."""
    angle = rng.uniform(0, 2 * math.pi)
    side = 64
    ramp = (
        Image.linear_gradient("L").resize((side, side)).rotate(math.degrees(angle), resample=Image.Resampling.BILINEAR)
    )
    inner = round(side * (1 - 1 / math.sqrt(2)) / 2)  # the square that a turn by any angle leaves filled
    ramp = ramp.crop((inner, inner, side - inner, side - inner)).resize(page.image.size, Image.Resampling.BILINEAR)
    light = ramp.point([round(255 * (1 - strength * level / 255)) for level in range(256)])
    page.replace(ImageChops.multiply(page.image, Image.merge("RGB", (light, light, light))))


def jpeg(page: Page, *, quality: int) -> None:
    """What JPEG at this quality (1-95) leaves of the picture."""
    file = io.BytesIO()
    page.image.save(file, "JPEG", quality=quality)
    page.replace(Image.open(file).convert("RGB"))


def _grain(rng: random.Random, size: tuple[int, int], *, sigma: float) -> Image.Image:
    """Noise around 128 with mean 0; from the generator's own bytes, so that it is the same on every machine."""
    width, height = size
    parts = [Image.frombytes("L", size, rng.randbytes(width * height)) for _ in range(2)]
    flat = ImageChops.add(parts[0], parts[1], scale=2)  # a triangle around 127, deviation 52.1: a bell, nearly
    return flat.point([min(255, max(0, round(128 + (level - 127) * sigma / 52.1))) for level in range(256)])
