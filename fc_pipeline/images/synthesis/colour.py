"""Colours of paper, ink and screens, and whether one can be read on another."""

from __future__ import annotations

import colorsys
import random

Colour = tuple[int, int, int]


def luminance(colour: Colour) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.1, from sRGB)."""
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in _parts(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio, 1 to 21 (WCAG 2.1): (lighter + 0.05) / (darker + 0.05)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def tint(rng: random.Random, *, light: tuple[float, float]) -> Colour:
    """Any hue, with a lightness (of HLS) in the given range."""
    red, green, blue = colorsys.hls_to_rgb(rng.random(), rng.uniform(*light), rng.uniform(0.2, 1.0))
    return round(255 * red), round(255 * green), round(255 * blue)


def _parts(colour: Colour) -> tuple[float, ...]:
    return tuple(value / 255 for value in colour)
