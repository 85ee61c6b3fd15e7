"""What cameras, scanners and savers do to a picture. Each function changes the page in place and moves no ink."""

import io
import math
import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageEnhance, ImageFilter

from fc_pipeline.images.synthesis.colour import BLACK, WHITE
from fc_pipeline.images.synthesis.page import Page


def degrade(page: Page, rng: random.Random, *, strength: float = 0.5) -> None:
    """One to three degradations that move nothing. `strength` is between 0 and 1; 1 is hard to read."""
    names = rng.sample(("blur", "noise", "salt", "fade", "shade", "jpeg"), rng.choice((1, 1, 2, 2, 3)))
    names.sort(key=list(_DEGRADATIONS).index)
    for name in names:
        _DEGRADATIONS[name](page, rng, strength * rng.uniform(0.3, 1.0))
    page.meta.setdefault("degradations", []).extend(names)


def blur(page: Page, *, sigma: float) -> None:
    """Gaussian blur, `sigma` in pixels."""
    page.replace(page.image.filter(ImageFilter.GaussianBlur(sigma)))


def noise(page: Page, rng: random.Random, *, sigma: float) -> None:
    """Gaussian noise, `sigma` in levels, the same in all channels."""
    width, height = page.image.size
    # From the generator's own bytes, so that it is the same on every machine.
    parts = [Image.frombytes("L", page.image.size, rng.randbytes(width * height)) for _ in range(2)]
    flat = ImageChops.add(parts[0], parts[1], scale=2)  # a triangle around 127, deviation 52.1: a bell, nearly
    grain = flat.point([min(255, max(0, round(128 + (level - 127) * sigma / 52.1))) for level in range(256)])
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


_DEGRADATIONS: dict[str, Callable[[Page, random.Random, float], None]] = {
    "fade": lambda page, rng, amount: fade(page, factor=1 - 0.65 * amount),
    "shade": lambda page, rng, amount: shade(page, rng, strength=0.6 * amount),
    "blur": lambda page, rng, amount: blur(page, sigma=1.2 * amount),
    "noise": lambda page, rng, amount: noise(page, rng, sigma=24 * amount),
    "salt": lambda page, rng, amount: salt(page, rng, share=0.01 * amount),
    "jpeg": lambda page, rng, amount: jpeg(page, quality=round(85 - 60 * amount)),
}
"""By a strength of 0 to 1, in their order: light, lens, sensor, file."""
