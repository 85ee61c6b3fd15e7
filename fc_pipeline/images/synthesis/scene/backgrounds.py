"""Grounds for a scene, made of noise: walls, wood, bricks, paper, lights out of focus.

All chance is the generator's own bytes, spread by Pillow, so the same seed gives the same picture everywhere.
"""

import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFilter
from PIL.ImageOps import colorize

from fc_pipeline.images.synthesis.colour import BLACK, WHITE, any_hue, mix

Size = tuple[int, int]
Ground = Callable[[random.Random, Size], Image.Image]


def value_noise(rng: random.Random, size: Size, cell: tuple[float, float]) -> Image.Image:
    """Smooth noise of mode L: random values on a grid of cells (pixels wide, high), interpolated between them."""
    columns, rows = max(2, round(size[0] / cell[0])), max(2, round(size[1] / cell[1]))
    grid = Image.frombytes("L", (columns, rows), rng.randbytes(columns * rows))
    # Of cells of a few pixels the finer interpolation would not be seen.
    return grid.resize(size, Image.Resampling.BICUBIC if max(cell) > 8 else Image.Resampling.BILINEAR)


def clouds(rng: random.Random, size: Size, *, cell: float = 90.0, octaves: int = 4) -> Image.Image:
    """Value noise of several scales, each half as wide and half as strong as the one before. Mode L."""
    whole = value_noise(rng, size, (cell, cell))
    for _ in range(octaves - 1):
        cell /= 2
        # Each blend halves what the finer octave adds to the sum so far.
        whole = Image.blend(whole, value_noise(rng, size, (cell, cell)), 0.3)
    return whole


def plaster(rng: random.Random, size: Size) -> Image.Image:
    """A rough wall of one colour."""
    base = any_hue(rng, (0.25, 0.85), (0.0, 0.35))
    rough = Image.blend(clouds(rng, size), value_noise(rng, size, (1.5, 1.5)), 0.25)
    return colorize(rough, mix(base, BLACK, rng.uniform(0.15, 0.4)), mix(base, WHITE, rng.uniform(0.1, 0.3)))


def gradient(rng: random.Random, size: Size) -> Image.Image:
    """From one colour to another in any direction."""
    side = max(size)
    ramp = Image.linear_gradient("L").resize((side * 3 // 2, side * 3 // 2)).rotate(rng.uniform(0, 360))
    inset = side // 4
    ramp = ramp.crop((inset, inset, inset + size[0], inset + size[1]))
    return colorize(ramp, any_hue(rng, (0.15, 0.5), (0.1, 0.7)), any_hue(rng, (0.5, 0.9), (0.1, 0.7)))


def wood(rng: random.Random, size: Size) -> Image.Image:
    """Planks with grain along them."""
    grain = Image.blend(value_noise(rng, size, (size[0] / 2, 3.0)), value_noise(rng, size, (size[0] / 4, 1.4)), 0.4)
    planks = colorize(grain, any_hue(rng, (0.12, 0.25), (0.2, 0.5)), (rng.randint(150, 215), rng.randint(105, 160), 90))
    draw = ImageDraw.Draw(planks)
    step = rng.randint(40, 90)
    for y in range(rng.randint(0, step), size[1], step):
        draw.line((0, y, size[0], y), fill=(40, 28, 20), width=2)
    return planks.rotate(90, expand=True).resize(size) if rng.random() < 0.4 else planks


def bricks(rng: random.Random, size: Size) -> Image.Image:
    """A wall of bricks, each of its own shade."""
    mortar = mix((200, 195, 185), (90, 90, 90), rng.random())
    wall = Image.new("RGB", size, mortar)
    draw = ImageDraw.Draw(wall)
    high = rng.randint(12, 24)
    wide = high * rng.uniform(2.0, 3.0)
    base = mix((160, 75, 55), any_hue(rng, (0.3, 0.6), (0.1, 0.5)), rng.uniform(0, 0.5))
    for row in range(size[1] // high + 1):
        left = -wide * (0.5 if row % 2 else 0.0)
        while left < size[0]:
            shade = mix(base, BLACK if rng.random() < 0.5 else WHITE, rng.uniform(0, 0.2))
            draw.rectangle((left, row * high, left + wide - 3, row * high + high - 3), fill=shade)
            left += wide
    rough = colorize(value_noise(rng, size, (2, 2)), (150, 150, 150), WHITE)
    return ImageChops.multiply(wall, rough)


def paper(rng: random.Random, size: Size) -> Image.Image:
    """Bright, faintly fibrous and stained."""
    fibres = Image.blend(value_noise(rng, size, (9, 1.5)), clouds(rng, size, cell=120), 0.5)
    light = mix((255, 252, 240), any_hue(rng, (0.8, 0.95), (0.1, 0.5)), rng.uniform(0, 0.5))
    return colorize(fibres, mix(light, (90, 70, 40), rng.uniform(0.1, 0.3)), light)


def lights(rng: random.Random, size: Size) -> Image.Image:
    """Blurred discs on a dark or coloured ground: things far out of focus."""
    image = Image.new("RGB", size, any_hue(rng, (0.08, 0.4), (0.1, 0.6)))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(8, 26)):
        radius = rng.randint(8, max(size) // 5)
        x, y = rng.randint(0, size[0]), rng.randint(0, size[1])
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=any_hue(rng, (0.2, 0.7), (0.2, 0.9)))
    return image.filter(ImageFilter.BoxBlur(rng.randint(5, 14))).filter(ImageFilter.BoxBlur(4))


def landscape(rng: random.Random, size: Size) -> Image.Image:
    """Sky, hills behind hills, ground."""
    sky = colorize(
        Image.linear_gradient("L").resize(size),
        any_hue(rng, (0.35, 0.6), (0.3, 0.8)),
        any_hue(rng, (0.7, 0.9), (0.2, 0.7)),
    )
    draw = ImageDraw.Draw(sky)
    ridge, colour = size[1] * rng.uniform(0.3, 0.5), any_hue(rng, (0.3, 0.5), (0.1, 0.5))
    for layer in range(rng.randint(2, 4)):
        heights = value_noise(rng, (size[0], 2), (rng.uniform(20, 90), 1)).tobytes()[: size[0]]
        points = [(x, ridge + height * size[1] / 1100) for x, height in enumerate(heights)]
        shade = mix(colour, (10, 20, 15), 0.25 * layer)
        draw.polygon([(0, size[1]), *points, (size[0], size[1])], fill=shade)
        ridge += size[1] * 0.16
    grain = colorize(value_noise(rng, size, (1.5, 1.5)), (200, 200, 200), WHITE)
    return ImageChops.multiply(sky, grain).filter(ImageFilter.BoxBlur(1))


WALLS: dict[str, Ground] = {"plaster": plaster, "wood": wood, "bricks": bricks, "gradient": gradient}
VIEWS: dict[str, Ground] = {"lights": lights, "landscape": landscape, "gradient": gradient, "plaster": plaster}
DESKS: dict[str, Ground] = {"wood": wood, "plaster": plaster, "gradient": gradient}
SHEETS: dict[str, Ground] = {"paper": paper, "plaster": plaster}
