"""Colours of paper, ink and screens, and whether one can be read on another."""

import colorsys
import random

Colour = tuple[int, int, int]
BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
TEXT_CONTRAST = 4.5
"""The least contrast of text (WCAG 2.1, success criterion 1.4.3)."""
LARGE_CONTRAST = 3.0
"""The same for large text, here for what is muted, disabled or dimmed."""


def luminance(colour: Colour) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.1, from sRGB)."""
    parts = [value / 255 for value in colour]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio, 1 to 21 (WCAG 2.1): (lighter + 0.05) / (darker + 0.05)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of the second colour in the first."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def from_hsv(hue: float, saturation: float, value: float) -> Colour:
    """All of 0 to 1."""
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def any_hue(rng: random.Random, lightness: tuple[float, float], saturation: tuple[float, float] = (0.2, 1.0)) -> Colour:
    """A colour of any hue; lightness and saturation (of HLS) lie in the ranges."""
    red, green, blue = colorsys.hls_to_rgb(rng.random(), rng.uniform(*lightness), rng.uniform(*saturation))
    return round(red * 255), round(green * 255), round(blue * 255)


def on(ground: Colour) -> Colour:
    """White or nearly black, whichever reads better on the ground."""
    return max((WHITE, (16, 16, 16)), key=lambda colour: contrast(colour, ground))


def legible(colour: Colour, ground: Colour) -> Colour:
    """The colour, moved in tenths towards black or white until text in it can be read on the ground."""
    end = max((WHITE, BLACK), key=lambda each: contrast(each, ground))
    moved = (mix(colour, end, step / 10) for step in range(10))
    return next((each for each in moved if contrast(each, ground) >= TEXT_CONTRAST), end)


def readable(colour: Colour, grounds: list[Colour], least: float = TEXT_CONTRAST) -> Colour:
    """The colour, moved in twentieths towards black or white until its contrast to each ground is at least `least`."""
    end = BLACK if luminance(grounds[0]) > 0.18 else WHITE
    moved = (mix(colour, end, step / 20) for step in range(20))
    return next((each for each in moved if min(contrast(each, ground) for ground in grounds) >= least), end)
